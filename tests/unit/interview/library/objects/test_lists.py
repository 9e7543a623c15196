"""DAList: gathering, items, adding and removing."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from shared.interview.errors import UndefinedAttribute, UndefinedItem
from shared.interview.library.objects import DAEmpty, DAList, DAObject
from shared.interview.library.objects.persons import Individual
from shared.interview.runtime.run import Run


def sought(action: Any) -> str:
    """The name that is missing when something is tried."""
    try:
        action()
    except (UndefinedAttribute, UndefinedItem) as error:
        return error.name
    raise AssertionError("nothing was missing")


def test_a_list_given_its_elements_is_gathered() -> None:
    fruit = DAList("fruit", elements=["apple", "pear"])
    assert (len(fruit), str(fruit), fruit.gathered) == (2, "apple and pear", True)


def test_plain_items_are_asked_one_after_the_other() -> None:
    fruit = DAList("fruit")
    assert sought(fruit.gather) == "fruit.there_are_any"
    fruit.there_are_any = True
    assert sought(fruit.gather) == "fruit[0]"
    fruit[0] = "apple"
    assert sought(fruit.gather) == "fruit.there_is_another"
    fruit.there_is_another = True
    assert sought(fruit.gather) == "fruit[1]"
    assert not hasattr(fruit, "there_is_another")
    assert sought(fruit.gather) == "fruit[1]"
    fruit[1] = "pear"
    assert sought(fruit.gather) == "fruit.there_is_another"
    fruit.there_is_another = False
    assert fruit.gather()
    assert fruit.elements == ["apple", "pear"]
    assert fruit.revisit


def test_an_empty_list_is_gathered_when_there_are_not_any() -> None:
    fruit = DAList("fruit", there_are_any=False)
    assert len(fruit) == 0
    assert fruit.gathered


def test_objects_are_made_and_completed_by_their_text() -> None:
    people = DAList("people", object_type=Individual, there_are_any=True)
    assert sought(people.gather) == "people[0].name.first"
    people[0].name.first = "Ann"
    assert sought(people.gather) == "people.there_is_another"


def test_a_complete_attribute_says_when_an_object_is_complete() -> None:
    people = DAList("people", object_type=Individual, there_are_any=True, complete_attribute="address.city")
    assert sought(people.gather) == "people[0].address.city"
    people[0].address.city = "Boston"
    people.there_is_another = False
    assert people.gather()
    several = DAList("x", object_type=DAObject, there_are_any=True, complete_attribute=["one", "two"])
    assert sought(several.gather) == "x[0].one"
    several[0].one = 1
    assert sought(several.gather) == "x[0].two"


def test_a_number_can_be_asked_for_instead() -> None:
    people = DAList("people", object_type=DAObject, ask_number=True, complete_attribute="age")
    assert sought(people.gather) == "people.target_number"
    people.target_number = 2
    assert sought(people.gather) == "people[0].age"
    people[0].age = 3
    assert sought(people.gather) == "people[1].age"
    people[1].age = 4
    assert people.number() == 2


def test_asking_for_a_number_is_needless_when_there_are_not_any() -> None:
    assert DAList("people", ask_number=True, there_are_any=False).number() == 0


def test_a_minimum_number_asks_no_there_are_any() -> None:
    people = DAList("people", object_type=DAObject, minimum_number=2, complete_attribute="age")
    assert sought(people.gather) == "people[0].age"
    for index in range(2):
        people[index].age = index
    assert sought(people.gather) == "people.there_is_another"


def test_one_other_ends_the_gathering_after_it() -> None:
    fruit = DAList("fruit", there_are_any=True)
    fruit[0] = "apple"
    fruit.there_is_one_other = True
    assert sought(fruit.gather) == "fruit[1]"
    fruit[1] = "pear"
    assert fruit.gather()


def test_the_class_of_each_object_can_be_asked_for() -> None:
    animals = DAList("animals", ask_object_type=True, there_are_any=True, complete_attribute="age")
    assert sought(animals.gather) == "animals.new_object_type"
    animals.new_object_type = DAObject.using(age=3)
    assert sought(animals.gather) == "animals.there_is_another"
    assert animals.elements[0].age == 3
    assert not hasattr(animals, "new_object_type")


@pytest.mark.parametrize(
    "look",
    [
        len,
        bool,
        list,
        str,
        lambda fruit: "apple" in fruit,
        lambda fruit: fruit.number(),
        lambda fruit: fruit.number_as_word(),
        lambda fruit: fruit.comma_and_list(),
        lambda fruit: fruit.first(),
        lambda fruit: fruit.last(),
        lambda fruit: fruit.item(0),
        lambda fruit: fruit.index("apple"),
        lambda fruit: fruit.union({"pear"}),
    ],
)
def test_looking_into_a_list_gathers_it(look: Any) -> None:
    assert sought(lambda: look(DAList("fruit"))) == "fruit.there_are_any"
    assert sought(lambda: look(DAList("fruit", auto_gather=False))) == "fruit.gathered"


def test_some_looks_do_not_gather() -> None:
    fruit = DAList("fruit")
    fruit.append("apple")
    assert (fruit.elements, fruit.number_gathered(), fruit[0], fruit[-1]) == (["apple"], 1, "apple", "apple")
    assert not fruit.has_been_gathered()
    assert fruit.gathering_started()


def test_looking_while_gathering_does_not_gather_again(run: Run) -> None:
    people = DAList("people", object_type=Individual, there_are_any=True)
    assert sought(people.gather) == "people[0].name.first"
    assert len(people) == 1
    run.gathering.clear()
    assert sought(lambda: len(people)) == "people[0].name.first"


def test_an_index_beyond_the_end_of_a_plain_list_is_sought() -> None:
    fruit = DAList("fruit")
    assert sought(lambda: fruit[3]) == "fruit[3]"
    with pytest.raises(IndexError):
        _ = fruit[3]


def test_an_index_beyond_the_end_of_an_object_list_makes_up_to_ten() -> None:
    people = DAList("people", object_type=DAObject)
    assert people[5].instanceName == "people[5]"
    assert len(people.elements) == 6
    assert sought(lambda: people[16]) == "people[16]"


def test_a_gathered_list_has_an_end() -> None:
    people = DAList("people", object_type=DAObject, elements=[])
    with pytest.raises(IndexError) as caught:
        _ = people[0]
    assert not isinstance(caught.value, UndefinedItem)
    people._allow_appending()
    assert people[0].instanceName == "people[0]"
    people._disallow_appending()
    with pytest.raises(IndexError):
        _ = people[1]


def test_appended_objects_take_the_name_of_their_place_only_if_they_have_none() -> None:
    people = DAList("people")
    known, unknown = DAObject("judge"), [DAObject()][0]
    people.append(known, unknown)
    assert (known.instanceName, unknown.instanceName) == ("judge", "people[1]")
    people.append(known, set_instance_name=True)
    assert known.instanceName == "people[2]"


def test_removing_renumbers_what_belongs_to_the_list() -> None:
    people = DAList("people", object_type=Individual, there_are_any=True)
    judge = DAObject("judge")
    first, second = people.appendObject(), people.appendObject()
    people.append(judge)
    people.remove(first)
    assert (second.instanceName, second.name.instanceName) == ("people[0]", "people[0].name")
    assert judge.instanceName == "judge"
    people.clear()
    assert people.there_are_any is False
    people.append("somebody")
    assert people.there_are_any is True


def test_lists_behave_like_lists() -> None:
    fruit = DAList("fruit", elements=["pear", "apple", "fig"])
    assert fruit.sort() is fruit
    assert list(reversed(fruit)) == ["pear", "fig", "apple"]
    fruit.insert(0, "kiwi")
    assert fruit.pop() == "pear"
    assert fruit[0:2] == ["kiwi", "apple"]
    fruit.extend(["lime"])
    assert (fruit == ["kiwi", "apple", "fig", "lime"], fruit.count("fig"), fruit.index("fig")) == (True, 1, 2)
    del fruit[0]
    assert [*fruit, "x"] == (fruit + ["x"]).elements  # noqa: RUF005 - adding is what is tested
    assert fruit.union(["apple", "plum"]) == {"apple", "fig", "lime", "plum"}
    assert fruit.intersection({"fig"}) == {"fig"}


def test_an_item_that_is_not_there_is_an_empty_thing() -> None:
    fruit = DAList("fruit", elements=["apple"])
    assert fruit.item(0) == "apple"
    assert isinstance(fruit.item(9), DAEmpty)
    assert str(fruit.item(9).anything.at_all) == ""


def test_filtering_keeps_the_names_of_the_items() -> None:
    people = DAList("people", elements=[DAObject("a", role="x"), DAObject("b", role="y")])
    chosen = people.filter(role="y")
    assert [item.instanceName for item in chosen] == ["b"]
    assert chosen.gathered


def test_complete_elements_never_ask() -> None:
    people = DAList("people", object_type=Individual, complete_attribute="name.first")
    people.appendObject().name.first = "Ann"
    people.appendObject()
    assert [str(person) for person in people.complete_elements()] == ["Ann"]


def test_a_list_can_be_completed_again() -> None:
    people = DAList("people", object_type=DAObject, complete_attribute="complete", there_is_another=False)
    people.appendObject().complete = True
    assert people.gather()
    assert sought(people.gathered_and_complete) == "people[0].complete"


def test_an_item_that_was_begun_can_be_cancelled() -> None:
    people = DAList("people", object_type=DAObject, complete_attribute="age")
    people.appendObject().age = 3
    people.appendObject()
    people.cancel_add_or_edit()
    assert len(people.elements) == 1
    assert people.gather()


def test_resetting_lets_more_be_added() -> None:
    people = DAList("people", elements=[DAObject("people[0]", age=3)], complete_attribute="age")
    people.reset_gathered(mark_incomplete=True)
    assert sought(people.gather) == "people[0].age"


def test_a_list_that_became_empty_although_there_are_some_is_gathered_again() -> None:
    fruit = DAList("fruit", elements=[], there_are_any=True)
    assert sought(lambda: len(fruit)) == "fruit[0]"


def test_hooks_are_called_when_gathering_ends() -> None:
    class Noting(DAList):
        def hook_on_gather(self) -> None:
            self.seen = [self.has_been_gathered()]

        def hook_after_gather(self) -> None:
            self.seen.append(self.has_been_gathered())

    fruit = Noting("fruit", there_are_any=False)
    fruit.gather()
    assert fruit.seen == [False, True]


def test_a_lists_noun_follows_its_name_and_number() -> None:
    people = DAList("plaintiff.child", elements=["Ann"])
    assert people.as_noun() == "child"
    people.append("Bob")
    assert (people.as_noun(), people.as_singular_noun(), people.number_as_word()) == ("children", "child", "two")
    assert people.quantity_noun("dog") == "two dogs"
    assert people.as_noun("witness", capitalize=True) == "Witnesses"


@pytest.mark.usefixtures("importable")
def test_a_stored_list_goes_on_where_it_was() -> None:
    fruit = DAList("fruit", object_type=Individual.using(gender="male"), there_are_any=True)
    sought(fruit.gather)
    again = pickle.loads(pickle.dumps(fruit))
    assert again.object_type is Individual
    assert again.elements[0].gender == "male"
    assert sought(again.gather) == "fruit[0].name.first"


class Noted(DAList):
    """A list that writes down what its hooks are told."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        self.told: list[tuple[str, Any]] = []
        super().init(*arguments, **attributes)

    def hook_on_item_complete(self, *items: Any, **_: Any) -> None:
        self.told += [("complete", item) for item in items]

    def hook_on_remove(self, *items: Any, **_: Any) -> None:
        self.told += [("removed", item) for item in items]

    def hook_on_gather(self, *_: Any, **__: Any) -> None:
        self.told.append(("gathered", self.elements[:]))


