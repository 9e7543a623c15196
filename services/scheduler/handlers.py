"""One short function for every message the scheduler service works on."""

from __future__ import annotations

from shared.bus.dispatch import HandlerTable

HANDLERS: HandlerTable = {}
