"""What interviews see, and by which names it can be imported."""

from __future__ import annotations

import datetime
import importlib
import pickle
import sys
import types
from decimal import Decimal
from typing import Any

import pytest

from shared.interview.library import import_hook
from shared.interview.library.exports import LEGAL_TABLE, TABLE, class_by_full_name, public_names
from shared.interview.library.json_form import simplified, transform_json_variables
from shared.interview.library.objects import DADict, DAList, DAObject, DASet
from shared.interview.library.objects.persons import Individual
from shared.interview.library.unavailable import CLASSES, FUNCTIONS

OURS = {"schedule_action", "remind", "task_progress", "allow_unattended", "Launching", "TaskHandle", "TaskResult"}


def test_every_module_shows_exactly_what_the_table_says() -> None:
    for _, module, names in TABLE:
        found = importlib.import_module(f"shared.interview.library.{module}")
        declared = getattr(found, "__all__", None)
        if declared is not None:
            assert sorted(names.split()) == sorted(declared), module


def test_no_name_is_listed_twice() -> None:
    listed = [name for _, _, names in (*TABLE, *LEGAL_TABLE) for name in names.split()]
    assert len(listed) == len(set(listed))
    assert not set(listed) & (set(FUNCTIONS) | set(CLASSES))
    assert set(public_names()) == {*listed, *FUNCTIONS, *CLASSES}


def test_names_of_our_own_are_not_in_the_default_namespace() -> None:
    assert not OURS & set(public_names())
    assert all(not name.startswith("_") for name in public_names())


def test_every_public_thing_has_a_card() -> None:
    undocumented = [name for name, thing in public_names().items() if callable(thing) and not thing.__doc__]
    assert undocumented == []


@pytest.mark.usefixtures("importable")
def test_the_library_is_importable_by_the_names_interviews_use() -> None:
    util = importlib.import_module("docassemble.base.util")
    assert util.Individual is Individual
    assert importlib.import_module("docassemble.base.functions").word is util.word
    assert importlib.import_module("docassemble.base.core").DAObject is DAObject
    assert not hasattr(util, "Case")
    assert importlib.import_module("docassemble.base.legal").Case.__module__ == "docassemble.base.legal"
    assert hasattr(importlib.import_module("docassemble.base.sql"), "SQLObject")
    assert importlib.import_module("docassemble.base.dates").DADateTime is util.DADateTime
    assert importlib.import_module("docassemble.base.error").DAError is util.DAError
    namespace: dict[str, object] = {}
    exec("from docassemble.base.util import *", namespace)
    assert namespace["ordinal"](0) == "first"  # type: ignore[operator]
    with pytest.raises(ImportError):
        exec("from docassemble.base.util import no_such_name", {})


@pytest.mark.usefixtures("importable")
def test_columns_of_sessions_are_found_under_all_their_names() -> None:
    module = importlib.import_module("docassemble.base.DA")
    assert module.__all__ == ["DA"]
    assert module.DA.Sessions is module.Sessions
    namespace: dict[str, object] = {}
    exec("from docassemble.base import DA\nfrom docassemble.base.DA import Sessions, And, Or", namespace)
    assert namespace["DA"] is module


@pytest.mark.usefixtures("importable")
def test_our_own_names_are_imported_from_our_own_module() -> None:
    ours = importlib.import_module("colloquy.interview")
    assert {"task_progress", "allow_unattended", "schedule_action"} <= set(ours.__all__)
    assert not set(ours.__all__) & set(public_names())


def test_installing_twice_is_installing_once_and_can_be_undone() -> None:
    had = sum(isinstance(finder, import_hook.LibraryFinder) for finder in sys.meta_path)
    import_hook.install()
    import_hook.install()
    assert sum(isinstance(finder, import_hook.LibraryFinder) for finder in sys.meta_path) == 1
    importlib.import_module("docassemble.base.util")
    import_hook.uninstall()
    import_hook.uninstall()
    assert "docassemble.base.util" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("docassemble.base.util")
    if had:
        import_hook.install()


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize("name", sorted(name for name, thing in public_names().items() if isinstance(thing, type)))
def test_every_class_is_stored_by_the_name_authors_know(name: str) -> None:
    cls = public_names()[name]
    assert cls.__module__.startswith("docassemble.base.")
    assert pickle.loads(pickle.dumps(cls)) is cls


# -- As JSON -----------------------------------------------------------------------------------------------------------


def test_plain_values_as_they_are_and_others_in_their_form() -> None:
    assert simplified([1, "a", None, True, 2.5]) == [1, "a", None, True, 2.5]
    assert simplified({"b", "a"}) == ["a", "b"]
    assert simplified((1, 2)) == [1, 2]
    assert simplified(Decimal("1.5")) == 1.5
    assert simplified(datetime.date(2024, 5, 1)) == "2024-05-01"
    assert simplified(datetime.time(1, 2)) == "01:02:00"
    assert simplified({1: "a", "b": 2}) == {"1": "a", "b": 2}
    assert simplified(float("nan")) is None
    assert simplified(print) is None
    assert simplified(object()) is None
    assert simplified(Individual) == {"_class": "type", "name": "docassemble.base.util.Individual"}
    assert simplified(dict) == {"_class": "type", "name": "None"}


