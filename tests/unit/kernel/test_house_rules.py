"""shared/kernel: ids, clock, errors, the life of a service, and where interviews are found."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from shared.kernel.clock import ManualClock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, new_id
from shared.kernel.interview_path import BadReference, InterviewPath, UnknownPackageFile
from shared.kernel.service import Service


class StaleThing(ColloquyError):
    """Another one was faster."""


class Recorded:
    def __init__(self, name: str, record: list[str], *, fails: str = "") -> None:
        self.name, self.record, self.fails = name, record, fails

    async def start(self) -> None:
        self.record.append(f"start {self.name}")
        if self.fails == "start":
            raise StaleThing("at the start")

    async def stop(self) -> None:
        self.record.append(f"stop {self.name}")
        if self.fails == "stop":
            raise StaleThing("at the end")


def test_ids_are_version_seven_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert {uuid.UUID(identity).version for identity in ids} == {7}
    assert len(set(ids)) == 50
    assert [identity[:13] for identity in ids] == sorted(identity[:13] for identity in ids)


def test_codes_are_letters_and_digits() -> None:
    assert len(new_code()) == 32
    assert new_code().isalnum()


def test_an_error_shows_its_docstring_and_its_detail() -> None:
    assert str(StaleThing("by 2")) == "Another one was faster. by 2"
    assert str(StaleThing()) == "Another one was faster."


async def test_sleepers_wake_in_the_order_they_are_due(clock: ManualClock) -> None:
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    await clock.advance(2)
    assert woken == [1, 2]
    await clock.advance(1)
    assert woken == [1, 2, 3]
    await asyncio.gather(*tasks)


async def test_components_start_in_order_and_stop_in_reverse() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record)])
    await service.start()
    await service.stop()
    assert record == ["start a", "start b", "stop b", "stop a"]


async def test_a_component_that_cannot_start_stops_those_before_it() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record, fails="start"), Recorded("c", record)])
    with pytest.raises(StaleThing):
        await service.start()
    assert record == ["start a", "start b", "stop b", "stop a"]


async def test_a_component_that_cannot_stop_does_not_keep_the_others() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record, fails="stop")])
    await service.start()
    await service.stop()
    assert record[-1] == "stop a"


@pytest.fixture
def path(tmp_path: Path) -> InterviewPath:
    for package in ("docs", "other"):
        folder = tmp_path / package / "data" / "questions"
        folder.mkdir(parents=True)
        (folder / "intake.yml").write_text("---\n")
    (tmp_path / "docs" / "data" / "static").mkdir()
    (tmp_path / "docs" / "data" / "static" / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.yml").write_text("---\n")
    return InterviewPath.of([tmp_path / "missing", tmp_path])


@pytest.mark.parametrize(
    "reference", ["docs:data/questions/intake.yml", "docs:intake.yml", "docs:questions/intake.yml"]
)
def test_an_interview_is_found_by_its_long_and_its_short_reference(path: InterviewPath, reference: str) -> None:
    assert path.find(reference).reference == "docs:data/questions/intake.yml"


def test_static_files_are_found_in_their_section(path: InterviewPath) -> None:
    assert path.find("docs:logo.svg", section="static").name == "logo.svg"


@pytest.mark.parametrize(
    "reference",
    ["docs:../../../secret.yml", "docs:data/questions/../../../../secret.yml", "..:x.yml", "intake.yml", "docs:"],
)
def test_no_reference_leaves_its_package(path: InterviewPath, reference: str) -> None:
    with pytest.raises((BadReference, UnknownPackageFile)):
        path.find(reference)


@pytest.mark.parametrize("reference", ["docs:nothing.yml", "nobody:intake.yml"])
def test_what_is_not_there_is_named(path: InterviewPath, reference: str) -> None:
    with pytest.raises(UnknownPackageFile, match=reference.partition(":")[0]):
        path.find(reference)


def test_all_interviews_of_the_path_are_listed_in_order(path: InterviewPath) -> None:
    assert [found.reference for found in path.interviews()] == [
        "docs:data/questions/intake.yml",
        "other:data/questions/intake.yml",
    ]
