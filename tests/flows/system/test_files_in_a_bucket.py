"""Files in an S3-compatible store, large ones among them: they take no memory on their way, and lie there sealed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from shared.files.store_s3 import S3Store
from tests import servers
from tests.flows.system.conftest import INTERVIEWS, answered, command, until
from tests.flows.system.person import Person, encoded
from tests.s3_server import LocalS3, local_s3
from tests.sites import Site, distributed_site

MEBIBYTE = 2**20
LARGE = 200 * MEBIBYTE
SPARE = 64 * MEBIBYTE
"""What a process may take for the parts that are under way; a content as a whole would be three times as much."""
CANARY = b"Bassoon7Ocelot"


@dataclass
class Kept:
    """A system whose files lie in a bucket."""

    site: Site
    s3: LocalS3

    def objects(self) -> list[str]:
        return re.findall(r"<Key>([^<]+)</Key>", self.s3.get("contents").decode())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("bucket")
    with local_s3(folder) as s3:
        given = {**s3.environment(), "COLLOQUY_MAX_FILE_BYTES": str(LARGE + MEBIBYTE)}
        with distributed_site(folder, interviews=[INTERVIEWS], environment=given) as site:
            yield Kept(site, s3)


def upload(kept: Kept, path: Path) -> tuple[Person, list[str]]:
    """Somebody who has uploaded a file, and the addresses it has on the page."""
    person = Person(kept.site.url, "large")
    person.http.timeout = httpx.Timeout(110)
    person.open()
    with path.open("rb") as file:
        sent = person.http.post(
            "/interview",
            params={"i": person.interview},
            data=person.fields(),
            files=[(encoded("film"), (path.name, file, "video/mp4"))],
        )
    assert "Taken" in sent.text, sent.text[-2000:]
    return person, re.findall(r"/(?:uploadedfile|tempfile)/[^\s<\"&]+", sent.text)


def test_a_file_lies_in_the_bucket_sealed_and_comes_back(kept: Kept, tmp_path: Path) -> None:
    film = tmp_path / "film.txt"
    film.write_bytes(b"before " + CANARY * 40_000)
    before = set(kept.objects())
    person, (address, temporary) = upload(kept, film)
    assert person.http.get(address).content == film.read_bytes()
    assert httpx.get(kept.site.url.rstrip("/") + temporary, timeout=90).content == film.read_bytes()
    part = person.http.get(address, headers={"range": "bytes=300000-300009"})
    assert (part.status_code, part.content) == (206, film.read_bytes()[300_000:300_010])
    (added,) = set(kept.objects()) - before
    sealed = servers.in_thread(lambda: S3Store(kept.s3.place()).read(added, start=0, length=MEBIBYTE))
    assert len(sealed) > film.stat().st_size
    assert CANARY not in sealed


def test_a_file_of_200_megabytes_raises_the_memory_of_no_process(kept: Kept, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    piece = hashlib.shake_256(b"film").digest(MEBIBYTE)
    with film.open("wb") as file:
        for _ in range(LARGE // MEBIBYTE):
            file.write(piece)
    processes = {name: kept.site.processes[name].pid for name in ("gateway", "session")}
    before = {name: forget_peak(pid) for name, pid in processes.items()}
    person, (address, _) = upload(kept, film)
    received, size = hashlib.sha256(), 0
    with person.http.stream("GET", address) as answer:
        for part in answer.iter_bytes(MEBIBYTE):
            received.update(part)
            size += len(part)
    assert size == LARGE
    assert received.digest() == hashlib.sha256(film.read_bytes()).digest()
    risen = {name: peak(pid) - before[name] for name, pid in processes.items()}
    assert all(more < SPARE for more in risen.values()), risen


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(kept: Kept, tmp_path: Path) -> None:
    before = set(kept.objects())
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(LARGE + 3 * MEBIBYTE)
    person = Person(kept.site.url, "large")
    person.open()
    with film.open("rb") as file:
        answer = person.http.post(
            "/interview",
            params={"i": person.interview},
            data=person.fields(),
            files=[(encoded("film"), ("film.mp4", file, "video/mp4"))],
        )
    assert answer.status_code == 413
    assert "MB" in answer.text
    until(lambda: set(kept.objects()) == before, "the end of what was refused")


def test_the_doctor_says_whether_the_bucket_can_be_used(kept: Kept) -> None:
    assert answered(kept.site, "doctor")["checks"]["files"] == ""
    away = replace(kept.site, environment={**kept.site.environment, "COLLOQUY_FILES_URL": "s3://elsewhere"})
    said = command(away, "doctor", "--json")
    assert said.returncode == 1
    assert "There is no such bucket." in json.loads(said.stdout)["checks"]["files"]


def forget_peak(pid: int) -> int:
    """Begin to measure a process anew; gives the bytes it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak(pid)


def peak(pid: int) -> int:
    """The most memory a process has had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
