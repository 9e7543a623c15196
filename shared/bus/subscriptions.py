"""One queue consumed over one connection, renewed by the watchdog when the broker takes it away."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from shared.bus.amqp import Link, OnMessage, QueueDiffers, Subscribed
from shared.bus.topology import QueuePlan
from shared.bus.watchdog import ConsumerWatchdog

log = structlog.get_logger()


class BrokerSubscription:
    """A queue that is to be consumed for as long as its connection lasts; fits watchdog.Subscription."""

    def __init__(
        self,
        *,
        link: Link,
        plan: QueuePlan,
        prefetch: int,
        on_message: OnMessage,
        watchdog: ConsumerWatchdog,
        on_consuming: Callable[[], None] = lambda: None,
        on_counted: Callable[[int], None] | None = None,
    ) -> None:
        self.queue = plan.name
        self.shared_by = 1
        """How many subscriptions of this process there are to the same queue."""
        self._link = link
        self._plan = plan
        self._prefetch = prefetch
        self._on_message = on_message
        self._watchdog = watchdog
        self._on_consuming = on_consuming
        """Called whenever the queue begins to be consumed."""
        self._on_counted = on_counted
        """Told how many messages wait, whenever the broker is asked."""
        self._subscribed: Subscribed | None = None
        self._is_cancelled = False
        self._is_lost = False

    @property
    def is_wanted(self) -> bool:
        """Whether it is still to be kept."""
        return not self._is_cancelled and not self._link.ended.is_set()

    @property
    def is_consuming(self) -> bool:
        """Whether it is, as far as we know."""
        return not self._is_lost and self._subscribed is not None and self._subscribed.is_open

    @property
    def consumers_here(self) -> int:
        """How many consumers of this process there are on the queue."""
        return self.shared_by

    async def consumers_at_broker(self) -> int | None:
        """How many the broker counts; None when there is no such queue. Raises BusUnavailable."""
        found = await self._link.counts(self.queue)
        if found is None:
            return None
        consumers, ready = found
        if self._on_counted is not None:
            self._on_counted(ready)
        return consumers

    async def renew(self) -> None:
        """Declare the queue and consume it anew. Raises BusUnavailable."""
        old, self._subscribed = self._subscribed, None
        if old is not None:
            await old.close()
        await declare_queue(self._link, self._plan)
        # Only the newest subscription may call itself lost: closing an old one is no loss.
        newest: list[Subscribed] = []
        self._subscribed = await self._link.consume(
            self.queue,
            prefetch=self._prefetch,
            needs_acks=not self._plan.is_live,
            on_message=self._on_message,
            on_lost=lambda reason: self._lost(newest, reason),
        )
        newest.append(self._subscribed)
        self._is_lost = False
        self._on_consuming()

    def _lost(self, subscribed: list[Subscribed], reason: str) -> None:
        if not subscribed or subscribed[0] is self._subscribed:
            self._is_lost = True
            self._watchdog.lost(self, reason)

    async def cancel(self) -> None:
        """Get no more messages."""
        self._is_cancelled = True
        if self._subscribed is not None:
            await self._subscribed.cancel()


async def declare_queue(link: Link, plan: QueuePlan) -> None:
    """Declare a queue; one that an older release has declared otherwise is used as it is. Raises BusUnavailable."""
    try:
        await link.declare(plan)
    except QueueDiffers as error:
        log.warning("bus.queue_differs", queue=plan.name, reason=error.detail)
        await link.bind(plan)
