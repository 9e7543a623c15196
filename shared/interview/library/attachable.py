"""The files that go with a mail: what authors name, as paths, names and kinds (spec/area3 §5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from shared.interview.errors import HostRefused
from shared.interview.library.faults import DAError
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.objects.files import DAFile, DAFileCollection, DAFileList, DAStaticFile, mimetype_of
from shared.interview.library.objects.lists import DAList
from shared.interview.library.package_files import package_file
from shared.interview.runtime.run import current_run

_ORDER = ("pdf", "docx", "rtf", "rtf_to_docx", "tex", "raw", "md", "html")
_SINGLE = (str, DAFile, DAStaticFile, DAFileList, DAFileCollection)


class NotAttachable(DAError):
    """Something that is to be attached is no file, or is not there."""


@dataclass(frozen=True, slots=True)
class Attachable:
    """A file that can be attached."""

    path: Path
    filename: str
    mimetype: str


def attachables(given: Any) -> list[Attachable]:
    """Every file, under a name no other has. Raises NotAttachable."""
    taken: set[str] = set()
    found = []
    for file in _files(given):
        name = _unused(file.filename, taken)
        found.append(Attachable(file.path, name, file.mimetype))
    return found


def _files(given: Any) -> Iterator[Attachable]:
    if given is None:
        return
    things = [given] if isinstance(given, _SINGLE) or not isinstance(given, Iterable) else list(given)
    for thing in things:
        yield from _of(thing)


def _of(thing: Any) -> Iterator[Attachable]:
    match thing:
        case DAFileList():
            for file in thing:
                yield from _of(file)
        case DAFileCollection():
            yield from _of(preferred_document(thing))
        case DAFile():
            if not thing.ok:
                raise NotAttachable(f"{thing.instanceName} has no contents")
            yield _stored(int(thing.number), str(thing.__dict__.get("filename") or ""))
        case DAStaticFile():
            yield _there(Path(thing.path()))
        case str():
            yield _named(thing.strip())
        case list() | tuple() | set() | DAList():
            raise NotAttachable(
                f"A {type(thing).__name__} within the list cannot be attached: put its files into the list itself"
            )
        case _:
            raise NotAttachable(f"A {type(thing).__name__} cannot be attached")


def preferred_document(collection: DAFileCollection) -> DAFile:
    """The document of a collection that others can read best. Raises NotAttachable."""
    for name in _ORDER:
        file = collection.__dict__.get(name)
        if isinstance(file, DAFile):
            return file
    raise NotAttachable(f"{collection.instanceName} holds no document")


def _named(reference: str) -> Attachable:
    """A number, `package:data/static/file`, or the name of a static file of the interview's package."""
    if reference.isdigit():
        return _stored(int(reference), "")
    package, colon, name = reference.rpartition(":")
    name = name if name.startswith("data/") else f"data/static/{name}"
    whole = f"{package if colon else current_run().interview.package}:{name}"
    return _there(package_file(whole, "static"))


def _stored(number: int, filename: str) -> Attachable:
    desk = FileDesk.of()
    try:
        path = desk.path(number, filename)
    except HostRefused as error:
        raise NotAttachable(error.message) from None
    return Attachable(path, path.name, desk.file(number).mimetype or mimetype_of(path.name))


def _there(path: Path) -> Attachable:
    return Attachable(path, path.name, mimetype_of(path.name))


def _unused(name: str, taken: set[str]) -> str:
    """`letter.pdf`, then `letter_001.pdf`, `letter_002.pdf` …"""
    parts, chosen, count = PurePosixPath(name), name, 0
    while chosen.lower() in taken:
        count += 1
        chosen = f"{parts.stem}_{count:03d}{parts.suffix}"
    taken.add(chosen.lower())
    return chosen
