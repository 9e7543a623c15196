"""Instances of LibreOffice that are started ahead: real processes; scripts where LibreOffice need not be there."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader
from structlog.testing import capture_logs

from shared.evaluation.confined import Order
from shared.evaluation.office import socket_places
from shared.evaluation.programs import Programs, ProgramSettings
from shared.interview.runtime.document_calls import ConvertDocument

CALL = ConvertDocument(source="docx", target="pdf")
WAITS = '[ -n "$out" ] || { sleep 987651; exit; }\n'
"""As an instance that was started without a document."""
SAYS_WHERE = WAITS + 'pwd > "$out/document.pdf"'
NEEDS_OFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not on this machine")


@pytest.fixture
def own_office() -> Iterator[str]:
    """LibreOffice by a name of this test's own."""
    with tempfile.TemporaryDirectory(prefix="office-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "soffice")
        path.symlink_to(shutil.which("soffice") or "")
        yield str(path)


Opened = Callable[..., Programs]
LEAVES = "import sys; from shared.evaluation.confined import leave_the_network; sys.exit(not leave_the_network())"


@pytest.fixture(scope="module")
def own_network() -> None:
    """Nothing waits where this kernel gives programs no network of their own."""
    if subprocess.run([sys.executable, "-c", LEAVES], check=False).returncode:
        pytest.skip("the kernel gives programs no network of their own here, so none is started ahead")


@pytest.fixture
async def opened(own_network: None) -> AsyncIterator[Opened]:
    """Programs that are stopped at the end."""
    made: list[Programs] = []

    def of(office: str, **more: object) -> Programs:
        wanted: dict[str, object] = {"office_spares": 1, "tesseract": "none", "limit_seconds": 60.0, **more}
        made.append(Programs(ProgramSettings(office=office, **wanted)))  # type: ignore[arg-type]
        return made[-1]

    yield of
    for programs in made:
        await programs.stop()


async def test_nothing_is_started_before_a_document_is_wanted(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office)
    await programs.start()
    assert (programs.spares, _instances(office)) == (0, {})


async def test_second_document_is_made_by_the_instance_that_waits(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office)
    await programs.start()
    first = await _place_of(programs)
    waiting = await _waiting(office)
    second = await _place_of(programs)
    assert second == waiting
    assert second != first


async def test_no_instance_serves_twice_and_each_leaves_nothing(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office)
    await programs.start()
    places = [await _place_of(programs)]
    for _ in range(3):
        await _waiting(office)
        places.append(await _place_of(programs))
    assert len(set(places)) == 4
    await programs.stop()
    assert [place for place in places if Path(place).exists()] == []


async def test_instance_that_dies_is_replaced(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office)
    await programs.start()
    await _place_of(programs)
    dead = await _waiting(office)
    for number in _instances(office):
        os.kill(number, signal.SIGKILL)
    other = await _waiting(office, but=dead)
    assert await _place_of(programs) == other


async def test_instances_that_keep_dying_are_not_started_for_ever(script: Callable[[str], str], opened: Opened) -> None:
    programs = opened(script('[ -n "$out" ] || exit 1\npwd > "$out/document.pdf"'))
    await programs.start()
    with capture_logs() as said:
        await _place_of(programs)
        async with asyncio.timeout(60):
            ended = -1
            while ended < len(said) or not said:  # until none ends any more
                ended = len(said)
                await asyncio.sleep(2.0)
    assert [one["in_a_row"] for one in said] == [1, 2, 3]
    assert await _place_of(programs)


async def test_document_whose_instance_died_that_moment_is_made_by_another(
    script: Callable[[str], str], opened: Opened
) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office)
    await programs.start()
    await _place_of(programs)
    dying = await _waiting(office)
    shutil.rmtree(dying)  # a keeper that ends takes its folder along before its end is heard of
    assert await _place_of(programs) not in ("", dying)


