"""Files go out compressed, are not sent again, and keep their meaning without the comments of our sources."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
import zstandard
from starlette.requests import Request
from starlette.responses import FileResponse

from services.gateway.rendering import STATIC
from services.gateway.static_files import StaticFiles, compacted

TEXT = "body { color: red; }\n" * 100


def request(**headers: str) -> Request:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": lines})


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.css"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "zstd"), ("gzip, zstd;q=0", "gzip"), ("gzip;q=0.0", None), ("", None)],
)
async def test_a_browser_gets_the_best_form_it_takes(sheet: Path, accepted: str, encoding: str | None) -> None:
    answer = await StaticFiles().answer(request(accept_encoding=accepted), sheet, "text/css", {})
    assert answer.headers.get("content-encoding") == encoding
    body = bytes(answer.body)
    unpack = {"zstd": zstandard.ZstdDecompressor().decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(body) == TEXT.encode()
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(body)


async def test_what_a_browser_has_is_not_sent_again_until_it_changes(sheet: Path) -> None:
    files = StaticFiles()
    first = await files.answer(request(accept_encoding="gzip"), sheet, "text/css", {})
    again = await files.answer(request(if_none_match=first.headers["etag"]), sheet, "text/css", {})
    assert (again.status_code, again.body) == (304, b"")
    sheet.write_text(TEXT + "p { color: blue; }")
    changed = await files.answer(request(if_none_match=first.headers["etag"]), sheet, "text/css", {})
    assert changed.status_code == 200
    assert b"blue" in changed.body


async def test_pictures_go_out_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"x" * 1000)
    files = StaticFiles()
    answer = await files.answer(request(accept_encoding="gzip"), path, "image/jpeg", {})
    assert isinstance(answer, FileResponse)
    assert "content-encoding" not in answer.headers
    again = await files.answer(request(if_none_match=answer.headers["etag"]), path, "image/jpeg", {})
    assert again.status_code == 304


async def test_only_so_much_is_kept_in_memory(tmp_path: Path) -> None:
    files = StaticFiles(most_bytes=3000)
    for number in range(5):
        path = tmp_path / f"{number}.css"
        path.write_text(TEXT)
        await files.answer(request(), path, "text/css", {})
    assert files._bytes <= 3000
    assert files._bytes == sum(kept.size for kept in files._kept.values())


def test_comments_that_fill_lines_and_indents_are_left_out_and_nothing_else() -> None:
    source = "// why\n/** What it\n * does. */\nconst a = 'http://x'; // here\n  // inner\n  b();\n/* c */ d();\n"
    assert compacted(source) == "const a = 'http://x'; // here\nb();\n/* c */ d();\n"


@pytest.mark.parametrize(
    "path", sorted((*STATIC.glob("js/*.js"), *STATIC.glob("css/*.css"))), ids=lambda path: path.name
)
def test_no_text_in_our_files_goes_over_several_lines(path: Path) -> None:
    """A line of it could look like a comment, and its indents would be missed."""
    plain = path.read_text(encoding="utf-8")
    inside = [text for text in re.findall(r"`[^`]*`", compacted(plain)) if "\n" in text]
    assert inside == []
