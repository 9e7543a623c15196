"""`interview_menu()` (spec/area2 §4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.interview.library.menus import interview_menu
from shared.interview.runtime.run import Run, running
from shared.kernel.interview_path import InterviewPath
from tests.unit.interview.library.being_asked import make_run


@pytest.fixture
def offering(tmp_path: Path) -> Run:
    """A run on a server that offers three interviews, one of them unlisted, and one that is not there."""
    folder = tmp_path / "town" / "data" / "questions"
    folder.mkdir(parents=True)
    (folder / "dog.yml").write_text(
        "metadata:\n  title: A dog\n  tags: [animals]\n---\nmetadata:\n  subtitle: License\n"
    )
    (folder / "car.yml").write_text("metadata:\n  title:\n    en: A car\n    es: Un coche\n")
    (folder / "old.yml").write_text("metadata:\n  title: Old\n  unlisted: True\n")
    run = make_run()
    offered = {name: f"town:data/questions/{name}.yml" for name in ("dog", "car", "old", "gone")}
    run.context = run.context.model_copy(update={"config": {"dispatch": offered}})
    run.path = InterviewPath.of([tmp_path])
    return run


def test_the_menu_has_what_the_server_offers_and_is_listed(offering: Run) -> None:
    with running(offering):
        dog, car = interview_menu()
    assert (dog["title"], dog["subtitle"], dog["tags"], dog["package"]) == ("A dog", "License", {"animals"}, "town")
    assert dog["link"].startswith("/interview?i=town%3Adata%2Fquestions%2Fdog.yml")
    assert car["title"] == "A car"


def test_a_tag_chooses(offering: Run) -> None:
    with running(offering):
        assert [entry["title"] for entry in interview_menu(tag="animals")] == ["A dog"]


def test_links_may_be_absolute_and_begin_anew(offering: Run) -> None:
    with running(offering):
        link = interview_menu(absolute_urls=True, start_new=True)[0]["link"]
    assert link.startswith("http")
    assert link.endswith("&reset=1")


def test_a_server_that_offers_nothing_has_an_empty_menu(run: Run) -> None:
    assert interview_menu() == []
