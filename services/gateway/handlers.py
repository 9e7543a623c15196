"""What happened elsewhere and open pages must hear of."""

from __future__ import annotations

from services.gateway.feed import Feed
from services.gateway.live import Hub
from shared.bus.dispatch import HandlerTable
from shared.contracts.events import ActionFinished, SessionChanged, TaskProgressed


async def on_session_changed(message: SessionChanged, *, hub: Hub, feed: Feed) -> None:
    """Tell the pages that show this session, and programs that listen."""
    hub.tell(message)
    feed.changed(message)


async def on_action_finished(message: ActionFinished, *, feed: Feed) -> None:
    """Tell programs that listen."""
    feed.finished(message)


async def on_task_progressed(message: TaskProgressed, *, hub: Hub) -> None:
    """Move the bars on the pages that show its session."""
    hub.show(message)


HANDLERS: HandlerTable = {
    SessionChanged: on_session_changed,
    ActionFinished: on_action_finished,
    TaskProgressed: on_task_progressed,
}
