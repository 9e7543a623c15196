"""What authors hand to document functions, as files on disk: file objects, documents in several formats, lists of
them, numbers of files, names of static files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from shared.interview.documents.convert import PICTURES, to_pdf
from shared.interview.documents.pdf import Piece
from shared.interview.library.faults import DAError
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.run import current_run

_KINDS = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/msword": "doc",
    "text/markdown": "md",
    "text/html": "html",
    "text/plain": "txt",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "image/svg+xml": "svg",
}


@dataclass(frozen=True, slots=True)
class FileAtPath:
    """One file that was given: where it is, what its owner calls it, and of what kind it is (an ending)."""

    path: Path
    name: str
    kind: str

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture."""
        return self.kind in PICTURES


def kind_of(filename: str, mimetype: str) -> str:
    """The ending that goes with a file: by its MIME type where that is clear, else by its name."""
    ending = PurePosixPath(filename).suffix.removeprefix(".").lower()
    return _KINDS.get(mimetype) or ending


def given_files(things: Iterable[Any], *, formats: tuple[str, ...], purpose: str) -> list[FileAtPath]:
    """All files that were given, in their order. Of a document in several formats the first of `formats` it has.

    Raises DAError for what is no file, and what seeks a file that is not made yet.
    """
    return [found for thing in things for found in _files(thing, formats, purpose)]


def _files(thing: Any, formats: tuple[str, ...], purpose: str) -> Iterator[FileAtPath]:
    from shared.interview.library.objects.dicts import DADict
    from shared.interview.library.objects.files import DAFile, DAFileCollection, DAStaticFile, mimetype_of
    from shared.interview.library.package_files import path_and_mimetype

    if isinstance(thing, DAFileCollection):
        yield from _files(thing._preferred(formats), formats, purpose)
    elif isinstance(thing, DAFile | DAStaticFile):
        path = thing.path()
        name = str(thing.__dict__.get("filename") or Path(path).name).rpartition(":")[2]
        yield FileAtPath(Path(path), PurePosixPath(name).name, kind_of(name, str(thing.__dict__.get("mimetype", ""))))
    elif isinstance(thing, Mapping | DADict):
        for item in thing.values():
            yield from _files(item, formats, purpose)
    elif isinstance(thing, str | Path | int) and not isinstance(thing, bool):
        path = str(thing)
        if isinstance(thing, Path) or (path.startswith("/") and Path(path).is_file()):
            found, mimetype = path, mimetype_of(path)
        else:
            found, mimetype = path_and_mimetype(thing)
        yield FileAtPath(Path(found), Path(found).name, kind_of(found, mimetype))
    elif isinstance(thing, Iterable) and not isinstance(thing, bytes):
        for item in thing:
            yield from _files(item, formats, purpose)
    elif thing is not None:
        raise DAError(f"{purpose}: {type(thing).__name__} is no file")


def as_pdf_piece(file: FileAtPath, *, password: str = "") -> Piece:
    """The file as a PDF. Raises NotConvertible, DocumentUnreadable and kin."""
    if file.kind == "pdf":
        return Piece(file.path, file.name, password)
    target = Path(tempfile.mkdtemp(prefix="as-pdf-"), "made.pdf")
    to_pdf(file.path, target, kind=file.kind, host=current_run().host, name=file.name)
    return Piece(target, file.name)


def new_file(
    output_to: Any, filename: Any, *, extension: str, mimetype: str, purpose: str, default: str = "file"
) -> Any:
    """The file object that a result goes into: `output_to`, or a new one with that name. Raises DAError."""
    from shared.interview.library.objects.files import DAFile
    from shared.interview.library.objects.naming import random_name

    name = PurePosixPath(str(filename or "").replace("\\", "/")).name or f"{default}.{extension}"
    if not name.lower().endswith(f".{extension}"):
        name = f"{name}.{extension}"
    if output_to is None:
        made = DAFile(random_name())
        made.initialize(filename=name, extension=extension, mimetype=mimetype)
        return made
    if not isinstance(output_to, DAFile):
        raise DAError(f"{purpose}: output_to is a DAFile, not a {type(output_to).__name__}")
    if "number" in output_to.__dict__ and not filename:
        name = PurePosixPath(str(output_to.filename)).stem + f".{extension}"
    become(output_to, name, extension, mimetype)
    return output_to


def become(file: DAObject, name: str, extension: str, mimetype: str) -> None:
    """Give a file another name and kind, or begin it under that name."""
    from shared.interview.library.file_desk import FileDesk

    if "number" not in file.__dict__:
        file.initialize(filename=name, extension=extension, mimetype=mimetype)
        return
    file.__dict__.update(filename=name, extension=extension, mimetype=mimetype, ok=True, initialized=True)
    FileDesk.of().rename(int(file.number), name, mimetype)
