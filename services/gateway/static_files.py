"""Give out files as browsers take them best: compressed once, and not again when the browser has them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import zstandard
from starlette.requests import Request
from starlette.responses import FileResponse, Response

_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/xml", "image/svg+xml")
_SMALLEST, _LARGEST = 200, 4 * 1024 * 1024
_MOST_KEPT_BYTES = 16 * 1024 * 1024
_GZIP = 31
"""The window of zlib that writes gzip's head and tail."""
_ZSTD_LEVEL = 19
_COMMENTS = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE)
"""Whole lines of comments, as our own scripts and style sheets have them."""
_INDENTS = re.compile(r"^[ \t]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file in the forms in which it is given out, by the name of the encoding."""

    bodies: dict[str, bytes]
    etag: str

    @property
    def size(self) -> int:
        return sum(len(body) for body in self.bodies.values())


class StaticFiles:
    """Answers with files; keeps what it has compressed in memory, what was asked for last."""

    def __init__(self, *, most_bytes: int = _MOST_KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Path, int, int], _Kept] = OrderedDict()
        self._bytes = 0

    async def answer(
        self, request: Request, path: Path, kind: str, headers: dict[str, str], *, is_ours: bool = False
    ) -> Response:
        """The file with its type and headers; 304 where the browser has it. The file must be there.

        A file that `is_ours` goes out compacted: safe where no text in it goes over several lines.
        """
        status = await asyncio.to_thread(path.stat)
        if not (kind.startswith(_COMPRESSIBLE) and _SMALLEST <= status.st_size <= _LARGEST):
            etag = _etag(f"{status.st_mtime_ns}-{status.st_size}".encode())
            if _has(request, etag):
                return Response(status_code=304, headers={**headers, "etag": etag})
            return FileResponse(path, media_type=kind, headers={**headers, "etag": etag}, stat_result=status)
        kept = await self._made((path, status.st_mtime_ns, status.st_size), is_ours)
        headers = {**headers, "vary": "accept-encoding", "etag": kept.etag}
        if _has(request, kept.etag):
            return Response(status_code=304, headers=headers)
        encoding = next((name for name in ("zstd", "gzip") if name in _taken(request)), "identity")
        if encoding != "identity":
            headers["content-encoding"] = encoding
        return Response(kept.bodies[encoding], media_type=kind, headers=headers)

    async def _made(self, key: tuple[Path, int, int], is_ours: bool) -> _Kept:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        kept = await asyncio.to_thread(_make, key[0], is_ours)
        if key not in self._kept:  # nobody has asked for it at the same time
            self._kept[key] = kept
            self._bytes += kept.size
        while self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size
        return kept


def _make(path: Path, is_ours: bool) -> _Kept:
    plain = path.read_bytes()
    if is_ours:
        plain = compacted(plain.decode()).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    bodies = {
        "identity": plain,
        "gzip": packer.compress(plain) + packer.flush(),
        "zstd": zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(plain),
    }
    return _Kept(bodies, _etag(plain))


def compacted(text: str) -> str:
    """A script or style sheet of ours without what is there for who reads it: indents, comments that fill lines."""
    return _INDENTS.sub("", _COMMENTS.sub("", text))


def _etag(content: bytes) -> str:
    """Weak, because the same file may go out compressed or not."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'


def _has(request: Request, etag: str) -> bool:
    return etag in (part.strip() for part in request.headers.get("if-none-match", "").split(","))


def _taken(request: Request) -> set[str]:
    """The encodings a browser takes."""
    taken = set()
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if not re.fullmatch(r"q=0(\.0*)?", weight.strip()):
            taken.add(name.strip())
    return taken
