"""DADict, DAOrderedDict and DASet."""

from __future__ import annotations

import pytest

from shared.interview.errors import UndefinedItem
from shared.interview.library.objects import DADict, DAEmpty, DAObject, DAOrderedDict, DASet
from shared.interview.library.objects.persons import Individual
from shared.interview.runtime.run import Run
from tests.unit.interview.library.objects.test_lists import sought


def test_plain_entries_are_asked_by_key_and_then_under_it() -> None:
    seeds = DADict("seeds")
    assert sought(seeds.gather) == "seeds.there_are_any"
    seeds.there_are_any = True
    assert sought(seeds.gather) == "seeds.new_item_name"
    seeds.new_item_name = "apple"
    assert sought(seeds.gather) == "seeds['apple']"
    seeds["apple"] = 5
    assert sought(seeds.gather) == "seeds.there_is_another"
    seeds.there_is_another = True
    assert sought(seeds.gather) == "seeds.new_item_name"
    seeds.new_item_name = "pear"
    assert sought(seeds.gather) == "seeds['pear']"
    seeds["pear"] = 3
    assert sought(seeds.gather) == "seeds.there_is_another"
    seeds.there_is_another = False
    assert dict(seeds.items()) == {"apple": 5, "pear": 3}


def test_a_value_asked_together_with_the_key_is_taken() -> None:
    seeds = DADict("seeds", there_are_any=True)
    seeds.new_item_name, seeds.new_item_value = "apple", 5
    assert sought(seeds.gather) == "seeds.there_is_another"
    assert seeds.elements == {"apple": 5}
    seeds.there_is_another = True
    assert sought(seeds.gather) == "seeds.new_item_name"


def test_objects_are_made_under_the_new_key() -> None:
    people = DADict("people", object_type=Individual, there_are_any=True)
    people.new_item_name = "judge"
    assert sought(people.gather) == "people['judge'].name.first"
    people["judge"].name.first = "Ann"
    assert sought(people.gather) == "people.there_is_another"


def test_keys_given_beforehand_are_completed() -> None:
    income = DADict("income", object_type=DAObject, keys=["wages"], complete_attribute="amount", there_is_another=False)
    assert sought(income.gather) == "income['wages'].amount"
    income["wages"].amount = 10
    assert income.keys() == ["wages"]


def test_a_missing_key_is_sought_or_made() -> None:
    assert sought(lambda: DADict("seeds")["apple"]) == "seeds['apple']"
    with pytest.raises(KeyError):
        _ = DADict("seeds")["apple"]
    assert DADict("people", object_type=DAObject)["judge"].instanceName == "people['judge']"


@pytest.mark.parametrize("look", [len, list, str, lambda seeds: "a" in seeds, lambda seeds: seeds.get("a"), bool])
def test_looking_into_a_dictionary_gathers_it(look: object) -> None:
    assert sought(lambda: look(DADict("seeds"))) == "seeds.there_are_any"  # type: ignore[operator]


def test_keys_are_sorted_unless_the_dictionary_keeps_order() -> None:
    entries = {"pear": 1, "apple": 2}
    assert list(DADict("d", elements=entries)) == ["apple", "pear"]
    assert list(DAOrderedDict("d", elements=entries)) == ["pear", "apple"]
    assert str(DADict("d", elements=entries)) == "apple and pear"


def test_check_boxes_are_judged_all_and_some() -> None:
    boxes = DADict("boxes", elements={"a": True, "b": True, "c": False}, auto_gather=False)
    assert boxes.all_true("a", "b")
    assert boxes.all_true("a", "b", exclusive=True)
    assert not boxes.all_true("a", exclusive=True)
    assert not boxes.all_true()
    assert boxes.any_true()
    assert not boxes.any_true("c")
    assert boxes.any_true("a", "c")
    assert not boxes.any_true("a", exclusive=True)
    assert boxes.all_false("c")
    assert boxes.all_false("c", exclusive=True)
    assert boxes.any_false()
    assert not boxes.any_false("a")
    assert boxes.true_values() == ["a", "b"]
    assert boxes.false_values().elements == ["c"]
    assert str(boxes.true_values()) == "a and b"


def test_true_values_of_check_boxes_never_ask() -> None:
    boxes = DADict("boxes", elements={"b": True, "a": True}, auto_gather=False, gathered=True)
    assert len(boxes.true_values()) == 2
    assert boxes.true_values(insertion_order=True).elements == ["b", "a"]


