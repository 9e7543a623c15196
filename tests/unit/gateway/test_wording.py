"""What pages say by themselves: each phrase is in the table of translations, and shown in the screen's language."""

from __future__ import annotations

import json
import re
from pathlib import Path

from services.gateway.rendering import HERE, STATIC, environment, macros_saying
from services.gateway.wording import OF_SCRIPTS, for_scripts, wording
from shared.contracts.screen import Field
from shared.interview.evaluate.submit import MOVED_ON
from shared.interview.library import words
from shared.interview.library.words import built_in_phrases, dictionary

OF_BROWSERS = ("account_bar", "account_form", "ask_first", "my_sessions", "people", "privileges", "start")
"""Templates of pages that speak the browser's language, not that of an interview (test_spoken.py)."""
TABLE = Path(words.__file__).parent / "phrases.json"


def _said_in(folder: Path, pattern: str, function: str) -> set[str]:
    said = re.compile(rf"\b{function}\('([^']+)'")
    paths = [path for path in folder.glob(pattern) if path.stem not in OF_BROWSERS]
    return {phrase for path in paths for phrase in said.findall(path.read_text(encoding="utf-8"))}


def test_whatever_templates_and_scripts_say_can_be_translated() -> None:
    templates = _said_in(HERE / "templates", "*.html", "say")
    scripts = _said_in(STATIC / "js", "*.js", "phrase") | {"Please enter a valid value."}
    assert len(templates) > 15
    assert (templates | scripts) - set(built_in_phrases()) == set()
    assert scripts == set(OF_SCRIPTS)


def test_every_phrase_stands_in_every_language_with_its_place_for_a_value() -> None:
    table = json.loads(TABLE.read_bytes())
    languages = {frozenset(texts) for texts in table.values()}
    assert languages == {frozenset({"de", "es", "fr", "it", "pt"})}
    assert [
        phrase
        for phrase, texts in table.items()
        if {text.count("%s") for text in texts.values()} != {phrase.count("%s")}
    ] == []


def test_macros_speak_the_language_they_were_made_for() -> None:
    templates = environment(static="/static")
    field = Field(number="0", variable="city", input_name="Y2l0eQ", input_type="dropdown", label_html="Ort")
    german = macros_saying(wording(dictionary("de")), templates)["inputs"].row(field)
    english = macros_saying(wording({}), templates)["inputs"].row(field)
    assert "Bitte wählen ..." in german
    assert "Select..." in english


def test_scripts_are_given_only_what_they_say() -> None:
    given = for_scripts(dictionary("it"))
    assert given["Show the list"] == "Mostra l’elenco"
    assert set(given) == set(OF_SCRIPTS)
    assert for_scripts({}) == {}


def test_what_the_engine_says_on_pages_can_be_translated() -> None:
    engine = Path(words.__file__).parent.parent.parent
    source = "".join(path.read_text() for room in ("screen", "evaluate") for path in (engine / room).glob("*.py"))
    said = set(re.findall(r'\bword\("([^"]+)"', source))
    said |= set(re.findall(r'"((?:You|Please|Check|This) [^"]+[.”])"', (engine / "screen" / "messages.py").read_text()))
    assert len(said) > 30
    assert said - set(built_in_phrases()) == set()
    assert MOVED_ON in built_in_phrases()