def test_an_object_is_its_class_name_and_attributes() -> None:
    user = Individual("user")
    user.name.first, user.name.last = "John", "Smith"
    place = {"_class": "docassemble.base.util.LatitudeLongitude", "gathered": False, "known": False}
    documented = {  # spec/area2, appendix A
        "_class": "docassemble.base.util.Individual",
        "instanceName": "user",
        "name": {
            "_class": "docassemble.base.util.IndividualName",
            "instanceName": "user.name",
            "uses_parts": True,
            "first": "John",
            "last": "Smith",
        },
        "address": {
            "_class": "docassemble.base.util.Address",
            "instanceName": "user.address",
            "location": {**place, "instanceName": "user.address.location"},
            "_geocoded": False,
            "geolocated": False,
            "city_only": False,
        },
        "location": {**place, "instanceName": "user.location"},
    }
    found = simplified(user)
    assert found == documented
    assert list(found) == list(documented)


def test_collections_show_their_elements_and_settings() -> None:
    fruit = simplified(DAList("fruit", elements=["apple"]))
    assert (fruit["elements"], fruit["gathered"], fruit["auto_gather"], fruit["object_type"]) == (
        ["apple"],
        True,
        True,
        None,
    )


def test_what_has_a_form_of_its_own_says_it() -> None:
    class Own:
        def as_dict(self) -> dict[str, int]:
            return {"a": 1}

    assert simplified([Own()]) == [{"a": 1}]


def test_nesting_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert str(simplified(loop)).count("[") == 21


def test_plain_data_become_objects_again() -> None:
    people = DAList("people", object_type=Individual, elements=[Individual("people[0]")])
    people[0].name.first = "Ann"
    people[0].birthdate = datetime.date(2000, 5, 6)
    again = transform_json_variables(simplified(people))
    assert type(again) is DAList
    assert again.object_type is Individual
    assert str(again[0]) == "Ann"
    assert str(again[0].birthdate) == "May 6, 2000"
    assert transform_json_variables(simplified(DASet("s", elements={"a"}))).elements == {"a"}
    assert transform_json_variables(simplified(DADict("d", elements={"a": 1}))).elements == {"a": 1}


def test_plain_data_name_no_class_outside_the_library() -> None:
    assert transform_json_variables({"_class": "os.system", "instanceName": "x"}) is None
    assert transform_json_variables({"_class": "docassemble.base.util.word", "instanceName": "x"}) is None
    assert class_by_full_name("builtins.eval") is None
    assert transform_json_variables({"a": ["12:30:00", "text"]}) == {"a": [datetime.time(12, 30), "text"]}


def test_plain_data_become_objects_of_a_package_in_use_and_import_nothing() -> None:
    module = types.ModuleType("docassemble.fishing.things")
    code = "class Fish(DAObject): pass\nclass Net: pass\ndef cast(): pass"
    exec(code, {"DAObject": DAObject, "__name__": module.__name__}, vars(module))
    described = {"_class": "docassemble.fishing.things.Fish", "instanceName": "fish", "weight": 3}
    assert transform_json_variables(described) is None
    sys.modules[module.__name__] = module
    try:
        fish = transform_json_variables(described)
        assert type(fish) is module.Fish
        assert (fish.instanceName, fish.weight) == ("fish", 3)
        assert transform_json_variables(simplified(module.Fish)) is module.Fish
        assert transform_json_variables({**described, "_class": "docassemble.fishing.things.Net"}) is None
        assert transform_json_variables({**described, "_class": "docassemble.fishing.things.cast"}) is None
    finally:
        del sys.modules[module.__name__]
    assert transform_json_variables({**described, "_class": "docassemble.fishing.unread.Fish"}) is None
    assert "docassemble.fishing.unread" not in sys.modules


@pytest.mark.usefixtures("importable")
def test_inner_modules_have_what_we_have_and_say_what_to_use_instead_of_the_rest() -> None:
    found: dict[str, Any] = {}
    exec("from docassemble.base.filter import markdown_to_html, docx_template_filter", found)
    exec("from docassemble.base.file_docx import include_docx_template\nfrom docassemble.base.ocr import *", found)
    assert found["docx_template_filter"]("a[BR]b") == "a\nb"
    assert found["include_docx_template"] is importlib.import_module("docassemble.base.util").include_docx_template
    assert callable(found["ocr_file"])
    assert not hasattr(importlib.import_module("docassemble.base.pandoc"), "__path__")
    with pytest.raises(ImportError, match=r"docassemble\.base\.pandoc has no MyPandoc on this server: .*convert_to"):
        exec("from docassemble.base.pandoc import MyPandoc", {})
    with pytest.raises(ImportError, match=r"docassemble\.base\.parse has no Interview .*get_question_data"):
        exec("import docassemble.base.parse\ndocassemble.base.parse.Interview", {})
    with pytest.raises(ModuleNotFoundError, match=r"docassemble\.webapp is not available.*interview_list"):
        exec("from docassemble.webapp.server import app", {})
