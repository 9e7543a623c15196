"""Names of variables: what is legal, one spelling, replaced parts (spec/area4 §3.1, §3.2)."""

from __future__ import annotations

import pytest

from shared.interview.compile.names import is_legal, normalised, parent_of, substituted
from shared.interview.compile.python import compile_code
from shared.interview.errors import Position


@pytest.mark.parametrize("name", ["a", "a.b", "a[0].b", "a['k'].b[i]", "x.y[-1]", 'a["k"]'])
def test_plain_expressions_are_legal(name: str) -> None:
    assert is_legal(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a()",
        "a + 1",
        "a[f()]",
        "a\nb",
        "1a",
        "a; b",
        "{}",
        "a[0:1]",
        "__import__",
        "lambda: 1",
        "a#",
        "a.__class__",
        "a[b.__class__]",
        "_internal",
        "_internal['answered']",
    ],
)
def test_everything_else_is_not(name: str) -> None:
    assert not is_legal(name)


def test_a_name_has_one_spelling() -> None:
    assert normalised('a["k"] . b') == "a['k'].b"


def test_x_and_indices_are_replaced_by_expressions() -> None:
    assert substituted("x.name[i]", {"x": "people[0]", "i": "'key'"}) == "people[0].name['key']"


def test_the_parent_is_what_holds_the_value() -> None:
    assert [parent_of(name) for name in ("a", "a.b.c", "a[0]")] == [None, "a.b", "a"]


def test_code_defines_what_it_assigns_at_the_top() -> None:
    source = """
a, (b.c, *d) = 1, (2, 3)
e[0] = f['k'] = 1
g += 1
for h in e: pass
def i_function():
    inner = 1
import os.path, json as j
from math import pi as circle
class K: pass
try: pass
except ValueError as problem: pass
if True:
    nested = 1
define('by_name', 1)
obj.call().attr = 1
z: int
"""
    found = compile_code(source, Position("f", 1)).defines
    assert set(found) == {
        "a", "b.c", "d", "e[0]", "f['k']", "g", "h", "i_function", "os", "os.path", "j", "circle", "K", "problem",
        "nested", "by_name",
    }  # fmt: skip
