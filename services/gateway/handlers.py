"""What happened elsewhere and open pages must hear of."""

from __future__ import annotations

from services.gateway.live import Hub
from shared.bus.dispatch import HandlerTable
from shared.contracts.events import SessionChanged


async def on_session_changed(message: SessionChanged, *, hub: Hub) -> None:
    """Tell the pages that show this session."""
    hub.tell(message)


HANDLERS: HandlerTable = {SessionChanged: on_session_changed}
