"""The tables a turn touches."""

from __future__ import annotations

from pathlib import Path

import shared.bus
import shared.files
import shared.mailbox
import shared.people
import shared.stores
import shared.tasks
from services.mail.schema import SCHEMA as MAIL
from services.scheduler.schema import SCHEMA as SCHEDULER
from services.session.schema import SCHEMA
from shared.storage.migrations import SchemaFolder


def _folder(schema: str, package: object) -> SchemaFolder:
    return SchemaFolder(schema, Path(str(package.__file__)).with_name("migrations"))  # type: ignore[attr-defined]


ALL_SCHEMAS = (
    MAIL,
    SCHEMA,
    _folder("tasks", shared.tasks),
    _folder("bus", shared.bus),
    _folder("files", shared.files),
    _folder("stores", shared.stores),
    _folder("people", shared.people),
    SCHEDULER,
    _folder("mailbox", shared.mailbox),
)