async def test_without_room_for_an_instance_the_author_is_told(
    script: Callable[[str], str], opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shared.evaluation.office.new_folder", full)
    answer, _ = await opened(script(SAYS_WHERE)).answer(CALL, {"contents": b"a document"})
    assert answer.problem == "LibreOffice could not be started"


def test_nothing_waits_where_others_could_find_its_socket(script: Callable[[str], str]) -> None:
    program = script("true")
    with tempfile.TemporaryDirectory(prefix="office-") as folder:
        order = Order(program=program, folder=folder, seconds=60, memory_bytes=2**32, ahead=[program, "ahead"])
        with subprocess.Popen(
            [sys.executable, "-c", _WITHOUT_A_NETWORK_OF_ITS_OWN, json.dumps(asdict(order))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as keeper:
            assert keeper.stdin is not None
            assert keeper.stdout is not None
            keeper.stdin.write(json.dumps([program]).encode() + b"\n")
            keeper.stdin.flush()
            said = [keeper.stdout.readline(), keeper.stdout.readline()]
            keeper.stdin.close()
        assert said == [f"{[program]}\n".encode(), b"0\n"]


_WITHOUT_A_NETWORK_OF_ITS_OWN = """
import json, sys
from shared.evaluation import confined
confined.leave_the_network = lambda: False
confined._start = lambda command, start=confined._start: print(command, flush=True) or start(command)
confined.main(confined.Order(**json.loads(sys.argv[1])))
"""


async def test_instance_that_hangs_over_a_document_is_killed(script: Callable[[str], str], opened: Opened) -> None:
    office = script(WAITS + '[ "$(cat "$1")" = hang ] && sleep 987652\npwd > "$out/document.pdf"')
    programs = opened(office, limit_seconds=5.0)
    await programs.start()
    await _place_of(programs)
    stuck = await _waiting(office)
    answer, _ = await programs.answer(CALL, {"contents": b"hang"})
    assert answer.problem == "it took longer than 5 seconds"
    await _gone(office, stuck)
    assert await _place_of(programs)


async def test_several_documents_at_once_each_have_their_own(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office, at_once=3)
    await programs.start()
    await _place_of(programs)
    await _waiting(office)
    places = await asyncio.gather(*(_place_of(programs) for _ in range(3)))
    assert len(set(places)) == 3


async def test_two_services_do_not_share_instances(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    one, other = opened(office), opened(office)
    await one.start()
    await other.start()
    await _place_of(one)
    waiting = await _waiting(office)
    assert await _place_of(other) != waiting
    assert await _place_of(one) == waiting


async def test_instances_are_let_go_when_nobody_wants_documents(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office, office_idle_seconds=2.0)
    await programs.start()
    await _place_of(programs)
    async with asyncio.timeout(60):
        while not programs.spares:
            await asyncio.sleep(0.05)
        while programs.spares or _instances(office):
            await asyncio.sleep(0.05)
    assert await _place_of(programs)


async def test_stop_leaves_no_instance(script: Callable[[str], str], opened: Opened) -> None:
    office = script(SAYS_WHERE)
    programs = opened(office, office_spares=2)
    await programs.start()
    await _place_of(programs)
    place = await _waiting(office)
    await programs.stop()
    assert not Path(place).exists()
    await _gone(office, place)
    assert await _place_of(programs)
    assert (programs.spares, _instances(office)) == (0, {})


@pytest.mark.parametrize("spares", [0, 1])
async def test_server_that_is_killed_leaves_no_instance(
    own_network: None, script: Callable[[str], str], spares: int
) -> None:
    office = script(SAYS_WHERE if spares else 'sleep 987653 & wait; pwd > "$out/document.pdf"')
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", _SERVER, office, str(spares))
    try:
        async with asyncio.timeout(60):
            while not _instances(office):
                assert server.returncode is None
                await asyncio.sleep(0.05)
    finally:
        server.kill()
        await server.wait()
    await _gone(office)


_SERVER = """
import asyncio, sys
from shared.evaluation.programs import Programs, ProgramSettings
from shared.interview.runtime.document_calls import ConvertDocument

async def main():
    settings = ProgramSettings(office=sys.argv[1], tesseract="none", office_spares=int(sys.argv[2]), limit_seconds=600)
    programs = Programs(settings)
    await programs.start()
    await programs.answer(ConvertDocument(source="docx", target="pdf"), {"contents": b"x"})
    await asyncio.sleep(600)

asyncio.run(main())
"""


@NEEDS_OFFICE
async def test_libreoffice_that_waits_converts_one_document_and_is_gone(own_office: str, opened: Opened) -> None:
    programs = opened(own_office)
    await programs.start()
    for words in ("Dear Sir", "Dear Madam", "Dear all"):
        answer, blobs = await programs.answer(CALL, {"contents": _letter(words)})
        assert answer.problem == ""
        assert words in PdfReader(io.BytesIO(blobs["contents"])).pages[0].extract_text()
        folder = await _listening(own_office)
    await programs.stop()
    assert not folder.exists()
    assert not _sockets(folder)


@NEEDS_OFFICE
async def test_libreoffice_that_waits_leaves_no_socket_when_the_server_is_killed(
    own_network: None, own_office: str
) -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", _SERVER, own_office, "1")
    try:
        folder = await _listening(own_office)
    finally:
        server.kill()
        await server.wait()
    async with asyncio.timeout(60):
        while _sockets(folder) or _keepers(own_office):
            await asyncio.sleep(0.05)


@NEEDS_OFFICE
async def test_libreoffice_that_waits_tells_of_a_damaged_document(own_office: str, opened: Opened) -> None:
    programs = opened(own_office)
    await programs.start()
    await programs.answer(CALL, {"contents": _letter("Dear Sir")})
    async with asyncio.timeout(60):
        while not programs.spares:
            await asyncio.sleep(0.05)
    answer, _ = await programs.answer(CALL, {"contents": b"PK\x03\x04 and no more"})
    assert answer.problem == "nothing came of it; the file may be damaged or protected by a password"


def _letter(words: str) -> bytes:
    made, contents = docx.Document(), io.BytesIO()
    made.add_paragraph(words)
    made.save(contents)
    return contents.getvalue()


async def _listening(office: str) -> Path:
    """The folder of a LibreOffice that waits, once it can be spoken to."""
    async with asyncio.timeout(120):
        while not (found := [folder for folder in _keepers(office) if _sockets(folder)]):
            await asyncio.sleep(0.05)
    return found[0]


def _sockets(folder: Path) -> list[Path]:
    return [place for place in socket_places(folder, {os.geteuid(), 64_646}) if place.exists()]


def _keepers(office: str) -> list[Path]:
    """The folders of all keepers for a program."""
    orders = [json.loads(words[-2]) for words in _commands().values() if "shared.evaluation.confined" in words]
    return [Path(order["folder"]) for order in orders if order["program"] == office]


async def _place_of(programs: Programs) -> str:
    """The folder in which a document was made."""
    answer, blobs = await programs.answer(CALL, {"contents": b"a document"})
    assert answer.problem == ""
    return blobs["contents"].decode().strip()


async def _waiting(office: str, *, but: str = "") -> str:
    """The folder of an instance that waits for a document."""
    async with asyncio.timeout(60):
        while not (places := set(_instances(office).values()) - {but}):
            await asyncio.sleep(0.05)
    return places.pop()


async def _gone(office: str, place: str = "") -> None:
    async with asyncio.timeout(60):
        while place in _instances(office).values() if place else _instances(office):
            await asyncio.sleep(0.05)


def _instances(office: str) -> dict[int, str]:
    """The instances of a program that were started without a document, by the folders of their profiles."""
    found = {}
    for number, words in _commands().items():
        if office in words[:3]:
            url = next(word for word in words if word.startswith("-env:UserInstallation=file://"))
            found[number] = str(Path(url.partition("file://")[2]).parent)
    return found


def _commands() -> dict[int, list[str]]:
    """The command lines of all processes."""
    found = {}
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            found[int(process.parent.name)] = process.read_text().split("\0")
    return found
