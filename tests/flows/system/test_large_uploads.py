"""A large file on its way to a directory raises the memory of no process: neither the server's nor the interviews'."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.system.conftest import INTERVIEWS
from tests.flows.system.person import Person, encoded
from tests.flows.system.test_files_in_a_bucket import LARGE, MEBIBYTE, SPARE, forget_peak, peak
from tests.sites import Site, embedded_site


@pytest.fixture
def roomy_site(tmp_path: Path) -> Iterator[Site]:
    given = {"COLLOQUY_MAX_FILE_BYTES": str(LARGE + MEBIBYTE)}
    with embedded_site(tmp_path / "site", interviews=[INTERVIEWS], environment=given) as site:
        yield site


def python_processes(site: Site) -> dict[int, str]:
    """The server and everything that it has started in Python: the template of interview processes, and these."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status, command = (folder / "status").read_text(), (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:  # it has ended
            continue
        parent = re.search(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
        assert parent is not None
        parents[int(folder.name)], commands[int(folder.name)] = int(parent[1]), command.decode(errors="replace")
    found = {site.processes["colloquy"].pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: commands[pid] for pid in found if "python" in commands[pid]}


@pytest.mark.timeout(300)
def test_a_file_of_200_megabytes_raises_the_memory_of_no_process(roomy_site: Site, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    piece = hashlib.shake_256(b"film").digest(MEBIBYTE)
    with film.open("wb") as file:
        for _ in range(LARGE // MEBIBYTE):
            file.write(piece)
    person = Person(roomy_site.url, "large")
    person.http.timeout = httpx.Timeout(200)
    person.open()
    before = {pid: forget_peak(pid) for pid in python_processes(roomy_site)}
    assert len(before) > 2, "the server, the template of interview processes, and one of these"
    with film.open("rb") as file:
        files = [(encoded("film"), (film.name, file, "video/mp4"))]
        sent = person.http.post("/interview", params={"i": person.interview}, data=person.fields(), files=files)
    assert "Taken" in sent.text, sent.text[-2000:]
    address = re.findall(r"/uploadedfile/[^\s<\"&]+", sent.text)[0]
    size = 0
    with person.http.stream("GET", address) as answer:
        for part in answer.iter_bytes(MEBIBYTE):
            assert part in piece + piece
            size += len(part)
    assert size == LARGE
    largest = max(before.values())
    risen = {command: peak(pid) - before.get(pid, largest) for pid, command in python_processes(roomy_site).items()}
    assert all(more < SPARE for more in risen.values()), risen
