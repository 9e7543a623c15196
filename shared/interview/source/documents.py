"""Split the text of an interview into YAML documents and load each with the lines its keys stand on (spec/area4 §1).

YAML 1.2: only `true` and `false` are truth values, and a key may stand only once in a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from shared.interview.errors import Position, SourceError

_SEPARATOR = re.compile(r"^--- *$", re.MULTILINE)
_END_MARK = re.compile(r"^\.\.\. *$\s*\Z", re.MULTILINE)


class Mapping(dict[str, Any]):
    """A YAML mapping that knows the line of each of its keys and values, counted from 1 in its file."""

    line: int = 0

    def __init__(self, *pairs: Any) -> None:
        super().__init__(*pairs)
        self.key_lines: dict[Any, int] = {}
        self.value_lines: dict[Any, int] = {}

    def line_of(self, key: Any) -> int:
        """Where the key stands."""
        return self.key_lines.get(key, self.line)

    def value_line_of(self, key: Any) -> int:
        """Where the value begins: for a block of text, the line after the key."""
        return self.value_lines.get(key, self.line)

    def renamed(self, rename: dict[Any, str]) -> Mapping:
        """A copy with other keys, lines kept."""
        other = Mapping()
        other.line = self.line
        for key, value in self.items():
            new = rename.get(key, key)
            other[new] = value
            other.key_lines[new] = self.line_of(key)
            other.value_lines[new] = self.value_line_of(key)
        return other


class Sequence(list[Any]):
    """A YAML sequence that knows the line of each of its items."""

    def __init__(self, *items: Any) -> None:
        super().__init__(*items)
        self.line = 0
        self.lines: list[int] = []

    def line_of(self, place: int) -> int:
        """Where the item stands."""
        return self.lines[place] if place < len(self.lines) else self.line


@dataclass(frozen=True, slots=True)
class Document:
    """One block of an interview as written: `line` counts from 1."""

    line: int
    text: str


def split(text: str) -> Iterator[Document]:
    """The blocks of an interview: divided by lines of `---` wherever they stand, tabs turned into two spaces."""
    start, line = 0, 1
    text = text.replace("\t", "  ")
    for mark in [*_SEPARATOR.finditer(text), None]:
        piece = text[start : mark.start() if mark else len(text)]
        lead = piece.startswith("\n") and start > 0
        yield Document(line + (1 if lead else 0), _END_MARK.sub("", piece[1:] if lead else piece))
        if mark:
            line += text.count("\n", start, mark.end())
            start = mark.end()


def load(document: Document, file: str, block: str) -> Mapping | None:
    """The mapping of one block, its keys in lower case; None for a block that is empty.

    Raises SourceError with file, line and block when it is no YAML, no mapping, or has a key twice.
    """
    loader = YAML(typ="safe", pure=True)
    loader.Constructor = _constructor_from(document.line)
    try:
        data = loader.load(document.text)
    except DuplicateKeyError as error:
        raise SourceError(_duplicate(error), _position(error, document, file, block)) from error
    except MarkedYAMLError as error:
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise SourceError(f"This is not valid YAML: {problem}", _position(error, document, file, block)) from error
    except (YAMLError, ValueError, TypeError) as error:
        where = Position(file, document.line, block)
        raise SourceError(f"This is not valid YAML: {error}", where) from error
    if data is None:
        return None
    if not isinstance(data, Mapping):
        kind = "a list" if isinstance(data, list) else "a plain text"
        raise SourceError(
            f"A block has to be a mapping of keys to values, this is {kind}", Position(file, document.line, block)
        )
    return data.renamed({key: str(key).lower() for key in data})


def _duplicate(error: DuplicateKeyError) -> str:
    found = re.search(r'found duplicate key "?(.*?)"? with value', error.problem or "")
    return f"The key {found[1] if found else ''!r} stands twice in this mapping; each may stand only once"


def _position(error: MarkedYAMLError, document: Document, file: str, block: str) -> Position:
    mark = error.problem_mark or error.context_mark
    written = document.text.rstrip().count("\n")
    return Position(file, document.line + (min(mark.line, written) if mark else 0), block)


def _constructor_from(first_line: int) -> type[SafeConstructor]:
    """A constructor of Mapping and Sequence for a document that begins on this line."""

    class Constructor(SafeConstructor):
        def construct_yaml_map(self, node: MappingNode) -> Iterator[Mapping]:
            data = Mapping()
            data.line = first_line + node.start_mark.line
            yield data
            data.update(self.construct_mapping(node))
            for key_node, value_node in node.value:
                key = self.constructed_objects.get(key_node, key_node.value)
                try:
                    data.key_lines[key] = first_line + key_node.start_mark.line
                    data.value_lines[key] = first_line + _first_line(value_node)
                except TypeError:
                    continue

        def construct_yaml_seq(self, node: SequenceNode) -> Iterator[Sequence]:
            data = Sequence()
            data.line = first_line + node.start_mark.line
            yield data
            data.extend(self.construct_sequence(node))
            data.lines = [first_line + _first_line(item) for item in node.value]

    Constructor.add_constructor("tag:yaml.org,2002:map", Constructor.construct_yaml_map)
    Constructor.add_constructor("tag:yaml.org,2002:seq", Constructor.construct_yaml_seq)
    return Constructor


def _first_line(node: Node) -> int:
    is_block_text = isinstance(node, ScalarNode) and node.style in ("|", ">")
    return int(node.start_mark.line) + (1 if is_block_text else 0)
