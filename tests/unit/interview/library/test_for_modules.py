"""What unmodified modules of authors import and ask of the run they are in."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest

from shared.contracts.visitor import UserFacts
from shared.interview.library.added_terms import added_terms, update_terms
from shared.interview.library.faults import DAError
from shared.interview.library.for_modules import (
    chat_partners_available,
    ensure_definition,
    from_b64_json,
    get_chat_log,
    illegal_variable_name,
    interview_path,
    prevent_dependency_satisfaction,
    raw,
    server_capabilities,
    this_thread,
    us,
    verify_email,
)
from shared.interview.library.objects import DADict, DAList
from shared.interview.library.offering import selections
from shared.interview.library.structures import objects_from_structure
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import REFERENCE, executed, make_run


@pytest.mark.usefixtures("importable")
def test_a_module_that_imports_every_such_name_can_be_loaded() -> None:
    names = (
        "us, selections, this_thread, raw, server_capabilities, interview_path, ensure_definition, update_terms, "
        "objects_from_structure, chat_partners_available, get_chat_log, illegal_variable_name, "
        "prevent_dependency_satisfaction"
    )
    exec(f"from docassemble.base.util import {names}", {})
    exec(f"from docassemble.base.functions import {names}", {})


@pytest.mark.usefixtures("importable")
def test_inner_names_are_there_for_who_asks_but_are_not_given_unasked() -> None:
    found: dict[str, Any] = {}
    exec("from docassemble.base.generate_key import random_string, random_lower_string, random_alphanumeric", found)
    exec("from docassemble.base.error import DANotFoundError, DAAttributeError, DAIndexError, DANameError", found)
    exec("from docassemble.base.functions import safeid, from_safeid, logmessage", found)
    assert found["from_safeid"](found["safeid"]("a.b")) == "a.b"
    for make in ("random_string", "random_lower_string", "random_alphanumeric"):
        one, other = found[make](40), found[make](40)
        assert (len(one), one.isalnum(), one != other) == (40, True, True)
    assert found["random_lower_string"](40).islower()
    given: dict[str, Any] = {}
    exec("from docassemble.base.util import *", given)
    assert not {"logmessage", "safeid"} & given.keys()


def test_json_in_base64_is_read_and_anything_else_is_an_error() -> None:
    assert from_b64_json("eyJhIjogMX0") == {"a": 1}
    assert from_b64_json(None) is None
    with pytest.raises(DAError, match="base64"):
        from_b64_json("no json")


@pytest.mark.parametrize(
    ("email", "domains", "is_fine"),
    [
        ("a@b.org", None, True), ("a@b.org", ["c.org"], False), ("a@x.c.org", "@c.org", True), ("nobody", None, False),
    ],
)  # fmt: skip
def test_who_may_have_an_account_is_said_by_the_operator(email: str, domains: Any, is_fine: bool) -> None:
    run = make_run()
    run.context.config["authorized registration domains"] = domains
    with running(run):
        assert verify_email(email) is is_fine


def test_where_code_runs_is_known_in_a_run_only(run: Run) -> None:
    run.evaluation_context = "docx"
    assert interview_path() == REFERENCE
    assert this_thread.evaluation_context == "docx"
    assert this_thread.current_package == "docs"
    assert this_thread.language == run.language
    this_thread.misc["seen"] = 1
    assert this_thread.misc == {"seen": 1}
    assert not hasattr(this_thread, "database")


def test_outside_of_a_run_there_is_no_interview() -> None:
    assert interview_path() is None
    assert this_thread.evaluation_context is None
    assert not any(server_capabilities().values())


def test_who_asks_is_told_as_plain_values() -> None:
    user = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="3", email="a@b.c", roles=("advocate",))
    with running(make_run(user=user)):
        found = this_thread.current_info
        assert found["user"]["is_authenticated"] is True
        assert (found["user"]["email"], found["user"]["roles"]) == ("a@b.c", ["advocate"])
        assert (found["yaml_filename"], found["url_root"]) == (REFERENCE, "http://example.com/")
        with pytest.raises(TypeError):
            found["user"] = None  # type: ignore[index]


def test_what_a_server_can_do_is_what_its_operator_says() -> None:
    run = make_run()
    run.context.config["capabilities"] = ["sms", "s3", "time travel"]
    with running(run):
        found = server_capabilities()
    assert (found["sms"], found["s3"], found["fax"]) == (True, True, False)
    assert "time travel" not in found


def test_nobody_is_there_to_chat_with(run: Run) -> None:
    assert chat_partners_available("advocate", mode="peerhelp") == 0
    assert chat_partners_available().help == 0
    assert get_chat_log() == []


def test_states_of_the_library_us_are_there() -> None:
    assert us.states.lookup("PA").name == "Pennsylvania"


def test_what_a_word_template_lacks_is_sought() -> None:
    ensure_definition("a", None, 0)
    with pytest.raises(jinja2.UndefinedError):
        ensure_definition("a", jinja2.StrictUndefined(name="missing"))


def test_what_is_missing_in_a_guarded_function_is_an_error(run: Run) -> None:
    @prevent_dependency_satisfaction
    def look() -> object:
        return executed(run, "found = missing")

    with pytest.raises(DAError, match="missing"):
        look()


def test_names_nothing_can_be_saved_under() -> None:
    assert [illegal_variable_name(name) for name in ("a.b[0]", "a()", "", 3)] == [False, True, True, True]


def test_a_raw_value_is_kept_and_reads_as_its_text() -> None:
    assert raw(3).value == 3
    assert raw(raw(3)).value == 3
    assert str(raw(3)) == "3"


def test_plain_data_become_objects_by_name() -> None:
    made = objects_from_structure({"a": [1, {"b": 2}], "c": "d"}, root="found")
    assert isinstance(made, DADict)
    assert isinstance(made["a"], DAList)
    assert made["a"][1].instanceName == "found['a'][1]"
    assert (made["a"][1]["b"], made["c"]) == (2, "d")
    assert made.gathered
    assert objects_from_structure("text") == "text"
    assert not objects_from_structure([1]).has_nonrandom_instance_name


def test_selections_name_objects_once_and_leave_out_what_is_excluded(run: Run) -> None:
    found = executed(
        run,
        """
friend = DAList('friend', object_type=DAObject)
for name in ('Ann', 'Bob', 'Cy'):
    friend.appendObject(name=name)
friend.gathered = True
mine = selections(
    friend, friend[0], exclude=[friend[1]], default=friend[2], object_labeler=lambda one: one.name.upper()
)
""",
    )
    assert [(entry["label"], entry.get("default")) for entry in found["mine"]] == [("ANN", None), ("CY", True)]
    assert selections("no object", 3) == []


def test_terms_are_added_for_the_run(run: Run) -> None:
    update_terms({"fish": "It swims."}, language="en")
    update_terms([{"phrases": ["a", "b"], "definition": "Letters"}, {"c": "See"}], auto=True)
    assert added_terms(run, is_automatic=False) == {"en": {"fish": "It swims."}}
    assert added_terms(run, is_automatic=True) == {"*": {"a": "Letters", "b": "Letters", "c": "See"}}
