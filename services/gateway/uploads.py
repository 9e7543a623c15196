"""Files that come with a form: sealed and stored while they arrive, a chunk at a time.

Nothing of a file lies in clear, neither on a disk nor as a whole in memory. The control fields of our pages stand
before their inputs, so the first file is taken only when it is known whose page it comes from and which inputs take
files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from services.gateway.forms import CONTROL_FIELDS, FormUnreadable, Posted, posted_of
from services.gateway.security import BodyTooLarge
from shared.contracts.screen import Form
from shared.contracts.session import Upload
from shared.files.contents import FileTooLarge, Receiver, StoredContents
from shared.files.kinds import mimetype_of, safe_name
from shared.files.room import FileRoom

Admit = Callable[[Mapping[str, str]], Awaitable[frozenset[str]]]
"""Given the control fields that came before the first file: the names of inputs that take files. Raises a refusal."""

FILE_TYPES = frozenset({"file", "files", "camera", "user", "environment", "camcorder", "microphone"})

_MOST_FILES = 200
_LONGEST_HEADER = 8 * 1024
_SIGNATURE_INPUT = "_the_image"
_SIGNATURE_NAME = "canvas.png"
_PICTURE = "data:image/png;base64,"
_PNG = b"\x89PNG\r\n\x1a\n"

_Event = tuple[Literal["begin", "name", "value", "header", "headers", "data", "end"], bytes]


def has_files(request: Request) -> bool:
    """Whether the body may carry files."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def file_inputs(form: Form) -> frozenset[str]:
    """The inputs of a screen that take files."""
    return frozenset(one.input_name for one in form.fields if one.datatype in FILE_TYPES)


class UploadReader:
    """Reads forms with files, and the drawings of signature screens."""

    def __init__(self, *, room: FileRoom, max_fields: int, max_text_bytes: int) -> None:
        self._room, self._max_fields, self._max_text_bytes = room, max_fields, max_text_bytes

    async def read(self, request: Request, admit: Admit, *, with_digests: bool = False) -> Posted:
        """The form; `with_digests` with SHA-256 of each file, which takes as long again as sealing a large one.

        Raises FormUnreadable, BodyTooLarge, and what `admit` raises.
        """
        limits = {"max_fields": self._max_fields, "max_text_bytes": self._max_text_bytes}
        reading = _Reading(self._room, admit, with_digests=with_digests, **limits)
        try:
            async with AsyncExitStack() as stack:
                reading.stack = stack
                async for event in _events(request):
                    await reading.take(*event)
        except FileTooLarge as error:
            raise BodyTooLarge(error.detail) from None
        posted = posted_of(reading.texts, tuple(reading.uploads), max_fields=self._max_fields)
        return replace(posted, digests=tuple(reading.digests))

    async def signature(self, posted: Posted, form: Form) -> Upload | None:
        """The drawing of a signature screen, stored; None when nothing was drawn. Raises FormUnreadable."""
        drawn = next((one.value for one in posted.inputs if one.name == _SIGNATURE_INPUT), "")
        if not form.signature or not drawn:
            return None
        if not drawn.startswith(_PICTURE):
            raise FormUnreadable("The signature is not a picture.")
        try:
            picture = base64.b64decode(drawn.removeprefix(_PICTURE), validate=True)
        except binascii.Error:
            raise FormUnreadable("The signature is not base64.") from None
        if not picture.startswith(_PNG):
            raise FormUnreadable("The signature is not a picture.")
        stored = await self._room.contents.keep(picture, limit_bytes=self._room.max_file_bytes)
        return await _upload(self._room, _SIGNATURE_INPUT, _SIGNATURE_NAME, "image/png", stored)


@dataclass(slots=True)
class _Part:
    """One part of the body."""

    headers: dict[str, str] = field(default_factory=dict)
    header_name: bytes = b""
    header_value: bytes = b""
    name: str = ""
    filename: str | None = None
    text: bytearray = field(default_factory=bytearray)
    receiver: Receiver | None = None
    digest: hashlib._Hash | None = None
    stack: AsyncExitStack | None = None


