"""The table of rules and their tests names only tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
_ROW = re.compile(r"^\|[^|]+\|(?P<tests>[^|]+)\|$", re.MULTILINE)
_ASIDE = re.compile(r"\([^)]*\)|`[^`]*`")
_NAME = re.compile(r"[a-z_]+(?:/[a-z_]*)?")


def test_every_test_of_the_table_is_there() -> None:
    names = [
        name.strip()
        for row in _ROW.finditer((HERE / "README.md").read_text())
        for name in _ASIDE.sub("", row["tests"]).split(",")
        if name.strip() not in {"Tests", "unit", "browser", "flows", "browser tests", "---"}
    ]
    assert len(names) > 100
    assert [name for name in names if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    if _NAME.fullmatch(name) is None:
        return False
    if name.endswith("/"):
        return (HERE / name).is_dir()
    return (HERE / f"{name}.py").is_file() if "/" in name else (HERE / "walks" / f"{name}.walk").is_file()
