"""The tables of rules and their tests name only tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
_ROW = re.compile(r"^\|[^|]+\|(?P<tests>[^|]+)\|$", re.MULTILINE)
_ASIDE = re.compile(r"\([^)]*\)|`[^`]*`")
_NAME = re.compile(r"(?P<file>[a-z_]+(?:/[a-z_]*)*)(?:::(?P<test>test_\w+))?")
_ELSEWHERE = ("browser/", "flows/", "unit/")
_SPOKEN_OF = re.compile(r"\b(?P<suite>unit|browser|flows) `(?P<place>[^`]+)`(?: \((?P<files>[^)]*)\))?")
"""Places beyond this folder: unit `library/objects` (test_lists, …), browser `screens/test_features`."""


def test_every_test_of_the_tables_is_there() -> None:
    names = [
        name.strip()
        for row in _ROW.finditer((HERE / "README.md").read_text())
        for name in _ASIDE.sub("", row["tests"]).split(",")
        if name.strip() not in {"Tests", "unit", "browser", "flows", "browser tests", "---"}
    ]
    assert len(names) > 250
    assert [name for name in names if not _is_there(name)] == []


def test_every_place_of_other_suites_is_there_too() -> None:
    found = list(_SPOKEN_OF.finditer((HERE / "README.md").read_text()))
    assert len(found) > 30
    assert [name for match in found for name in _lacking(**match.groupdict())] == []


def _lacking(suite: str, place: str, files: str | None) -> list[str]:
    """What there is not: the folder or file of tests, or files said to lie in it."""
    homes = [HERE.parent / suite / place]
    if suite == "unit":
        inner = HERE.parent / suite / "interview"
        homes += [inner / place, inner / "library" / place]
    home = next((home for home in homes if home.is_dir() or home.with_suffix(".py").is_file()), None)
    if home is None:
        return [f"{suite} {place}"]
    named = [name.strip() for name in (files or "").split(",") if name.strip().startswith("test_")]
    return [f"{suite} {place}/{name}" for name in named if not (home / f"{name}.py").is_file()]


def test_every_walk_is_in_a_table() -> None:
    page = (HERE / "README.md").read_text()
    assert [walk.stem for walk in sorted(HERE.glob("walks/*.walk")) if walk.stem not in page] == []


def _is_there(name: str) -> bool:
    """A walk, a folder, a file of tests, or one test of a file."""
    found = _NAME.fullmatch(name)
    if found is None:
        return False
    home = HERE.parent if name.startswith(_ELSEWHERE) else HERE
    if name.endswith("/"):
        return (home / name).is_dir()
    if "/" not in name:
        return (HERE / "walks" / f"{name}.walk").is_file()
    path = home / f"{found['file']}.py"
    wanted = rf"^(async )?def {found['test'] or 'test_'}" + (r"\(" if found["test"] else "")
    return path.is_file() and re.search(wanted, path.read_text(), re.MULTILINE) is not None
