"""Who gets e-mail, as texts and as links (spec/area3 §6.3)."""

from __future__ import annotations

import pytest

from shared.interview.errors import UndefinedAttribute
from shared.interview.library.mail_addresses import DAEmailRecipient, DAEmailRecipientList
from shared.interview.library.sending_mail import email_text, email_texts

ANN = {"name": 'Ann "A" Lee', "address": "ann@example.org"}


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"empty": True}, ""),
        ({"name": "", "address": ""}, "EMAIL NOT DEFINED"),
        ({"address": ""}, "EMAIL NOT DEFINED"),
        ({"name": "Ann"}, "Ann"),
        ({"address": "ann@example.org"}, "[ann@example.org](mailto:ann@example.org)"),
        ({"name": "Ann", "address": "ann@example.org"}, "[Ann](mailto:ann@example.org)"),
        ({"name": "](x) *A*", "address": "a b@example.org"}, "[\\](x) \\*A\\*](mailto:a%20b@example.org)"),
    ],
)
def test_somebody_is_shown_as_a_link_to_write_to(facts: dict[str, object], shown: str) -> None:
    assert str(DAEmailRecipient("one", **facts)) == shown


def test_an_address_is_written_with_the_name_that_is_known_unless_it_is_not_wanted() -> None:
    ann = DAEmailRecipient("ann", **ANN)
    assert ann.email_address() == ann.email_address(include_name=True) == '"Ann A Lee" <ann@example.org>'
    assert ann.email_address(include_name=False) == "ann@example.org"
    assert DAEmailRecipient("x", address="x@example.org").email_address() == "x@example.org"
    assert DAEmailRecipient("x", name="", address="x@example.org").email_address(include_name=True) == (
        '"" <x@example.org>'
    )
    assert DAEmailRecipient("x", empty=True).email_address() == ""
    assert (ann.exists(), DAEmailRecipient("x", empty=True).exists()) == (True, False)


def test_an_address_that_is_missing_is_asked_for_and_a_name_is_not() -> None:
    for ask in (str, email_text, DAEmailRecipient.email_address):
        with pytest.raises(UndefinedAttribute) as caught:
            ask(DAEmailRecipient("friend"))
        assert caught.value.name == "friend.address"


def test_a_list_is_made_of_one_or_several_and_knows_that_it_is_whole() -> None:
    several = DAEmailRecipientList("all", [ANN, {"address": "bob@example.org"}])
    assert several.gathered
    assert email_texts(several) == ['"Ann A Lee" <ann@example.org>', "bob@example.org"]
    assert email_texts(DAEmailRecipientList("one", ANN)) == ['"Ann A Lee" <ann@example.org>']
    assert isinstance(DAEmailRecipientList("none").appendObject(), DAEmailRecipient)


def test_nobody_is_left_out_of_recipients() -> None:
    assert email_texts([DAEmailRecipient("x", empty=True), None, "", " ann@example.org "]) == ["ann@example.org"]