def test_dictionaries_behave_like_dictionaries() -> None:
    seeds = DADict("seeds", elements={"apple": 5})
    seeds.update({"pear": 3}, plum=1)
    assert seeds.get("fig", 9) == 9
    assert isinstance(seeds.item("fig"), DAEmpty)
    assert seeds.pop("plum") == 1
    seeds.setdefault("fig", 7)
    assert seeds.slice("apple", "fig").keys() == ["apple", "fig"]
    assert seeds.slice(lambda number: number > 4).keys() == ["apple", "fig"]
    del seeds["fig"]
    assert seeds == {"apple": 5, "pear": 3}
    assert seeds.union(["kiwi"]) == {"apple", "pear", "kiwi"}


def test_an_object_put_under_a_key_takes_its_name() -> None:
    people = DADict("people")
    people["judge"] = [DAObject()][0]
    assert people.elements["judge"].instanceName == "people['judge']"


def test_an_item_can_be_invalidated(run: Run) -> None:
    run.answers["seeds"] = seeds = DADict("seeds", elements={"apple": 5})
    seeds.invalidate_item("apple")
    assert run.steering.asked == [("invalidate", "seeds['apple']")]
    with pytest.raises(UndefinedItem):
        _ = seeds["apple"]


def test_a_set_is_gathered_item_by_item() -> None:
    colors = DASet("colors", there_are_any=True)
    assert sought(colors.gather) == "colors.new_item"
    colors.new_item = "red"
    assert sought(colors.gather) == "colors.there_is_another"
    colors.there_is_another = True
    assert sought(colors.gather) == "colors.new_item"
    colors.new_item = "blue"
    assert sought(colors.gather) == "colors.there_is_another"
    colors.there_is_another = False
    assert str(colors) == "blue and red"


def test_sets_behave_like_sets() -> None:
    colors = DASet("colors", elements={"red"})
    colors.add("blue")
    assert ("red" in colors, len(colors), sorted(colors)) == (True, 2, ["blue", "red"])
    assert colors.difference({"red"}) == {"blue"}
    assert colors.issuperset(["red"])
    assert colors.isdisjoint({"green"})
    colors.discard("red")
    colors.remove("blue")
    assert len(colors.elements) == 0


def test_hooks_of_dictionaries_and_sets_are_told_what_was_taken_out() -> None:
    told: list[object] = []

    class NotedDict(DADict):
        def hook_on_remove(self, *items: object, **_: object) -> None:
            told.extend(items)

    class NotedSet(DASet):
        def hook_on_remove(self, *items: object, **_: object) -> None:
            told.extend(items)

    prices = NotedDict("prices", elements={"apple": 1, "pear": 2, "fig": 3, "plum": 4, "kiwi": 5})
    assert (prices.pop("apple"), prices.pop("never there", 0)) == (1, 0)
    prices.delitem("pear", "never there")
    del prices["fig"]
    assert prices.popitem() == ("kiwi", 5)
    prices.clear()
    assert told == [1, 2, 3, 5, 4]
    told.clear()
    fruit = NotedSet("fruit", elements={"apple", "pear", "fig"})
    fruit.remove("apple")
    fruit.discard("never there")
    fruit.discard("pear")
    fruit.clear()
    assert told == ["apple", "pear", "fig"]
    assert fruit.there_are_any is False


def test_keys_of_dictionaries_are_sets() -> None:
    prices = DADict("prices", elements={"apple": 1, "pear": 2})
    assert prices.union(DADict("more", elements={"fig": 3})).elements == {"apple", "pear", "fig"}
    assert prices.symmetric_difference({"pear", "plum"}).elements == {"apple", "plum"}
    assert (prices.isdisjoint({"fig"}), prices.issubset({"apple"}), prices.issuperset({"apple"})) == (True, False, True)


def test_a_dictionary_can_ask_for_the_class_of_what_it_makes() -> None:
    animals = DADict("animals", ask_object_type=True, there_are_any=True, new_item_name="rex", complete_attribute="age")
    assert sought(animals.gather) == "animals.new_object_type"
    animals.new_object_type = "dog"
    with pytest.raises(TypeError, match="has to be a class"):
        animals.gather()
    animals.new_object_type = DAObject.using(age=3)
    assert sought(animals.gather) == "animals.there_is_another"
    assert animals["rex"].instanceName == "animals['rex']"