class _Reading:
    """One body being read."""

    def __init__(
        self, room: FileRoom, admit: Admit, *, with_digests: bool, max_fields: int, max_text_bytes: int
    ) -> None:
        self._room, self._admit, self._with_digests = room, admit, with_digests
        self._max_fields, self._max_text_bytes = max_fields, max_text_bytes
        self._wanted: frozenset[str] | None = None
        self._part = _Part()
        self._text_bytes = 0
        self._file_bytes = 0
        self.stack: AsyncExitStack | None = None
        self.texts: list[tuple[str, str]] = []
        self.uploads: list[Upload] = []
        self.digests: list[bytes] = []

    async def take(self, kind: str, data: bytes) -> None:
        part = self._part
        match kind:
            case "begin":
                self._part = _Part()
            case "name":
                part.header_name += data
                _check_header(part)
            case "value":
                part.header_value += data
                _check_header(part)
            case "header":
                part.headers[part.header_name.decode("latin-1").lower()] = part.header_value.decode("utf-8", "replace")
                part.header_name = part.header_value = b""
            case "headers":
                await self._open(part)
            case "data":
                await self._data(part, data)
            case "end":
                await self._close(part)

    async def _open(self, part: _Part) -> None:
        _, options = parse_options_header(part.headers.get("content-disposition", ""))
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self.texts) >= self._max_fields:
                raise FormUnreadable(f"It has more than {self._max_fields} fields.")
            return
        part.filename = options[b"filename"].decode("utf-8", "replace")
        if not part.filename or part.name not in await self._inputs():
            return
        if len(self.uploads) >= _MOST_FILES:
            raise FormUnreadable(f"It has more than {_MOST_FILES} files.")
        assert self.stack is not None
        part.stack = await self.stack.enter_async_context(AsyncExitStack())
        part.digest = hashlib.sha256() if self._with_digests else None
        part.receiver = await part.stack.enter_async_context(self._room.contents.receiving())

    async def _inputs(self) -> frozenset[str]:
        if self._wanted is None:
            control = {name: value for name, value in self.texts if name in CONTROL_FIELDS}
            self._wanted = await self._admit(control)
        return self._wanted

    async def _data(self, part: _Part, data: bytes) -> None:
        if part.receiver is not None:
            self._file_bytes += len(data)
            if self._file_bytes > self._room.max_file_bytes:
                raise FileTooLarge(f"All files of a form together may have {self._room.max_file_bytes >> 20} MB.")
            if part.digest is not None:
                part.digest.update(data)
            await part.receiver.write(data)
        elif part.filename is None:
            self._text_bytes += len(data)
            if self._text_bytes > self._max_text_bytes:
                raise FormUnreadable("What was typed is too long.")
            part.text += data

    async def _close(self, part: _Part) -> None:
        if part.receiver is not None and part.stack is not None:
            await part.stack.aclose()
            name = safe_name(part.filename or "")
            kind = mimetype_of(name, part.receiver.head)
            self.uploads.append(await _upload(self._room, part.name, name, kind, part.receiver.stored))
            if part.digest is not None:
                self.digests.append(part.digest.digest())
        elif part.filename is None:
            self.texts.append((part.name, part.text.decode("utf-8", "replace")))


async def _upload(room: FileRoom, name: str, filename: str, mimetype: str, stored: StoredContents) -> Upload:
    return Upload(
        name=name,
        number=await room.records.next_number(room.database),
        filename=filename,
        mimetype=mimetype,
        location=stored.location,
        key_base64=base64.b64encode(stored.key).decode(),
        size_bytes=stored.size_bytes,
    )


def _check_header(part: _Part) -> None:
    if len(part.header_name) + len(part.header_value) > _LONGEST_HEADER or len(part.headers) > 20:
        raise FormUnreadable("The head of a part is too long.")


async def _events(request: Request) -> AsyncIterator[_Event]:
    """What the parser finds in the body, as it arrives."""
    _, options = parse_options_header(request.headers.get("content-type", ""))
    found: list[_Event] = []
    ended: list[bool] = []

    def told(kind: Any) -> Callable[[], None]:
        return lambda: found.append((kind, b""))

    def given(kind: Any) -> Callable[[bytes, int, int], None]:
        return lambda data, start, end: found.append((kind, data[start:end]))

    try:
        parser = MultipartParser(
            options.get(b"boundary", b""),
            {
                "on_part_begin": told("begin"),
                "on_header_field": given("name"),
                "on_header_value": given("value"),
                "on_header_end": told("header"),
                "on_headers_finished": told("headers"),
                "on_part_data": given("data"),
                "on_part_end": told("end"),
                "on_end": lambda: ended.append(True),
            },
        )
        async for chunk in request.stream():
            if chunk:
                parser.write(chunk)
            for event in found:
                yield event
            found.clear()
        parser.finalize()
    except MultipartParseError as error:
        raise FormUnreadable(str(error)) from None
    if not ended:
        raise FormUnreadable("Its end is missing.")
