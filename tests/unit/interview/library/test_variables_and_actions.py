"""Variables by name, and actions from within."""

from __future__ import annotations

from typing import Any

import pytest

from shared.interview.errors import Undefined, UndefinedAttribute
from shared.interview.library import actions, links, variables
from shared.interview.library.faults import DAError
from shared.interview.library.objects import DADict, DAList, DAObject
from shared.interview.runtime.run import Run, running
from shared.interview.runtime.signals import Ask, ForcedAsk, ForcedGather, ReRun
from tests.unit.interview.library.being_asked import executed, make_run


@pytest.fixture
def known(run: Run) -> Run:
    """A run with some variables."""
    run.answers["fruit"] = "apple"
    run.answers["person"] = DAObject("person", age=5)
    run.answers["people"] = DAList("people", object_type=DAObject)
    run.answers["seeds"] = DADict("seeds", elements={"a": 1})
    return run


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fruit", True),
        ("vegetable", False),
        ("person.age", True),
        ("person.name", False),
        ("people", True),
        ("people[0]", False),
        ("seeds['a']", True),
        ("seeds['b']", False),
        ("nobody.name.first", False),
        ("not a name(", False),
    ],
)
def test_defined_looks_without_asking_or_gathering(known: Run, name: str, expected: bool) -> None:
    assert variables.defined(name) is expected
    assert known.answers["people"].elements == []


def test_a_value_is_sought_when_it_is_missing(known: Run) -> None:
    assert variables.value("person.age") == 5
    with pytest.raises(Undefined) as caught:
        variables.value("vegetable")
    assert caught.value.name == "vegetable"
    with pytest.raises(UndefinedAttribute):
        variables.value("person.name")
    assert variables.showifdef("fruit") == "apple"
    assert variables.showifdef("vegetable", "none") == "none"


def test_before_back_counts_when_asked_for() -> None:
    with running(make_run(a=1)) as run:
        run.prior = make_run(a=2, b=3).answers
        assert (variables.value("a"), variables.value("a", prior=True)) == (1, 2)
        assert (variables.defined("b"), variables.defined("b", prior=True)) == (False, True)
        assert variables.showifdef("b", prior=True) == 3


def test_values_are_given_and_taken_by_name(known: Run) -> None:
    variables.define("person.size", 3)
    variables.set_variables({"fruit": "pear", "seeds['b']": 2})
    assert (known.answers["person"].size, known.answers["fruit"], known.answers["seeds"]["b"]) == (3, "pear", 2)
    variables.undefine("fruit", "person.size", "never_there")
    assert not variables.defined("fruit")
    assert not variables.defined("person.size")
    variables.invalidate("person.age")
    assert known.steering.asked == [("invalidate", "person.age")]


@pytest.mark.parametrize("bad", ["__import__('os')", "a + b", "f()", "lambda: 1"])
def test_expressions_are_no_names(known: Run, bad: str) -> None:
    for function in (variables.value, variables.showifdef, variables.undefine, variables.reconsider):
        with pytest.raises(DAError):
            function(bad)
    with pytest.raises(DAError):
        variables.define(bad, 1)


def test_seeking_again_is_left_to_the_evaluation(known: Run) -> None:
    variables.reconsider("fruit")
    variables.forget_result_of("intro")
    actions.process_action()
    assert known.steering.asked == [("reconsider", "fruit"), ("forget_block", "intro"), ("process_action", "")]
    with pytest.raises(ReRun):
        variables.re_run_logic()
    assert variables.need(1, 2)


def test_a_menu_runs_what_was_chosen_until_nothing_is(known: Run) -> None:
    known.answers["menu"] = "fruit"
    with pytest.raises(Undefined) as caught:
        variables.dispatch("menu")
    assert caught.value.name == "menu"
    assert not variables.defined("fruit")
    known.answers["menu"] = "Null"
    assert variables.dispatch("menu")


def test_all_variables_are_plain_data_without_the_inner_ones(known: Run) -> None:
    found = variables.all_variables()
    assert found["fruit"] == "apple"
    assert found["person"] == {"_class": "docassemble.base.util.DAObject", "instanceName": "person", "age": 5}
    assert "_internal" not in found
    assert "__builtins__" not in found
    assert "_internal" in variables.all_variables(include_internal=True)
    assert variables.all_variables(simplify=False)["person"] is known.answers["person"]


def test_names_travel_encoded() -> None:
    assert variables.decode_name(variables.encode_name("person.name.first")) == "person.name.first"
    with pytest.raises(DAError):
        variables.decode_name("!!")


# -- Actions -----------------------------------------------------------------------------------------------------------


def test_arguments_of_an_action(run: Run) -> None:
    run.action, run.arguments = "go", {"a": [1], "_initial": True, "_changed": None}
    assert (actions.action_argument(), actions.action_argument("a"), actions.action_argument("b")) == ("go", [1], None)
    found = actions.action_arguments()
    assert found == {"a": [1]}
    found["a"].append(2)
    assert run.arguments["a"] == [1]


def forced(*names: Any, **options: Any) -> ForcedAsk:
    with pytest.raises(ForcedAsk) as caught:
        actions.force_ask(*names, **options)
    return caught.value


def test_variables_are_asked_by_force_in_order(run: Run) -> None:
    signal = forced("a", "b.c", persistent=False, forget_prior=True)
    assert signal.asks == (Ask("a"), Ask("b.c"))
    assert (signal.is_persistent, signal.forgets_prior) == (False, True)


def test_control_items_become_reserved_actions(run: Run) -> None:
    signal = forced(
        {"follow up": ["a", "b"]},
        {"undefine": ["c"]},
        {"set": [{"d": 1}]},
        {"recompute": ["e"]},
        {"action": "go", "arguments": {"x": 1}},
    )
    assert signal.asks == (
        Ask("a"),
        Ask("b"),
        Ask("_da_undefine", {"variables": ["c"]}),
        Ask("_da_set", {"variables": [{"d": 1}]}),
        Ask("_da_compute", {"variables": ["e"]}),
        Ask("go", {"x": 1}),
    )


@pytest.mark.parametrize("bad", [5, "f()", {"undo": ["a"]}, {"undefine": "a"}, {"set": ["a"]}, {"action": 5}, {}])
def test_what_cannot_be_asked_is_refused(run: Run, bad: Any) -> None:
    with pytest.raises(DAError):
        actions.force_ask(bad)
    with pytest.raises(DAError):
        links.url_ask([bad])


def test_names_can_be_put_in_full(run: Run) -> None:
    run.answers.update(x=DAObject("person"), i=2)
    assert forced("x.friend[i].name", evaluate=True).asks == (Ask("person.friend[2].name"),)
    assert forced("x.friend[i].name").asks == (Ask("x.friend[i].name"),)


def test_gathering_by_force_names_the_variables(run: Run) -> None:
    with pytest.raises(ForcedGather) as caught:
        actions.force_gather("a", "b")
    assert caught.value.names == ("a", "b")


def test_interview_code_can_catch_what_steers(run: Run) -> None:
    answers = executed(run, "try:\n  force_ask('a')\nexcept Exception as error:\n  kind = type(error).__name__")
    assert answers["kind"] == "ForcedAsk"


def test_a_value_is_shown_if_a_condition_is_true() -> None:
    with running(make_run(color="red")):
        assert variables.showif("color", True) == "red"
        assert variables.showif("color", False, alternative="no color") == "no color"
        assert variables.showif("never_asked", 0) == ""
        with pytest.raises(Undefined):
            variables.showif("never_asked", True)
