"""How often one caller may do something: a bucket of tokens for each, in the memory of this process.

Several gateways count each for itself: the limits keep one caller from using up a process, not from asking at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import ceil

from services.gateway.security import RequestKind
from shared.kernel.clock import Clock
from shared.kernel.errors import Retryable

_MINUTE_SECONDS = 60.0
_MOST_CALLERS = 50_000


class TooManyRequests(Retryable):
    """Your network asked for more than this server takes at a time; nothing was changed. Wait a moment, then go on."""

    def __init__(self, retry_seconds: int = 1) -> None:
        super().__init__()
        self.retry_seconds = retry_seconds
        """After so many seconds the next request is taken."""


class KeyUsedTooOften(TooManyRequests):
    """This API key makes more calls than this server takes; nothing was changed. Wait as long as Retry-After says."""


class TokenBuckets:
    """Admits so many requests a minute of each kind, and as many at once after a pause; 0 or no number: all.

    Remembers the callers of late only: who comes back after `most_callers` others begins anew.
    """

    def __init__(
        self, *, per_minute: Mapping[RequestKind, int], clock: Clock, most_callers: int = _MOST_CALLERS
    ) -> None:
        self._per_minute, self._clock, self._most = dict(per_minute), clock, most_callers
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        """(kind, caller) → (tokens left, moment they were counted); the latest caller last."""

    async def admit(self, kind: RequestKind, caller: str) -> None:
        """Count one request of a kind. Raises TooManyRequests."""
        most = float(self._per_minute.get(kind, 0))
        if not most:
            return
        now, key = self._clock.monotonic(), (kind, caller)
        left, counted = self._buckets.pop(key, (most, now))
        left = min(most, left + (now - counted) * most / _MINUTE_SECONDS)
        is_admitted = left >= 1.0
        self._buckets[key] = (left - 1.0 if is_admitted else left, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        if not is_admitted:
            pause_seconds = ceil((1.0 - left) * _MINUTE_SECONDS / most)
            raise KeyUsedTooOften(pause_seconds) if kind == "api" else TooManyRequests(pause_seconds)
