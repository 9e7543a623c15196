"""Documents that are ZIP archives (DOCX, XLSX, ODT), opened within limits: a small file may unpack to terabytes."""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from shared.interview.documents.errors import DocumentLocked, DocumentTooLarge, DocumentUnreadable

MOST_BYTES = 256 * 1024**2
"""What an archive may unpack to, all members together."""
MOST_XML_BYTES = 32 * 1024**2
"""The size of one XML member: a tree of it takes some ten times as much memory."""
MOST_MEMBERS = 10_000
_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCKED_OFFICE = "EncryptedPackage\0".encode("utf-16-le")
_MOST_HEAD_BYTES = 1024
_MOST_DIRECTORY_BYTES = 1024**2
_DIRECTORY_ENTRY_BYTES = 128
_BEFORE_DTD = re.compile(r"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
"""What may stand before a DTD (XML 1.0 §2.8); behind the first tag there is none, but perhaps words of one."""
_BEGINNINGS = {
    _OLD_OFFICE: "a document of Office 97 to 2003, such as .doc",
    rb"{\rtf": "an RTF file",
    b"%PDF": "a PDF",
    b"<": "a page of HTML or XML",
}
_ARCHIVES = {
    b"application/vnd.oasis.opendocument": "an OpenDocument file, such as .odt",
    b"wordprocessingml.template.main": "a Word template (.dotx)",
    b"ms-word.template.macroEnabledTemplate.main": "a Word template with macros (.dotm)",
    b"ms-word.document.macroEnabled.main": "a Word file with macros (.docm)",
    b"spreadsheetml.sheet.main": "an Excel file",
    b"presentationml.presentation.main": "a PowerPoint file",
}
"""What an archive is that is no DOCX, by its kind of contents; those within it have no `main`."""


class Archive:
    """The members of a document. Raises DocumentUnreadable and DocumentTooLarge, here and in every method."""

    def __init__(self, path: Path, kind: str, *, name: str = "") -> None:
        self.name, self._kind = name or path.name, kind
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            _refuse_another_kind(path, kind, name=self.name)
            raise DocumentUnreadable(self.name, kind, str(error)) from error
        members = self._archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise DocumentTooLarge(self.name, f"it holds {len(members)} files, more than {MOST_MEMBERS}")
        if sum(member.file_size for member in members) > MOST_BYTES:
            raise DocumentTooLarge(self.name, f"it unpacks to more than {MOST_BYTES // 1024**2} MB")

    def __contains__(self, member: str) -> bool:
        return member in self._archive.NameToInfo

    @property
    def members(self) -> list[str]:
        """Their names."""
        return self._archive.namelist()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def read(self, member: str, *, limit_bytes: int = MOST_BYTES) -> bytes:
        """The contents of a member. The archive's own word on sizes is not trusted."""
        try:
            with self._archive.open(member) as file:
                contents = file.read(limit_bytes + 1)
        except KeyError as error:
            raise DocumentUnreadable(self.name, self._kind, f"{member} is missing") from error
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
            raise DocumentUnreadable(self.name, self._kind, str(error)) from error
        except Exception as error:  # zlib.error and kin, which are of each compression's own
            raise DocumentUnreadable(self.name, self._kind, f"{member}: {error}") from error
        if len(contents) > limit_bytes:
            raise DocumentTooLarge(self.name, f"{member} is larger than {limit_bytes // 1024**2} MB")
        return contents

    def xml(self, member: str) -> Any:
        """The tree of a member, without entities and without anything fetched."""
        from lxml import etree

        try:
            return etree.fromstring(self.read(member, limit_bytes=MOST_XML_BYTES), parser())
        except etree.XMLSyntaxError as error:
            raise DocumentUnreadable(self.name, self._kind, f"{member}: {error}") from error


def checked_archive(path: Path, kind: str, *, name: str = "") -> None:
    """See that an archive may be given to a library that unpacks without limits.

    Every member is unpacked once and counted, because what an archive says of its sizes may be a lie. What declares
    entities of its own is refused, as ECMA-376 part 2 §8.1.4 does: libraries would leave out their words.
    Raises DocumentUnreadable, DocumentTooLarge.
    """
    with Archive(path, kind, name=name) as archive:
        left = MOST_BYTES
        for member in archive.members:
            is_xml = member.lower().endswith((".xml", ".rels"))
            contents = archive.read(member, limit_bytes=min(left, MOST_XML_BYTES) if is_xml else left)
            left -= len(contents)
            if is_xml and _has_dtd(contents):
                raise DocumentUnreadable(archive.name, kind, f"{member} has a DTD, which no file of Office may have")


def _has_dtd(contents: bytes) -> bool:
    """Whether an XML file has a DTD. Its encoding is one of those that ECMA-376 part 2 §8.1.4 allows: UTF-8, UTF-16."""
    match contents[:2]:
        case b"\xff\xfe" | b"<\0":
            text = contents.decode("utf-16-le", "replace")
        case b"\xfe\xff" | b"\0<":
            text = contents.decode("utf-16-be", "replace")
        case _:
            text = contents.removeprefix(codecs.BOM_UTF8).decode("latin-1")  # markup is ASCII: other bytes are words
    text = text.removeprefix("\ufeff")
    before = _BEFORE_DTD.match(text)
    return before is not None and text.startswith("<!DOCTYPE", before.end())


def _refuse_another_kind(path: Path, kind: str, *, name: str) -> None:
    """Tell what a file is that is no archive, as far as its first bytes say.

    Raises DocumentLocked for Office files with a password, which are wrapped as the old ones were; DocumentUnreadable.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_MOST_HEAD_BYTES)
            is_locked = head.startswith(_OLD_OFFICE) and _holds_a_locked_document(file, head)
    except OSError:
        return
    if is_locked:
        raise DocumentLocked(name, advice="Use a copy without one.")
    found = next((what for beginning, what in _BEGINNINGS.items() if head.lstrip().startswith(beginning)), None)
    if found is not None:
        _refuse(name, kind, found)


def _holds_a_locked_document(file: BinaryIO, head: bytes) -> bool:
    """Whether the directory of a compound file ([MS-CFB] 2.2 and 2.6) names what [MS-OFFCRYPTO] 2.3.4.4 locks.

    The directory may stand anywhere; its further sectors are looked for behind the first one.
    """
    if len(head) < 52:
        return False
    (shift,), (first,) = struct.unpack_from("<H", head, 30), struct.unpack_from("<I", head, 48)
    file.seek((first + 1) * (4096 if shift == 12 else 512))  # there are no other sizes
    directory = file.read(_MOST_DIRECTORY_BYTES)
    return any(directory.startswith(_LOCKED_OFFICE, at) for at in range(0, len(directory), _DIRECTORY_ENTRY_BYTES))


def _refuse(name: str, kind: str, what: str) -> NoReturn:
    raise DocumentUnreadable(name, kind, f"it is {what}", advice=f"Open it in its program and save it as {kind}.")


def checked_word_file(path: Path, *, name: str = "") -> None:
    """As `checked_archive`, for what is to be a DOCX: its name may say so while it is something else."""
    checked_archive(path, "DOCX", name=name)
    with Archive(path, "DOCX", name=name) as archive:
        signs = b"".join(archive.read(member) for member in ("mimetype", "[Content_Types].xml") if member in archive)
        found = next((what for sign, what in _ARCHIVES.items() if sign in signs), None)
        if found is not None:
            _refuse(archive.name, "DOCX", found)


def parser() -> Any:
    """A parser of XML that expands nothing and fetches nothing."""
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
