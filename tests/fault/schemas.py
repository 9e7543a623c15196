"""The tables a turn touches."""

from __future__ import annotations

from pathlib import Path

import shared.bus
import shared.files
import shared.tasks
from services.session.schema import SCHEMA
from shared.storage.migrations import SchemaFolder


def _folder(schema: str, package: object) -> SchemaFolder:
    return SchemaFolder(schema, Path(str(package.__file__)).with_name("migrations"))  # type: ignore[attr-defined]


ALL_SCHEMAS = (SCHEMA, _folder("tasks", shared.tasks), _folder("bus", shared.bus), _folder("files", shared.files))
