"""The tables this service owns."""

from __future__ import annotations

from pathlib import Path

from shared.storage.migrations import SchemaFolder

SCHEMA = SchemaFolder("mail", Path(__file__).with_name("migrations"))
