"""The rules of the house that a program can check (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.kernel.release import RELEASE

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("gateway", "session", "worker", "scheduler", "mail")
FIVE_FILES = ("__init__.py", "__main__.py", "settings.py", "app.py", "handlers.py")
MOST_LINES = 600
ONE_MODULE_EACH = ("aio_pika", "asyncpg", "redis", "aiosmtpd", "twilio", "cryptography")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
MODE_FLAG = re.compile(r"\b(?:is_)?(?:embedded|distributed|standalone)(?:_mode)?\b\s*(?::\s*bool|=\s*(?:True|False)\b)")


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "vendor" not in path.parts)


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_imports_follow_the_rules_of_the_house() -> None:
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_five_files(service: str) -> None:
    folder = ROOT / "services" / service
    assert [name for name in FIVE_FILES if not (folder / name).is_file()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_opens_with_its_card(service: str) -> None:
    card = ast.get_docstring(ast.parse((ROOT / "services" / service / "__init__.py").read_text())) or ""
    assert [word for word in ("Duty", "Consumes", "Publishes", "Owns") if word not in card] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_of_handlers_stands_last(service: str) -> None:
    body = ast.parse((ROOT / "services" / service / "handlers.py").read_text()).body
    last = body[-1]
    target = last.targets[0] if isinstance(last, ast.Assign) else getattr(last, "target", None)
    assert isinstance(target, ast.Name)
    assert target.id == "HANDLERS"


def test_the_release_that_is_told_is_the_one_that_is_built() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == RELEASE


def test_no_python_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in python_files("shared", "services", "tests")}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_no_loop_without_end_ends_by_an_error_that_nobody_has_thought_of() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{handler.lineno}": "catches errors of ours alone; see shared/kernel/now_and_then.py"
        for path in python_files("shared", "services")
        for loop in ast.walk(ast.parse(path.read_text()))
        if isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
        for each in loop.body
        if isinstance(each, ast.Try) and not {"Exception", "BaseException"} & set(map(caught, each.handlers))
        for handler in each.handlers
        if caught(handler) == "ColloquyError"
    }
    assert found == {}


def caught(handler: ast.ExceptHandler) -> str:
    return ast.unparse(handler.type) if handler.type else "BaseException"


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [path for path in python_files("shared", "services") if path.stem in VAGUE_NAMES]
    assert names == []


@pytest.mark.parametrize("library", ONE_MODULE_EACH)
def test_one_module_imports_a_library_that_reaches_the_outside(library: str) -> None:
    importers = [
        str(path.relative_to(ROOT))
        for path in python_files("shared", "services")
        if "author_stores" not in path.parts  # what authors open themselves, with credentials of their own
        and any(name == library or name.startswith(library + ".") for name in imported_modules(path))
    ]
    assert len(importers) <= 1, importers


def test_no_flag_says_whether_we_run_in_one_process_or_many() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files("shared", "services")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MODE_FLAG.search(line)
    ]
    assert found == []


def test_the_environment_is_read_in_settings_and_entry_points_only() -> None:
    allowed = {
        "settings.py",
        "__main__.py",
        "cli.py",
        "assets.py",
        "launcher.py",
        "child.py",
    }  # what children start with
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("shared", "services")
        if path.name not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert found == []
