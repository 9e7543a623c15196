"""The start page says what can be started, and what cannot yet."""

from __future__ import annotations

from services.gateway.rendering import environment
from services.gateway.start import StartPage
from shared.contracts.session import InterviewEntry

ENTRIES = (
    InterviewEntry(reference="zoo:data/questions/a.yml", title="<Animals>"),
    InterviewEntry(reference="colloquy.examples:data/questions/b.yml", title="Mail", needs=("mail", "background")),
    InterviewEntry(reference="zoo:data/questions/bad.yml", title="", problem="line 3: no colon"),
)


def page() -> StartPage:
    return StartPage(templates=environment(static="/static"), abilities=frozenset({"background"}))


def test_our_examples_come_first_and_packages_stay_together() -> None:
    groups = page().groups(ENTRIES)
    assert [(group.title, len(group.entries)) for group in groups] == [("Examples", 1), ("zoo", 2)]


def test_what_an_interview_needs_and_is_not_there_is_said() -> None:
    assert "Needs the mail service, which is not there yet." in page().render(ENTRIES)


def test_an_interview_that_cannot_be_read_is_shown_with_its_problem_and_no_link() -> None:
    html = page().render(ENTRIES)
    assert "line 3: no colon" in html
    assert "bad.yml&" not in html
    assert "&lt;Animals&gt;" in html


def test_without_interviews_the_page_says_how_to_add_some() -> None:
    assert "COLLOQUY_INTERVIEW_PATH" in page().render(())
