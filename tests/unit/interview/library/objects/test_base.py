"""DAObject: names, missing attributes, storage."""

import copy
import pickle
from collections.abc import Iterator

import pytest

from shared.interview.errors import UndefinedAttribute
from shared.interview.library.objects import DAList, DAObject
from shared.interview.library.objects.persons import Individual
from shared.interview.runtime.run import Run
from tests.unit.interview.library.being_asked import executed


def missing(thing: object, expression: str) -> str:
    """The name an expression on a thing lacks."""
    with pytest.raises(UndefinedAttribute) as caught:
        eval(expression, {"it": thing})
    return caught.value.name


def test_an_object_is_named_by_the_variable_it_is_assigned_to(run: Run) -> None:
    answers = executed(
        run,
        """
a = DAObject()
a.b = DAObject()
people = {}
people['k'] = DAObject()
places = [None]
index = 0
places[index] = DAObject()
""",
    )
    assert answers["a"].instanceName == "a"
    assert answers["a"].b.instanceName == "a.b"
    assert answers["people"]["k"].instanceName == "people['k']"
    assert answers["places"][0].instanceName == "places[0]"


def test_an_object_made_inside_an_expression_has_a_random_name_until_it_becomes_an_attribute(run: Run) -> None:
    answers = executed(run, "made = [Individual() for _ in range(1)]\nowner = DAObject()\nthing = made[0]")
    thing, owner = answers["thing"], answers["owner"]
    assert not thing.has_nonrandom_instance_name
    owner.friend = thing
    assert thing.instanceName == "owner.friend"
    assert thing.name.instanceName == "owner.friend.name"


def test_a_derived_class_with_a_constructor_of_its_own_is_named_too(run: Run) -> None:
    answers = executed(
        run,
        """
class Special(DAObject):
    def __init__(self, *arguments, **attributes):
        super().__init__(*arguments, **attributes)
special = Special()
""",
    )
    assert answers["special"].instanceName == "special"


def test_a_missing_attribute_is_named_intrinsically_whatever_the_alias() -> None:
    person = DAObject("case.plaintiff")
    alias = person
    assert missing(alias, "it.age") == "case.plaintiff.age"


def test_a_missing_attribute_is_no_attribute_for_hasattr() -> None:
    thing = DAObject("thing")
    assert not hasattr(thing, "color")
    assert getattr(thing, "color", "red") == "red"
    thing.color = "blue"
    assert thing.attribute_defined("color")
    assert thing.attr("color") == "blue"
    assert thing.attr_name("color") == "thing.color"


def test_a_property_that_lacks_something_names_what_it_lacks() -> None:
    class Rectangle(DAObject):
        @property
        def area(self) -> float:
            return float(self.width * self.height)

    assert missing(Rectangle("box"), "it.area") == "box.width"
    assert missing(Rectangle("box", width=2), "it.area") == "box.height"


def test_initializing_an_attribute_keeps_what_is_there() -> None:
    thing = DAObject("thing")
    first = thing.initializeAttribute("part", DAObject)
    assert first.instanceName == "thing.part"
    assert thing.initializeAttribute("part", DAList) is first
    assert isinstance(thing.reInitializeAttribute("part", DAList), DAList)


def test_using_sets_attributes_and_objects_do_not_share_them() -> None:
    kind = DAObject.using(color="red", sizes=[1])
    one, two = kind("one"), kind.using(color="blue")("two")
    one.sizes.append(2)
    assert (one.color, two.color, two.sizes) == ("red", "blue", [1])


def test_attributes_can_be_taken_away_and_invalidated(run: Run) -> None:
    run.answers["thing"] = thing = DAObject("thing", color="red", size=3)
    thing.delattr("size", "never_there")
    assert not hasattr(thing, "size")
    thing.invalidate_attr("color")
    assert run.steering.asked == [("invalidate", "thing.color")]
    assert not hasattr(thing, "color")


def test_copies_carry_the_new_name_inside_only_when_deep() -> None:
    person = Individual("person")
    shallow, deep = person.copy_shallow("other"), person.copy_deep("twin")
    assert shallow.name is person.name
    assert deep.name.instanceName == "twin.name"
    assert person.name.instanceName == "person.name"


def test_an_object_is_called_by_its_place_in_words() -> None:
    assert DAObject("case.plaintiff").object_name() == "plaintiff in the case"
    assert DAObject("favorite_dogs[1]").object_name() == "second favorite dog"
    assert DAObject("the_dog").object_name(capitalize=True) == "The dog"
    assert DAObject("case.plaintiff").object_possessive("dog") == "the dog of the plaintiff in the case"
    assert DAObject("plaintiff").object_possessive("dog") == "the plaintiff's dog"


def test_text_is_the_name_or_what_the_variable_is_called() -> None:
    assert str(DAObject("the_dog")) == "the dog"
    assert f"{DAObject('dog', name='Rex'):>5}" == "  Rex"


def test_objects_are_ordered_by_text_and_equal_only_to_themselves() -> None:
    one, two = DAObject("dog", name="A"), DAObject("dog", name="A")
    assert one == one
    assert one != two
    assert sorted([DAObject("y", name="b"), one])[0] is one
    assert len({one, two}) == 2


def test_alternative_texts_are_chosen_by_an_attribute() -> None:
    person = DAObject("person", language="es", kind="formal")
    assert person.alternative("language", en="Hello", es="Hola") == "Hola"
    assert person.alternative("language", fr="Bonjour", default="Hi") == "Hi"
    assert person.alternative("language", "kind", es_formal="Buenos días", default="Hola") == "Buenos días"


def test_dir_lists_what_is_known() -> None:
    assert dir(DAObject("thing", color="red")) == ["color", "instanceName"]


@pytest.fixture
def stored(importable: None) -> Iterator[DAObject]:
    family = DAObject("family")
    family.parent = Individual("family.parent")
    family.parent.name.first = "Ann"
    family.head = family.parent
    return pickle.loads(pickle.dumps(family))


def test_stored_objects_keep_their_names_and_who_is_who(stored: DAObject) -> None:
    assert stored.head is stored.parent
    assert type(stored.parent) is Individual
    assert missing(stored.parent, "it.name.last") == "family.parent.name.last"


def test_deep_copies_do_not_look_for_missing_attributes() -> None:
    assert copy.deepcopy(DAObject("thing", color="red")).color == "red"


class _Counting(DAObject):
    calls = 0

    @property
    def label(self) -> str:
        _Counting.calls += 1
        return f"<{self.title}>"

    @property
    def long_label(self) -> str:
        return f"long {self.label}"

    @property
    def faulty(self) -> str:
        hasattr(self, "title")
        return [].nothing  # type: ignore[attr-defined,no-any-return]


def test_a_property_that_lacks_something_is_run_once(run: Run) -> None:
    thing = _Counting("thing")
    _Counting.calls = 0
    with pytest.raises(UndefinedAttribute) as caught:
        _ = thing.long_label
    assert (caught.value.name, _Counting.calls) == ("thing.title", 1)


def test_a_fault_in_a_property_stays_a_fault_although_something_else_is_missing(run: Run) -> None:
    with pytest.raises(AttributeError, match="nothing") as caught:
        _ = _Counting("thing").faulty
    assert not isinstance(caught.value, UndefinedAttribute)
