"""The tables this service owns."""

from __future__ import annotations

from pathlib import Path

from shared.storage.migrations import SchemaFolder

SCHEMA = SchemaFolder("scheduler", Path(__file__).with_name("migrations"))
