"""Splitting and loading of YAML documents (spec/area4 §1.3, §1.4)."""

from __future__ import annotations

import pytest

from shared.interview.errors import SourceError
from shared.interview.source.documents import Document, load, split


def blocks(text: str) -> list[tuple[int, str]]:
    return [(document.line, document.text) for document in split(text)]


def test_a_line_of_three_dashes_divides_wherever_it_stands() -> None:
    assert blocks("a: 1\n---\nb: |\n  x\n--- \nc: 3\n") == [(1, "a: 1\n"), (3, "b: |\n  x\n"), (6, "c: 3\n")]


def test_dashes_within_a_line_do_not_divide() -> None:
    assert blocks("a: --- b\n ---\n") == [(1, "a: --- b\n ---\n")]


def test_tabs_become_two_spaces() -> None:
    assert blocks("a:\n\tb: 1\n") == [(1, "a:\n  b: 1\n")]


def test_a_closing_line_of_dots_is_removed() -> None:
    assert blocks("a: 1\n...\n") == [(1, "a: 1\n")]


def load_text(text: str, line: int = 1) -> dict[str, object]:
    found = load(Document(line, text), "p:data/questions/f.yml", "block 1")
    assert found is not None
    return found


def test_only_true_and_false_are_truth_values_and_numbers_are_decimal() -> None:
    found = load_text("a: yes\nb: no\nc: TRUE\nd: 010\ne: 1:30\nf: off\ng: 0o10\nh: ~\n")
    assert found == {"a": "yes", "b": "no", "c": True, "d": 10, "e": "1:30", "f": "off", "g": 8, "h": None}


def test_keys_of_a_block_are_in_lower_case_and_those_inside_are_kept() -> None:
    assert load_text("Question: Hi\nFields:\n  - Label: Name\n") == {"question": "Hi", "fields": [{"Label": "Name"}]}


def test_an_empty_block_is_nothing() -> None:
    assert load(Document(1, "# only a comment\n"), "f", "b") is None


def test_lines_are_known_of_keys_and_of_what_they_hold() -> None:
    found = load(Document(11, "a: 1\nb: |\n  text\nc:\n  - x\n  - y: 2\n"), "f", "b")
    assert found is not None
    assert (found.line_of("b"), found.value_line_of("b")) == (12, 13)
    assert found["c"].line_of(1) == 16
    assert found["c"][1].line_of("y") == 16


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\na: 2\n", 6, "'a' stands twice"),
        ("a: 1\nb: [\n", 6, "not valid YAML"),
        ("just text\n", 5, "plain text"),
        ("a: !python/object:os.system x\n", 5, "not valid YAML"),
    ],
)
def test_what_is_no_mapping_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        load_text(text, 5)
    assert caught.value.position is not None
    assert (caught.value.position.file, caught.value.position.line) == ("p:data/questions/f.yml", line)