def test_hooks_are_told_what_is_complete_and_what_was_taken_out() -> None:
    fruit = Noted("fruit", there_are_any=True, there_is_another=False)
    assert sought(fruit.gather) == "fruit[0]"
    assert fruit.told == []
    fruit[0] = "apple"
    fruit.gather()
    assert fruit.told == [("complete", "apple"), ("gathered", ["apple"])]
    fruit.append("pear", "plum", "fig", "kiwi", "date")
    fruit.told.clear()
    assert fruit.pop() == "date"
    fruit.remove("apple", "never there")
    fruit.delitem(0, 9)
    del fruit[0]
    fruit.clear()
    assert [what for _, what in fruit.told] == ["date", "apple", "pear", "plum", "fig", "kiwi"]
    assert {kind for kind, _ in fruit.told} == {"removed"}


def test_whether_there_are_any_follows_what_is_put_in_and_taken_out() -> None:
    fruit = DAList("fruit", elements=["apple"])
    assert fruit.there_are_any is True
    fruit.remove("apple")
    assert fruit.there_are_any is False
    assert not hasattr(DAList("nothing", elements=[]), "there_are_any")
    people = DAList("people", object_type=DAObject)
    people.appendObject()
    assert people.there_are_any is True


def test_complete_elements_are_judged_by_another_attribute_without_asking() -> None:
    people = DAList("people", object_type=DAObject, complete_attribute="age", there_are_any=True)
    old, young = people.appendObject(age=90), people.appendObject(name="Bo")
    assert people.complete_elements().elements == [old]
    assert people.complete_elements(complete_attribute="name").elements == [young]
    assert people.complete_attribute == "age"
