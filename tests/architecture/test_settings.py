"""Every setting is documented, read by code, and known by its name wherever it is named."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from services.directives import DIRECTIVES
from services.settings_table import ELSEWHERE, PAGE, known_variables, page, rows

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"COLLOQUY_[A-Z0-9_]*[A-Z0-9]")
OF_CLIENTS = {"COLLOQUY_URL", "COLLOQUY_API_KEY", "COLLOQUY_SECRET"}
"""Variables of the example programs of integrators."""
EXAMPLES_OF_MISTAKES = {"COLLOQUY_TABLE"}


def code() -> list[Path]:
    return [path for folder in ("services", "shared") for path in sorted((ROOT / folder).rglob("*.py"))]


def read_attributes() -> set[str]:
    """The names read from something called settings, or from `self` where settings are declared."""
    found = set()
    for path in code():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                owner = ast.unparse(node.value).rpartition(".")[2].strip("_")
                is_own = owner == "self" and path.name == "settings.py"
                if (
                    is_own
                    or owner.endswith("settings")
                    or owner in {"for_session", "for_worker", "for_gateway", "given"}
                ):
                    found.add(node.attr)
    return found


def test_the_table_of_settings_is_current() -> None:
    assert PAGE.read_text() == page(), "run `make schemas`"


def test_every_setting_says_what_it_is_for() -> None:
    assert [row.name for row in rows() if not all(row.meanings.values())] == []


def test_every_setting_is_read_by_code() -> None:
    read = read_attributes()
    assert [row.name for row in rows() if row.field not in read] == []


def test_what_code_and_pages_name_is_a_setting() -> None:
    known = known_variables() | OF_CLIENTS | EXAMPLES_OF_MISTAKES
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(p for p in code() if p.name != "settings_table.py")]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in pages
        for name in NAMED.findall(path.read_text())
        if name not in known and not name.startswith(ELSEWHERE)
    ]
    assert wrong == []


def test_the_environment_is_read_by_the_settings_alone() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in code()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert found == {
        "shared/kernel/settings.py",
        "shared/evaluation/child.py",  # the environment of interview processes, which is empty but for what it writes
        "services/gateway/assets.py",  # where npm's registry is, by npm's own rules
    }


@pytest.mark.parametrize("directive", DIRECTIVES, ids=lambda one: one.name)
def test_a_directive_leads_to_settings_that_exist_or_says_that_there_is_none(directive: object) -> None:
    known = {row.field for row in rows()}
    assert set(directive.ours) <= known  # type: ignore[attr-defined]
    assert directive.ours or directive.text  # type: ignore[attr-defined]
