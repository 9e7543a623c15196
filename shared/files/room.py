"""The room put together, for services that use it in process."""

from __future__ import annotations

from dataclasses import dataclass

from shared.crypto.keys import ServerKeys
from shared.files.contents import Contents
from shared.files.leftovers import Leftovers
from shared.files.port import ContentsMissing, ContentStore
from shared.files.store import Files
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import Clock
from shared.kernel.ids import new_code
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
    """The store that the settings name. Raises FilesUrlMalformed."""
    if not settings.files_url:
        return DirectoryStore(settings.files_folder)
    from shared.files.store_s3 import S3Place, S3Store  # its client takes memory that a directory does not need

    return S3Store(
        S3Place(
            url=settings.files_url,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
        )
    )


async def try_out(store: ContentStore) -> None:
    """Write a content, read it and remove it again. Raises StoreUnavailable, ContentsMissing."""
    location, said = new_code(32), b"tried out"
    async with store.writing(location) as writer:
        await writer.write(said)
    if await store.read(location, start=0, length=len(said)) != said:
        raise ContentsMissing
    await store.delete(location)
