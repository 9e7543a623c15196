"""Read an interview and everything it includes into raw blocks with positions (spec/area4 §1.1, §1.2)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from collections.abc import Mapping as Mappings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Document, Mapping, Sequence, load, split
from shared.interview.source.jinja import MARK, preprocessed
from shared.interview.source.translations import BadTranslations, Translation, read_translations
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath, PackageFile

BASE_PACKAGE = "docassemble.base"
_ONLY_INCLUDES = frozenset({"comment", "include"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """One source file as it was when it was read: enough to notice that it changed."""

    path: Path
    modified_ns: int
    size: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The file as it is now."""
        status = path.stat()
        return cls(path, status.st_mtime_ns, status.st_size)

    def is_current(self) -> bool:
        """Whether the file is still the one that was read."""
        try:
            return Stamp.of(self.path) == self
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class RawBlock:
    """One block as data, not yet understood."""

    file: str
    """Canonical reference of the file it stands in."""
    package: str
    line: int
    number: int
    """Running number over the whole interview, from 1."""
    data: Mapping
    source: str

    @property
    def position(self) -> Position:
        """Where it stands, before it has a name."""
        return Position(self.file, self.line, f"block {self.number}")


@dataclass(slots=True)
class InterviewSource:
    """What reading gave: blocks in order, the files they came from, and what could not be read."""

    file: PackageFile
    blocks: list[RawBlock] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """The text of each file by its reference, as its lines are counted: after Jinja."""

    def line_at(self, position: Position | None) -> str:
        """The line of a position as its author wrote it, blanks around it gone; empty when it is in no file read."""
        lines = self.texts.get(position.file, "").splitlines() if position is not None else []
        return lines[position.line - 1].strip() if position is not None and 0 < position.line <= len(lines) else ""


def read_interview(reference: str, path: InterviewPath, config: Mappings[str, Any] | None = None) -> InterviewSource:
    """Read a whole interview; includes are processed in place, each file once. `config` is for Jinja2 in it.

    Problems of single blocks are collected, so that lint can name them all. Raises Refused (of the kernel) when
    the interview itself cannot be found.
    """
    found = path.find(reference)
    source = InterviewSource(found)
    _Reader(path, source, config or {}).read(found)
    return source


class _Reader:
    def __init__(self, path: InterviewPath, source: InterviewSource, config: Mappings[str, Any]) -> None:
        self._path, self._source, self._config = path, source, config
        self._seen: set[Path] = set()
        self._number = 0

    def read(self, file: PackageFile, *, parent: PackageFile | None = None) -> None:
        if file.path in self._seen:
            return
        self._seen.add(file.path)
        self._source.stamps.append(Stamp.of(file.path))
        try:
            documents = list(self._documents(file, parent or file))
        except SourceError as problem:
            self._source.problems.append(problem)
            return
        for document in documents:
            self._number += 1
            number = self._number
            try:
                data = load(document, file.reference, f"block {number}")
                if data is None:
                    self._number -= 1
                    continue
                block = RawBlock(file.reference, file.package, data.line, number, data, document.text)
                if "include" in data:
                    self._include(block, file)
                if not data.keys() <= _ONLY_INCLUDES:
                    self._source.blocks.append(block)
                if "translations" in data:
                    self._translations(block)
            except SourceError as problem:
                self._source.problems.append(problem)

    def _documents(self, file: PackageFile, parent: PackageFile) -> Iterator[Document]:
        try:
            text = file.path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceError(f"This file is not UTF-8 text: {error}", Position(file.reference, 1)) from error
        self._source.texts[file.reference] = text
        if text.startswith(MARK):
            text, used = preprocessed(
                text, file, self._path, parent=parent, interview=self._source.file, config=self._config
            )
            self._source.stamps += [Stamp.of(one.path) for one in used]
            self._source.texts[file.reference] = text
        return split(text)

    def _include(self, block: RawBlock, including: PackageFile) -> None:
        wanted = block.data["include"]
        names = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SourceError("`include` takes a file name or a list of file names", block.position)
        for place, name in enumerate(names):
            try:
                self.read(self._found(name.strip(), including, block), parent=including)
            except SourceError as problem:
                line = names.line_of(place) if isinstance(names, Sequence) else block.data.value_line_of("include")
                problem.position = Position(block.file, line, block.position.block)
                self._source.problems.append(problem)

    def _translations(self, block: RawBlock) -> None:
        wanted = block.data["translations"]
        for name in [wanted] if isinstance(wanted, str) else wanted or []:
            reference = str(name) if ":" in str(name) else f"{block.package}:{name}"
            try:
                file = self._path.find(reference, section="sources")
                self._source.stamps.append(Stamp.of(file.path))
                self._source.translations += read_translations(file.path)
            except (Refused, BadTranslations) as error:
                raise SourceError(f"The translations {name} cannot be read: {error}", block.position) from error

    def _found(self, name: str, including: PackageFile, block: RawBlock) -> PackageFile:
        for reference in _candidates(name, including):
            try:
                return self._path.find(reference)
            except Refused:
                continue
        raise SourceError(f"The included file {name} was not found", block.position)


def _candidates(name: str, including: PackageFile) -> Iterator[str]:
    if ":" in name:
        yield name
        return
    name = name.removeprefix("data/questions/")
    folder = posixpath.dirname(including.name)
    yield f"{including.package}:data/questions/{posixpath.join(folder, name)}"
    yield f"{including.package}:data/questions/{name}"
    yield f"{BASE_PACKAGE}:data/questions/{name}"
