"""Do together what is asked for at the same time: calls that come while one is under way go as one with the next.

A statement for ten rows costs little more than one for one row. Nobody waits for company, unless whoever made it knows
that company is coming: a call that finds nothing under way goes at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.kernel.errors import Retryable

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """`await together(item)` for many askers; `work` does several items at once and gives their results in order.

    What `work` raises, all of them get. When that is not a failure of the moment (Retryable), each is done once more on
    its own first, so that nobody suffers for another's item: `work` must not have done anything when it raises.

    While `expects` says that others will ask soon, a call waits for them: until there are `enough`, for
    `patience_seconds` at most.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int = 50,
        expects: Callable[[], bool] = lambda: False,
        enough: int = 50,
        patience_seconds: float = 0.0,
    ) -> None:
        self._work = work
        self._most = most
        self._expects, self._enough, self._patience_seconds = expects, enough, patience_seconds
        self._has_enough = asyncio.Event()
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._going: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """The item's result. An asker that is cancelled may find that it was done."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._waiting) >= self._enough:
            self._has_enough.set()
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return await answer

    async def _go(self) -> None:
        try:
            while self._waiting:
                await self._for_company()
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._do([(item, answer) for item, answer in batch if not answer.done()])
        finally:
            self._going = None
            for _, answer in self._waiting:  # only when this was cancelled, at the end of the process
                answer.cancel()
            self._waiting.clear()

    async def _for_company(self) -> None:
        if len(self._waiting) < self._enough and self._expects():
            self._has_enough.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_seconds):
                    await self._has_enough.wait()

    async def _do(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if not batch:
            return
        try:
            results = await self._work([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, answer in batch:
                answer.cancel()
            raise
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, Retryable):
                for each in batch:
                    await self._do([each])
                return
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), result in zip(batch, results, strict=True):
            if not answer.done():
                answer.set_result(result)
