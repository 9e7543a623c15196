"""The blocks tried for a name, against a second, naive reading of the rules (spec/area4 §4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.interview.api import Engine
from shared.interview.compile.interview import Interview
from shared.interview.evaluate.candidates import candidates, variants_of
from shared.kernel.interview_path import InterviewPath

PART = st.one_of(
    st.sampled_from([".a", ".b", ".name"]),
    st.integers(0, 3).map(lambda index: f"[{index}]"),
    st.sampled_from(["['k']", "['a.b']", "['[0]']"]),
)
PARTS = st.tuples(st.sampled_from(["people", "thing"]), st.lists(PART, max_size=5))


@dataclass(frozen=True)
class Form:
    """One way to write a name, as the rules say it."""

    name: str
    x: str | None
    iterators: tuple[str, ...]
    rank: tuple[bool, int, int, int]


def forms_by_the_rules(base: str, parts: list[str]) -> list[Form]:
    """Every choice of what x stands for and which indices are replaced, then sorted.

    Literal before generic; more dots first; more brackets first; fewer replaced indices first.
    """
    found: list[Form] = []
    for prefix in [None, *range(len(parts))]:
        head, rest = (base, parts) if prefix is None else ("x", parts[prefix:])
        stands_for = None if prefix is None else base + "".join(parts[:prefix])
        choices = [(False, True) if part.startswith("[") else (False,) for part in rest]
        for replaced in product(*choices):
            letters = iter("ijklmn")
            written = [
                f"[{next(letters)}]" if is_replaced else part for part, is_replaced in zip(rest, replaced, strict=True)
            ]
            iterators = tuple(part[1:-1] for part, is_replaced in zip(rest, replaced, strict=True) if is_replaced)
            dots = sum(part.startswith(".") for part in rest)
            brackets = sum(part.startswith("[") for part in rest)
            rank = (prefix is not None, -dots, -brackets, len(iterators))
            found.append(Form(head + "".join(written), stands_for, iterators, rank))
    return found


@given(PARTS)
def test_the_forms_of_a_name_are_those_of_the_rules_in_their_order(name: tuple[str, list[str]]) -> None:
    base, parts = name
    expected = {(form.name, form.x, form.iterators): form.rank for form in forms_by_the_rules(base, parts)}
    found = [(one.name, one.x, one.iterators) for one in variants_of(base + "".join(parts))]
    assert len(found) == len(set(found))
    assert set(found) == set(expected)
    ranks = [expected[one] for one in found]
    assert ranks == sorted(ranks)


@given(PARTS)
def test_a_form_with_its_letters_filled_in_is_the_name_again(name: tuple[str, list[str]]) -> None:
    whole = name[0] + "".join(name[1])
    for one in variants_of(whole):
        text = one.name
        for letter, source in zip("ijklmn", one.iterators, strict=False):
            text = text.replace(f"[{letter}]", f"[{source}]", 1)
        if one.x is not None:
            assert text.startswith("x")
            text = one.x + text[1:]
        assert text == whole


# Blocks
class Asker:
    """Stands in a run for what the search for candidates looks at."""

    def __init__(self, interview: Interview, language: str, things: dict[str, Any]) -> None:
        self.interview, self.language, self._things = interview, language, things

    def peek(self, name: str) -> Any:
        return self._things.get(name)


class Base:
    """A class that blocks are generic for."""


class Thing(Base):
    """One derived from it."""


@dataclass(frozen=True)
class Written:
    """A block as an author may write it."""

    form: str
    language: str
    generic: str
    """Class of `generic object`, or empty."""

    def text(self, number: int) -> str:
        lines = [f"id: block {number}", "code: pass", f"sets: {self.form}"]
        if self.language != "*":
            lines.append(f"language: {self.language}")
        if self.generic:
            lines.append(f"generic object: {self.generic}")
        return "\n".join(lines) + "\n"


LITERAL_FORMS = ["people[0].a", "people[i].a", "other"]
GENERIC_FORMS = ["x[0].a", "x[i].a", "x.a"]
BLOCKS = st.lists(
    st.one_of(
        st.builds(Written, st.sampled_from(LITERAL_FORMS), st.sampled_from(["*", "en", "es"]), st.just("")),
        st.builds(
            Written,
            st.sampled_from(GENERIC_FORMS),
            st.sampled_from(["*", "en", "es"]),
            st.sampled_from(["Thing", "Base", "Elsewhere"]),
        ),
    ),
    max_size=8,
)


def blocks_by_the_rules(blocks: list[Written], language: str, order: list[int]) -> list[str]:
    """Ids in the order in which they are tried for `people[0].a`: form, class, language, later first, `order`."""
    rank = {number: place for place, number in enumerate(order)}

    def later_first(numbers: list[int]) -> list[int]:
        return sorted(numbers, key=lambda number: (rank.get(number, len(rank)), -number))

    def of(form: str, generic: str, wanted: str) -> list[int]:
        numbers = [
            number
            for number, block in enumerate(blocks)
            if (block.form, block.generic, block.language) == (form, generic, wanted)
        ]
        return later_first(numbers)

    found: list[int] = []
    for form, classes in [
        ("people[0].a", [""]),
        ("people[i].a", [""]),
        ("x[0].a", ["Thing", "Base"]),
        ("x[i].a", ["Thing", "Base"]),
        ("x.a", ["Thing", "Base"]),
    ]:
        for generic in classes:
            for wanted in (language, "*"):
                found += of(form, generic, wanted)
    return [f"block {number}" for number in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("seek") / "seek_order" / "data" / "questions"
    made.mkdir(parents=True)
    return made


@settings(max_examples=60)
@given(blocks=BLOCKS, language=st.sampled_from(["en", "es", "fr"]), data=st.data())
def test_candidates_come_in_the_order_of_the_rules(
    folder: Path, blocks: list[Written], language: str, data: st.DataObject
) -> None:
    order = data.draw(st.lists(st.integers(0, max(len(blocks) - 1, 0)), unique=True, max_size=3))
    texts = [block.text(number) for number, block in enumerate(blocks)]
    if order:
        texts.insert(0, "order:\n" + "".join(f"  - block {number}\n" for number in order))
    (folder / "blocks.yml").write_text("---\n".join(texts) or "comment: none\n")
    engine = Engine(InterviewPath.of([folder.parents[2]]))
    interview = engine.interview("seek_order:data/questions/blocks.yml")
    asker: Any = Asker(interview, language, {"people": Thing(), "people[0]": Thing()})
    found = [block.id for _, block in candidates(asker, "people[0].a", is_forced=False)]
    assert found == blocks_by_the_rules(blocks, language, order)


@settings(max_examples=60)
@given(ranks=st.permutations(range(6)), data=st.data())
def test_a_block_that_supersedes_others_comes_before_them(folder: Path, ranks: list[int], data: st.DataObject) -> None:
    edges = {  # without circles: a block supersedes only such as have a higher rank
        number: data.draw(st.lists(st.sampled_from([one for one in range(6) if ranks[one] > rank]), unique=True))
        if rank < 5
        else []
        for number, rank in enumerate(ranks)
    }
    texts = [
        f"id: b{number}\ncode: name = {number}\nsupersedes: {[f'b{one}' for one in below]}\n"
        for number, below in edges.items()
    ]
    (folder / "above.yml").write_text("---\n".join(texts))
    interview = Engine(InterviewPath.of([folder.parents[2]])).interview("seek_order:data/questions/above.yml")
    found = [str(block.id) for block in interview.index.literal("name", "en")]
    assert sorted(found) == [f"b{number}" for number in range(6)]
    assert all(found.index(f"b{above}") < found.index(f"b{one}") for above, below in edges.items() for one in below)
    if not any(edges.values()):
        assert found == [f"b{number}" for number in reversed(range(6))]
