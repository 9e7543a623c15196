"""Python modules beside an interview (spec/area4 §2.1)."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.language.core.sessions import Session

Open = Callable[..., Session]
_TEXT = """
modules:
  - .greeting
---
mandatory: True
question: ${ greeting() }
"""


def _write(session: Session, name: str, text: str, moment: int) -> None:
    file = session.folder / name
    file.write_text(text)
    os.utime(file, (moment, moment))


def test_a_changed_module_is_noticed_without_a_restart(session: Open) -> None:
    s = session(_TEXT, **{"greeting.py": "def greeting():\n    return 'Hello'\n"})
    assert s.open() == "Hello"
    _write(s, "greeting.py", "def greeting():\n    return 'Good morning'\n", 1_900_000_000)
    assert s.open() == "Good morning"


def test_modules_that_hold_what_a_changed_one_defines_are_imported_anew(session: Open) -> None:
    files = {
        "greeting.py": "from .words import WORD\n\ndef greeting():\n    return WORD\n",
        "words.py": "WORD = 'Hello'\n",
    }
    s = session(_TEXT, **files)
    assert s.open() == "Hello"
    _write(s, "words.py", "WORD = 'Good day to you'\n", 1_900_000_000)
    assert s.open() == "Good day to you"
