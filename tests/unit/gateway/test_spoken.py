"""Pages of the gateway itself, in the language that the browser asks for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jinja2
import pytest
from starlette.requests import Request

from services.gateway import account_pages, notices, routes
from services.gateway.account_pages import FormPage
from services.gateway.notices import Notice, NoticePages, of_error, of_problem, spoken
from services.gateway.rates import TooManyRequests
from services.gateway.rendering import environment
from services.gateway.security import BodyTooLarge, BodyTooSlow
from services.gateway.sign_in_links import SignInLinkSpent
from services.gateway.spoken import Phrase, language_of, languages, speaking, table
from shared.contracts.session import Problem
from shared.kernel.errors import ColloquyError
from shared.mailbox.opt_outs import UnknownOptOut
from shared.people import records
from shared.stores.links import LinkExpired
from tests.unit.gateway.test_wording import OF_BROWSERS

_PHRASE = re.compile(r"[A-Z][a-z-]+( |$|[.?])")
_SAID = re.compile(r"""say\((?:'([^']+)'|"([^"]+)")\)""")
_WITH_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl,fr;q=0.5", "fr"),
        ("en-GB,de;q=0.9", "en"),
        ("de;q=0.3,it;q=0.7", "it"),
        ("de;q=0", "en"),
        ("zz,*;q=0.1", "en"),
        ("pt;q=much,es", "es"),
        (";;;,,,=", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_the_language_that_a_browser_prefers_is_taken_among_those_there_are(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_every_phrase_stands_in_every_language_with_its_place_for_a_value() -> None:
    assert languages() == {"de", "es", "fr", "it", "pt"}
    assert [
        phrase
        for phrase, texts in table().items()
        if set(texts) != languages() or {text.count("%s") for text in texts.values()} != {phrase.count("%s")}
    ] == []


def test_whatever_a_visitor_may_meet_can_be_translated() -> None:
    met = [one for one in vars(notices).values() if isinstance(one, Notice)]
    met += [of_error(kind()) for kind in (BodyTooSlow, BodyTooLarge, LinkExpired, SignInLinkSpent, UnknownOptOut)]
    met += [of_error(TooManyRequests()), of_error(ValueError("a bug"))]
    said = {text for one in met for text in (one.title, one.message, *(label for label, _ in one.links))}
    assert len(said) > 20
    assert said - set(table()) == set()


@pytest.mark.parametrize(
    "module",
    ["administration", "elsewhere", "my_sessions", "passwords", "profile", "register", "reminders", "sign_in"],
)
def test_what_pages_about_accounts_say_can_be_translated(module: str) -> None:
    tree = ast.parse((Path(routes.__file__).parent / f"{module}.py").read_text())
    letters = {id(part) for node in ast.walk(tree) if _is_letter(node) for part in ast.walk(node)}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in letters]
    cards = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _WITH_DOCSTRINGS)}
    said = {text for text in texts if isinstance(text, str) and _PHRASE.match(text)} - cards
    assert len(said) >= 2
    assert said - set(table()) == set()


def _is_letter(node: ast.AST) -> bool:
    """Whether a letter is written, by `letters.was_changed(…)` and its neighbours."""
    if isinstance(node, ast.FunctionDef):
        return node.name == "_letter_about"
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr == "letters"
    )


def test_what_templates_of_accounts_say_can_be_translated() -> None:
    folder = Path(routes.__file__).parent.parent / "templates"
    for name in OF_BROWSERS:
        said = {one or other for one, other in _SAID.findall((folder / f"{name}.html").read_text())}
        assert said, name
        assert said - set(table()) == set(), name


def test_what_can_be_wrong_with_accounts_can_be_translated() -> None:
    faults = {fault for fault in vars(records).values() if isinstance(fault, type) and issubclass(fault, ColloquyError)}
    assert len(faults) > 5
    assert {str(fault()) for fault in faults if fault.__module__ == records.__name__} - set(table()) == set()


def test_a_phrase_has_its_values_in_every_language_and_names_stay_what_they_are() -> None:
    page = FormPage(
        title=Phrase("%s", "Profile"),
        intro=(Phrase("You are invited as %s.", "ann%20@example.org"),),
        facts={"Name": "Code", "Second factor": Phrase("on")},
    )
    shown = account_pages.spoken(page, speaking("de"))
    assert (shown.title, shown.intro) == ("Profile", ("Sie sind eingeladen als ann%20@example.org.",))
    assert shown.facts == {"Name": "Code", "Zweiter Faktor": "an"}


def test_an_error_keeps_its_number_and_what_code_says_stays_as_it_is() -> None:
    hidden = of_problem(Problem(title="Error", message="canary", is_from_code=True), shows_details=False)
    german = spoken(hidden, speaking("de"))
    assert german.title == "Fehler"
    assert german.message.endswith(f"Die Nummer dieses Fehlers ist {hidden.number}.")
    assert "Dieses Interview hat einen Fehler" in german.message
    shown = of_problem(Problem(title="Error", message="canary", is_from_code=True), shows_details=True)
    assert spoken(shown, speaking("de")).message == "canary"


def test_a_page_says_in_which_language_it_is() -> None:
    templates: jinja2.Environment = environment(static="/static")
    scope = {"type": "http", "headers": [(b"accept-language", b"fr-CA, en;q=0.5")], "query_string": b"", "path": "/"}
    page = bytes(NoticePages(templates=templates).answer(Request(scope), notices.UNKNOWN_INTERVIEW).body).decode()
    assert '<html lang="fr">' in page
    assert '<h1 id="daMainQuestion" tabindex="-1">Introuvable</h1>' in page
    assert "Tous les entretiens" in page
