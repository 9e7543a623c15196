"""What a caller could guess letter by letter from the time an answer takes is compared in constant time.

Read in the code instead of measured: a measurement tells of the machine, and fails on a busy one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("services/gateway", "services/session", "services/mail", "shared/crypto", "shared/people", "shared/stores")
SECRET = re.compile(r"token|secret|(^|_)mac(_|$)|digest|signature(?!_input)|csrf|password|(^|_)otp|api_key", re.I)

PLAIN = {
    # which dictionary a step was compressed with; the bytes are sealed
    ("shared/crypto/answers.py", "stored[1:1 + _DIGEST_SIZE] != _digest(dictionary)"),
}


def comparisons(folder: str) -> Iterator[tuple[str, ast.Compare]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
                yield path.relative_to(ROOT).as_posix(), node


def is_about_a_secret(node: ast.expr) -> bool:
    """Whether the last name of an expression speaks of a secret: `request.token`, `_digest(x)`, `row["api_key"]`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(SECRET.search(name))
        case ast.Call(func=called):
            return is_about_a_secret(called) and not isinstance(called, ast.Attribute)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
            return bool(SECRET.search(name)) or is_about_a_secret(value)
        case _:
            return False


@pytest.mark.parametrize("room", ROOMS)
def test_secrets_are_not_compared_letter_by_letter(room: str) -> None:
    found = {
        (path, ast.unparse(node))
        for path, node in comparisons(room)
        if any(is_about_a_secret(side) for side in (node.left, *node.comparators))
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
    }
    assert found - PLAIN == set(), "use hmac.compare_digest, or name it here with the reason"


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        ("shared/crypto/tokens.py", 1),
        ("services/gateway/tokens.py", 3),
        ("services/gateway/openid.py", 1),
        ("services/gateway/operators.py", 1),
        ("shared/people/second_factor.py", 1),
    ],
)
def test_tokens_of_callers_are_compared_in_constant_time(path: str, calls: int) -> None:
    found = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    assert sum(ast.unparse(node.func) == "hmac.compare_digest" for node in found) >= calls


def test_a_plain_comparison_would_be_found() -> None:
    for text in ("given != self._token", "row['api_key'] == given", "_digest(a) == b", "page.csrf_token == sent"):
        node = ast.parse(text, mode="eval").body
        assert isinstance(node, ast.Compare)
        assert any(is_about_a_secret(side) for side in (node.left, *node.comparators))
