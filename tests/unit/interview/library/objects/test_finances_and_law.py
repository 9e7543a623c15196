"""Amounts of money, and cases."""

from __future__ import annotations

from decimal import Decimal

from shared.interview.library.objects.finances import Asset, Income
from shared.interview.library.objects.legal import Case, Court, LegalFiling, PartyList
from tests.unit.interview.library.objects.test_lists import sought


def test_assets_are_named_then_valued() -> None:
    assets = Asset("estate.asset", there_are_any=True)
    assert sought(assets.total) == "estate.asset.new_item_name"
    assets.new_item_name = "fish"
    assert sought(assets.total) == "estate.asset['fish'].value"
    assets["fish"].value = 400.0
    assert sought(assets.total) == "estate.asset.there_is_another"
    assets.there_is_another = False
    assert assets.total() == Decimal("400")
    assert assets.existing_items() == ["fish"]


def test_prepared_amounts_are_asked_about_first() -> None:
    income = Income("income", keys=["wages", "rent"], there_is_another=False)
    assert sought(income.total) == "income['rent'].exists"
    income["wages"].exists, income["rent"].exists = True, False
    assert sought(income.total) == "income['wages'].value"
    income["wages"].value = 100
    assert sought(income.total) == "income['wages'].period"
    income["wages"].period = 12
    assert income.total() == 1200
    assert income.total(period_to_use=12) == 100
    assert income.existing_items() == ["wages"]
    assert str(income["rent"]) == "0"


def test_a_case_has_two_sides() -> None:
    case = Case("case")
    assert isinstance(case.plaintiff, PartyList)
    ann = case.plaintiff.appendObject()
    ann.name.first = "Ann"
    assert case.role_of(ann) == "plaintiff"
    assert case.all_known_people() == [ann]
    assert case.firstParty is case.plaintiff
    assert "petitioner" in Case("matter", action_type="petitioner respondent").__dict__


def test_a_caption_names_court_parties_and_number() -> None:
    case = Case("case", court=Court("court", name="Superior Court"), case_id="12-34")
    for side, name in (("plaintiff", "Ann"), ("defendant", "Bob")):
        parties = getattr(case, side)
        parties.appendObject().name.first = name
        parties.gathered = True
    caption = LegalFiling("pleading", case=case, title="Complaint").caption()
    assert "[BOLDCENTER] Superior Court" in caption
    assert caption.index("ANN,") < caption.index("Plaintiff") < caption.index("BOB,") < caption.index("Case No. 12-34")
    assert "[BOLDCENTER] COMPLAINT" in caption
