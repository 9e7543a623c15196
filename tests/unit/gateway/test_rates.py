"""One caller gets only so much; others are not touched by it."""

from __future__ import annotations

import pytest

from services.gateway.rates import TokenBuckets, TooManyRequests
from shared.kernel.clock import ManualClock


async def test_a_caller_is_refused_after_so_many_and_admitted_again_after_a_pause() -> None:
    clock = ManualClock()
    buckets = TokenBuckets(per_minute={"open": 6}, clock=clock)
    for _ in range(6):
        await buckets.admit("open", "a")
    with pytest.raises(TooManyRequests):
        await buckets.admit("open", "a")
    await clock.advance(10.0)
    await buckets.admit("open", "a")
    with pytest.raises(TooManyRequests):
        await buckets.admit("open", "a")


async def test_callers_and_kinds_are_counted_apart_and_a_kind_without_limit_is_not() -> None:
    buckets = TokenBuckets(per_minute={"open": 1}, clock=ManualClock())
    await buckets.admit("open", "a")
    await buckets.admit("open", "b")
    for _ in range(3):
        await buckets.admit("post", "a")


async def test_only_the_callers_of_late_are_remembered() -> None:
    buckets = TokenBuckets(per_minute={"open": 1}, clock=ManualClock(), most_callers=2)
    for caller in ("a", "b", "c"):
        await buckets.admit("open", caller)
    await buckets.admit("open", "a")
    with pytest.raises(TooManyRequests):
        await buckets.admit("open", "c")


async def test_who_is_refused_is_told_after_how_many_seconds_it_goes_on() -> None:
    clock = ManualClock()
    buckets = TokenBuckets(per_minute={"open": 6, "api": 3}, clock=clock)
    for kind, per_minute, pause_seconds in (("open", 6, 10), ("api", 3, 20)):
        for _ in range(per_minute):
            await buckets.admit(kind, "a")
        with pytest.raises(TooManyRequests) as refused:
            await buckets.admit(kind, "a")
        assert refused.value.retry_seconds == pause_seconds
        await clock.advance(pause_seconds - 0.5)
        with pytest.raises(TooManyRequests) as again:
            await buckets.admit(kind, "a")
        assert again.value.retry_seconds == 1
        await clock.advance(0.5)
        await buckets.admit(kind, "a")


async def test_a_key_that_calls_too_often_is_told_so_and_not_that_its_network_does() -> None:
    buckets = TokenBuckets(per_minute={"open": 1, "api": 1}, clock=ManualClock())
    told = {}
    for kind in ("open", "api"):
        await buckets.admit(kind, "a")
        with pytest.raises(TooManyRequests) as refused:
            await buckets.admit(kind, "a")
        told[kind] = str(refused.value)
    assert told["open"].startswith("Your network ")
    assert told["api"].startswith("This API key ")
