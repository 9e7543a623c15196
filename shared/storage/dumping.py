"""A whole database as one file, and back, by PostgreSQL's own programs.

The password goes by the environment of the program, never by its arguments, which everybody on a machine can see.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from shared.kernel.errors import ColloquyError
from shared.storage.database import Database
from shared.storage.postgres_files import PostgresMissing, programs_for

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")
_NOT_OURS = "'information_schema', 'public'"
_SCHEMAS = f"""
select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname not in ({_NOT_OURS}) order by nspname
"""  # noqa: S608  (made of constants)
_MAJOR = "select current_setting('server_version_num')::integer / 10000"


class DumpProgramMissing(ColloquyError):
    """PostgreSQL's own pg_dump and pg_restore are needed, not older than the server."""


class DumpFailed(ColloquyError):
    """PostgreSQL's program ended with an error:"""


class DatabaseNotEmpty(ColloquyError):
    """This database has tables already. Restore into an empty one: `createdb`, and COLLOQUY_DATABASE_URL."""


async def dump(database: Database, url: str, target: Path) -> None:
    """Write every schema of ours into `target`, as of one moment. Raises DumpProgramMissing, DumpFailed."""
    schemas = [row["nspname"] for row in await database.fetch(_SCHEMAS)]
    program = await _program("pg_dump", database)
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    await _run(program, [*words, *(f"--schema={name}" for name in schemas)], url)


async def restore(database: Database, url: str, source: Path) -> None:
    """Bring a dump into an empty database, all or nothing.

    Raises DatabaseNotEmpty, DumpProgramMissing, DumpFailed.
    """
    if await database.fetch(_SCHEMAS):
        raise DatabaseNotEmpty
    program = await _program("pg_restore", database)
    await _run(program, ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(source)], url)


async def _program(name: str, database: Database) -> Path:
    """One that is not older than the server: that of the machine, else the one we bring."""
    wanted: int = await database.fetchval(_MAJOR)
    found = [Path(one)] if (one := shutil.which(name)) else []
    with contextlib.suppress(PostgresMissing):
        found.append(programs_for().program(name))
    for program in found:
        if program.exists() and await _major(program) >= wanted:
            return program
    raise DumpProgramMissing(f"Install {name} of PostgreSQL {wanted} (Debian: postgresql-client-{wanted}).")


async def _major(program: Path) -> int:
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    found = _VERSION.search(said)
    return int(found[1]) if found else 0


async def _run(program: Path, words: list[str], url: str) -> None:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    plain = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{user}{place}"))
    process = await asyncio.create_subprocess_exec(
        program,
        f"--dbname={plain}",
        *words,
        env={"PGPASSWORD": unquote(parts.password)} if parts.password else {},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        raise DumpFailed(f"{program.name}: {said.decode(errors='replace').strip()[-1000:]}")
