"""Programs that work on documents, each in a process of its own: real processes, scripts in the place of programs."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from shared.evaluation import landlock
from shared.evaluation.programs import Programs, ProgramSettings
from shared.interview.runtime.document_calls import ConvertDocument, FindProgram, ReadPicture

CALL = ConvertDocument(source="docx", target="pdf")


def programs(office: str = "none", **more: object) -> Programs:
    return Programs(ProgramSettings(office=office, tesseract="none", **more))  # type: ignore[arg-type]


async def test_nothing_is_made_where_there_is_no_program() -> None:
    answer, blobs = await programs().answer(CALL, {"contents": b"x"})
    assert (answer.is_made, answer.problem, blobs) == (False, "", {})


async def test_no_text_is_read_where_there_is_no_program() -> None:
    answer, _ = await programs().answer(ReadPicture(), {"contents": b"x"})
    assert (answer.is_made, answer.problem) == (False, "")


@pytest.mark.parametrize(("tesseract", "is_there"), [("none", False), ("/usr/bin/tesseract", True)])
async def test_program_is_found_without_running_it_or_waiting_for_room(tesseract: str, *, is_there: bool) -> None:
    settings = ProgramSettings(office="none", tesseract=tesseract, at_once=0)
    async with asyncio.timeout(10):
        answer, blobs = await Programs(settings).answer(FindProgram(), {})
    assert (answer.is_made, answer.problem, blobs) == (is_there, "", {})


async def test_what_the_program_made_comes_back(script: Callable[[str], str]) -> None:
    office = script('cat "$1" > "$out/document.pdf"')
    answer, blobs = await programs(office).answer(CALL, {"contents": b"a document"})
    assert (answer.is_made, answer.problem, blobs) == (True, "", {"contents": b"a document"})


async def test_program_that_hangs_is_killed_with_all_it_started(script: Callable[[str], str], tmp_path: Path) -> None:
    office = script("sleep 987654 & sleep 987654")
    answer, _ = await programs(office, limit_seconds=1.0).answer(CALL, {"contents": b"x"})
    assert answer.problem == "it took longer than 1 seconds"
    async with asyncio.timeout(30):
        while _runs("sleep\x00987654"):
            await asyncio.sleep(0.05)


async def test_failure_is_told_in_the_words_of_the_program(script: Callable[[str], str]) -> None:
    office = script("echo it is broken >&2; exit 3")
    answer, _ = await programs(office).answer(CALL, {"contents": b"x"})
    assert answer.problem.endswith("ended with an error: it is broken")


async def test_program_that_makes_nothing_is_no_success(script: Callable[[str], str]) -> None:
    answer, _ = await programs(script("true")).answer(CALL, {"contents": b"x"})
    assert answer.problem == "nothing came of it; the file may be damaged or protected by a password"


async def test_program_sees_nothing_of_the_server(
    script: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLOQUY_SECRET", "seen")
    office = script('env > "$out/document.pdf"')
    _, blobs = await programs(office).answer(CALL, {"contents": b"x"})
    assert b"COLLOQUY" not in blobs["contents"]


@pytest.mark.skipif(not landlock.version(), reason="This kernel has no file sandbox")
async def test_program_cannot_write_outside_its_folder(script: Callable[[str], str], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    office = script(f'echo x > {tmp_path}/out; ls {tmp_path} > "$out/document.pdf" 2>&1; true')
    await programs(office).answer(CALL, {"contents": b"x"})
    assert not (tmp_path / "out").exists()


async def test_gotenberg_is_asked_where_there_is_one() -> None:
    async with gotenberg(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n%PDF-1.4") as (url, asked):
        answer, blobs = await programs(gotenberg_url=url).answer(
            CALL.model_copy(update={"is_archival": True}), {"contents": b"words of the document"}
        )
    assert (answer.is_made, blobs) == (True, {"contents": b"%PDF-1.4"})
    assert asked[0].startswith(b"POST /forms/libreoffice/convert")
    assert b"words of the document" in asked[0]
    assert b"PDF/A-2b" in asked[0]


async def test_gotenberg_that_refuses_is_told() -> None:
    async with gotenberg(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n") as (url, _):
        answer, _blobs = await programs(gotenberg_url=url).answer(CALL, {"contents": b"x"})
    assert answer.problem == "the server for documents answered 503"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not on this machine")
async def test_libreoffice_converts_a_document_in_its_confinement() -> None:
    made, contents = docx.Document(), io.BytesIO()
    made.add_paragraph("Dear Sir")
    made.save(contents)
    settings = ProgramSettings(tesseract="none", limit_seconds=100)
    answer, blobs = await Programs(settings).answer(CALL, {"contents": contents.getvalue()})
    assert answer.problem == ""
    assert "Dear Sir" in PdfReader(io.BytesIO(blobs["contents"])).pages[0].extract_text()


@asynccontextmanager
async def gotenberg(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that takes one form and answers so; and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        asked.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def _runs(command: str) -> bool:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command in process.read_text():
                return True
        except OSError:
            continue
    return False
