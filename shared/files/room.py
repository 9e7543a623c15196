"""The room put together, for services that use it in process."""

from __future__ import annotations

from dataclasses import dataclass

from shared.crypto.keys import ServerKeys
from shared.files.contents import Contents
from shared.files.leftovers import Leftovers
from shared.files.port import ContentStore
from shared.files.store import Files
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import Clock
from shared.kernel.settings import Settings
from shared.storage.database import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRoom:
    """Records and contents on one database and one store."""

    database: Statements
    store: ContentStore
    records: Files
    contents: Contents
    max_file_bytes: int

    @classmethod
    def of(
        cls, *, database: Statements, store: ContentStore, server_keys: ServerKeys, clock: Clock, max_file_bytes: int
    ) -> FileRoom:
        """From the parts a service has."""
        return cls(
            database=database,
            store=store,
            records=Files(server_keys=server_keys),
            contents=Contents(store=store, leftovers=Leftovers(database=database), clock=clock),
            max_file_bytes=max_file_bytes,
        )


def content_store(settings: Settings) -> ContentStore:
    """The store that the settings name."""
    return DirectoryStore(settings.files_folder)
