"""Names, persons, addresses."""

from __future__ import annotations

import pytest

from shared.contracts.visitor import UserFacts
from shared.interview.errors import UndefinedAttribute
from shared.interview.library.information import set_info
from shared.interview.library.objects.addresses import Address, City, LatitudeLongitude
from shared.interview.library.objects.names import IndividualName
from shared.interview.library.objects.persons import (
    ChildList,
    Individual,
    Organization,
    Person,
    RoleChangeTracker,
    Thing,
)
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import make_run
from tests.unit.interview.library.objects.test_lists import sought


def name_of(**parts: str) -> IndividualName:
    return IndividualName("client.name", **parts)


def test_a_full_name_asks_for_the_first_name_only() -> None:
    assert sought(lambda: str(name_of())) == "client.name.first"
    assert str(name_of(first="Ann")) == "Ann"
    assert str(name_of(first="Ann", last="Smith")) == "Ann Smith"


def test_the_middle_name_is_an_initial_unless_asked_in_full() -> None:
    name = name_of(first="John", middle="Quincy", last="Adams", suffix="Jr")
    assert name.full() == "John Q. Adams Jr"
    assert name.full(middle="full", use_suffix=False) == "John Quincy Adams"
    assert name.full(middle=False) == "John Adams Jr"
    assert name.middle_initial(with_period=False) == "Q"
    assert name_of(first="John", middle="").full() == "John"


def test_other_orders_of_a_name() -> None:
    name = name_of(first="John", middle="Q", last="Adams", suffix="Jr")
    assert name.lastfirst() == "Adams Jr, John Q."
    assert name.firstlast() == "John Adams"
    assert name.familiar() == "John"
    assert sought(name_of(first="Ann").firstlast) == "client.name.last"


def test_two_surnames_stand_for_a_last_name() -> None:
    assert name_of(first="Ana", paternal_surname="García", maternal_surname="López").full() == "Ana García López"


def test_a_text_given_as_the_name_of_an_individual_has_no_parts() -> None:
    person = Individual("client", name="Ann of Cleves")
    assert (str(person), person.name.uses_parts, person.identified()) == ("Ann of Cleves", False, True)
    company = Person("company")
    company.name = "ABC, Inc."
    assert (str(company), company.name.text) == ("ABC, Inc.", "ABC, Inc.")
    assert not Individual("nobody").identified()


def test_the_age_follows_from_the_birthdate_or_is_given(run: Run) -> None:
    person = Individual("client")
    assert sought(person.age_in_years) == "client.birthdate"
    person.birthdate = "2000-05-06"
    assert person.age_in_years() == 25
    assert person.age_in_years(as_of="2026-05-06") == 26
    assert person.age_in_years(decimals=True) == pytest.approx(26, abs=0.01)
    person.age = 23
    assert person.age_in_years() == 23


def test_salutations_follow_the_gender() -> None:
    person = Individual("client", gender="female")
    person.name.first, person.name.last = "Ann", "Smith"
    assert (person.salutation(), person.salutation(with_name=True)) == ("Ms.", "Ms. Smith")
    assert person.salutation(with_name_and_punctuation=True) == "Ms. Smith:"
    assert person.familiar() == "Ann"


def test_a_hint_is_given_to_the_user_who_has_logged_in() -> None:
    account = UserFacts(is_authenticated=True, firstname="Ann", lastname="Smith")
    with running(make_run(user=account)):
        user, other = Individual("user"), Individual("other")
        set_info(user=user)
        assert (user.first_name_hint(), user.last_name_hint()) == ("Ann", "Smith")
        assert other.first_name_hint() == ""
    with running(make_run()):
        set_info(user=user)
        assert user.first_name_hint() == ""


def test_an_address_has_lines() -> None:
    address = Address("a", address="123 Main St", unit="4", city="Boston", state="MA", zip="02110")
    assert address.block() == "123 Main St [NEWLINE] Unit 4 [NEWLINE] Boston, MA 02110"
    assert address.on_one_line() == "123 Main St, Unit 4, Boston, MA 02110"
    assert (address.line_one(), address.line_two()) == ("123 Main St, Unit 4", "Boston, MA 02110")
    assert address.on_one_line(include_unit=False) == "123 Main St, Boston, MA 02110"
    assert str(address) == address.block()


@pytest.mark.parametrize(
    ("unit", "shown"), [("4", "Unit 4"), ("Apt 4", "Apt 4"), ("suite 9", "suite 9"), ("#7", "#7"), ("", "")]
)
def test_a_unit_says_what_it_is_once(unit: str, shown: str) -> None:
    assert Address("a", unit=unit).formatted_unit() == shown


def test_floor_and_room_stand_in_for_a_unit() -> None:
    assert Address("a", floor="2").formatted_unit() == "Floor 2"
    assert Address("a", room="12").formatted_unit() == "Room 12"
    assert Address("a").formatted_unit() == ""


def test_an_address_asks_for_street_and_city_only() -> None:
    address = Address("client.address")
    assert sought(address.block) == "client.address.address"
    address.address = "1 High St"
    assert sought(address.block) == "client.address.city"
    address.city = "Leeds"
    assert address.block() == "1 High St [NEWLINE] Leeds"


def test_a_foreign_country_is_named(run: Run) -> None:
    address = Address("a", address="1 High St", city="Leeds", country="GB", postal_code="LS1")
    assert address.on_one_line() == "1 High St, Leeds LS1, United Kingdom"
    address.country = "US"
    assert address.on_one_line() == "1 High St, Leeds LS1"
    assert address.on_one_line(show_country=True).endswith("United States")


def test_a_city_has_no_street() -> None:
    assert City("c", city="Boston", state="MA").on_one_line() == "Boston, MA"


def test_nothing_is_found_on_the_internet() -> None:
    address = Address("a", address="1 High St", city="Leeds")
    assert address.geocode() is False
    assert (address.was_geocoded(), address.was_geocoded_successfully()) == (True, False)


def test_person_and_address_together() -> None:
    person = Person("company", name="ABC, Inc.", email="abc@example.com", phone_number="215-555-2342")
    person.address.address, person.address.city, person.address.state = "1 A St", "Boston", "MA"
    assert person.address_block() == "ABC, Inc. [NEWLINE] 1 A St [NEWLINE] Boston, MA"
    assert person.email_address() == '"ABC, Inc." <abc@example.com>'
    assert person.email_address(include_name=False) == "abc@example.com"
    assert person.sms_number() == "+12155552342"


def test_the_browsers_place_is_taken_over() -> None:
    place = LatitudeLongitude("place")
    with running(make_run()):
        assert place.status()
    with running(make_run(user=UserFacts(location={"latitude": 1.5, "longitude": 2.5}))):
        assert not place.status()
    assert (place.known, str(place)) == (True, "1.5, 2.5")


def test_lists_of_children_hold_individuals() -> None:
    children = ChildList("client.child", there_are_any=True)
    assert sought(children.gather) == "client.child[0].name.first"


def test_organizations_know_what_they_handle() -> None:
    office = Organization("office", name="Legal Aid", handles=["housing"], serves=["Suffolk"])
    assert office.will_handle(problem="housing", county="Suffolk")
    assert not office.will_handle(problem="divorce")


def test_a_change_of_roles_is_noticed() -> None:
    tracker = RoleChangeTracker("tracker")
    assert tracker._update(["advocate"])
    assert not tracker._update(["advocate"])


def test_a_thing_without_a_name_asks_for_it() -> None:
    with pytest.raises(UndefinedAttribute) as caught:
        str(Thing("apple"))
    assert caught.value.name == "apple.name.text"
