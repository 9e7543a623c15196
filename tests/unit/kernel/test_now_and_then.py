"""What is done again and again goes on, whatever goes wrong."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from shared.kernel.clock import ManualClock
from shared.kernel.errors import ColloquyError
from shared.kernel.now_and_then import Errand, NowAndThen


class Work:
    """Raises what it is told to, one after the other, then does well."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.times = list(errors), 0

    async def __call__(self) -> int:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.times


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_goes_on_after_an_error_that_nobody_has_thought_of() -> None:
    clock, work = ManualClock(), Work(KeyError("an answer"))
    again = NowAndThen("count", work, every_seconds=10, clock=clock)
    await again.start()
    await settle()
    await clock.advance(10)
    await again.stop()
    assert work.times == 2


async def test_what_fails_again_and_again_is_left_alone_for_longer_and_longer() -> None:
    errand, work, rests = Errand("count"), Work(*(ValueError() for _ in range(9))), []
    for _ in range(10):
        await errand.attempt(work)
        rests.append(errand.rest_seconds)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60, 0]


async def test_a_loop_keeps_the_rest_after_faults() -> None:
    clock, work = ManualClock(), Work(*(ValueError() for _ in range(4)))
    again = NowAndThen("count", work, every_seconds=1, clock=clock)
    await again.start()
    await settle()
    for _ in range(15):
        await clock.advance(1)
    await again.stop()
    assert work.times == 5  # at 0, 1, 3, 7 and 15 seconds


async def test_what_is_lacking_for_once_is_a_warning_and_changes_no_pause() -> None:
    errand, work = Errand("count"), Work(ColloquyError("The database does not answer."))
    with capture_logs() as lines:
        assert await errand.attempt(work) is None
        assert errand.rest_seconds == 0
        assert await errand.attempt(work) == 2
    assert [(line["event"], line["log_level"], line["errand"]) for line in lines] == [
        ("service.errand_failed", "warning", "count")
    ]


async def test_a_fault_is_logged_with_its_way_through_the_program_and_without_its_text() -> None:
    with capture_logs() as lines:
        await Errand("count").attempt(Work(KeyError("an answer")), session="s1")
    (line,) = lines
    assert (line["event"], line["log_level"], line["error"]) == ("service.errand_broken", "error", "KeyError")
    assert line["session"] == "s1"
    assert "raise self.errors.pop(0)" in line["traceback"]
    assert "an answer" not in str(line)


async def test_an_end_ends_it() -> None:
    clock, work = ManualClock(), Work()
    again = NowAndThen("count", work, every_seconds=1, clock=clock)
    await again.start()
    await settle()
    await again.stop()
    await clock.advance(5)
    assert work.times == 1


async def test_where_many_do_it_the_first_time_comes_later() -> None:
    clock, work = ManualClock(), Work()
    again = NowAndThen("tidy", work, every_seconds=10, clock=clock, is_spread=True)
    await again.start()
    await settle()
    await clock.advance(4)
    assert work.times == 0
    await clock.advance(11)
    assert work.times == 1
    await again.stop()
