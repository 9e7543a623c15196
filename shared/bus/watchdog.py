"""Keeps consumers consuming: after a server-side `basic.cancel` a client stays connected and gets nothing (DESIGN §4).

A cancelled or closed subscription is renewed at once. Besides, our consumers are compared with the broker's now and
then, for the case that nobody told us. Where renewing fails again and again although the broker answers, the process
is given up, so that whoever started it starts it anew: a service that looks alive and handles nothing is worse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from shared.bus.port import BusUnavailable
from shared.kernel.ending import end

log = structlog.get_logger()

PAUSES_SECONDS = (0.05, 0.2, 1.0, 2.0, 5.0, 10.0, 10.0)


class Subscription(Protocol):
    """One queue we consume, on the connection of the moment."""

    queue: str

    @property
    def is_wanted(self) -> bool:
        """Whether it is still to be kept: neither the bus nor its connection has ended."""
        ...

    async def renew(self) -> None:
        """Declare the queue and consume anew. Raises BusUnavailable."""
        ...

    async def consumers_at_broker(self) -> int | None:
        """How many consumers the broker counts on the queue; None when there is no such queue."""
        ...

    @property
    def consumers_here(self) -> int:
        """How many consumers of this process there are on it."""
        ...


class ConsumerWatchdog:
    """Renews subscriptions of one connection.

    `give_up` is called with a reason when a subscription could not be renewed.
    """

    def __init__(
        self,
        *,
        give_up: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]],
        pauses: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        self._give_up = give_up
        self._sleep = sleep
        self._pauses = pauses
        self._renewing: dict[Subscription, asyncio.Task[None]] = {}
        self._lost_again: set[Subscription] = set()

    def lost(self, subscription: Subscription, reason: str) -> None:
        """The broker cancelled this subscription or closed its channel."""
        if not subscription.is_wanted:
            return
        log.warning("bus.consumer_lost", queue=subscription.queue, reason=reason)
        if subscription in self._renewing:
            self._lost_again.add(subscription)
        else:
            task = asyncio.get_running_loop().create_task(self._renew(subscription))
            self._renewing[subscription] = task

    async def compare(self, subscriptions: Sequence[Subscription]) -> None:
        """Compare with the broker; what is missing there is lost. Raises BusUnavailable."""
        for subscription in subscriptions:
            if subscription.is_wanted and subscription not in self._renewing:
                there = await subscription.consumers_at_broker()
                if there is None:
                    self.lost(subscription, "The queue is gone.")
                elif there < subscription.consumers_here:
                    self.lost(subscription, f"The broker counts {there} of our {subscription.consumers_here}.")

    async def stop(self) -> None:
        """Renew nothing more."""
        await end(*self._renewing.values())

    async def _renew(self, subscription: Subscription) -> None:
        try:
            reason = ""
            for pause in self._pauses:
                if not subscription.is_wanted:
                    return
                self._lost_again.discard(subscription)
                try:
                    await subscription.renew()
                except BusUnavailable as error:
                    reason = error.detail
                else:
                    if subscription not in self._lost_again:
                        log.info("bus.consumer_renewed", queue=subscription.queue)
                        return
                    reason = "It was lost again at once."
                await self._sleep(pause)
            if subscription.is_wanted:
                log.critical("bus.consumer_gone", queue=subscription.queue, reason=reason)
                self._give_up(f"The queue {subscription.queue} could not be consumed again: {reason}")
        finally:
            self._renewing.pop(subscription, None)
