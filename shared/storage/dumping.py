"""A whole database as one file, and back, by PostgreSQL's own programs.

The password goes by the environment of the program, never by its arguments, which everybody on a machine can see.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from shared.kernel.errors import ColloquyError
from shared.storage.database import Database
from shared.storage.postgres_files import PostgresMissing, programs_for

_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)")
_SET = re.compile(rb"SET (\w+) = ")
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
    wanted: int = await database.fetchval(_MAJOR)
    for major, program in await _programs("pg_dump"):
        if major >= wanted:
            words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
            await _run(program, [*words, *(f"--schema={name}" for name in schemas)], url)
            return
    raise DumpProgramMissing(f"Install pg_dump of PostgreSQL {wanted} (Debian: postgresql-client-{wanted}).")


async def restore(database: Database, url: str, source: Path) -> None:
    """Bring a dump into an empty database, all or nothing; its server may be older than the one that was dumped.

    Raises DatabaseNotEmpty, DumpProgramMissing, DumpFailed.
    """
    if await database.fetch(_SCHEMAS):
        raise DatabaseNotEmpty
    server: int = await database.fetchval(_MAJOR)
    major, program = await _reader_of(source, server=server)
    plain = ["--no-owner", "--no-privileges"]
    if major <= server:
        await _run(program, [*plain, "--single-transaction", "--exit-on-error", str(source)], url)
        return
    # A newer pg_restore begins with settings that an older server refuses; what it would say goes by way of a file.
    known = {row["name"] for row in await database.fetch("select name from pg_settings")}
    with tempfile.TemporaryDirectory(dir=source.parent) as scratch:
        script = Path(scratch, "script.sql")
        await _run(program, [*plain, f"--file={script}", str(source)])
        _leave_out_settings(script, known)
        # psql beside pg_restore: the script has words that an older one does not know.
        words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]
        await _run(program.with_name("psql"), [*words, f"--file={script}"], url)


def _leave_out_settings(script: Path, known: Collection[str]) -> None:
    """Make a comment of each setting at the head of the script that is not among the `known`."""
    with script.open("r+b") as file:
        while (line := file.readline()) and not line.startswith(b"CREATE "):
            setting = _SET.match(line)
            if setting and setting[1].decode() not in known:
                file.seek(-len(line), os.SEEK_CUR)
                file.write(b"-- ")
                file.readline()


async def _reader_of(source: Path, *, server: int) -> tuple[int, Path]:
    """The pg_restore that understands the dump, with its release: best of the server's, else of one near to it."""
    found = [each for each in await _programs("pg_restore") if await _understands(each[1], source)]
    if not found:
        raise DumpProgramMissing("Install pg_restore and psql of the PostgreSQL that the backup is of, or newer ones.")
    return min(found, key=lambda each: (each[0] < server, abs(each[0] - server)))


async def _understands(program: Path, source: Path) -> bool:
    process = await asyncio.create_subprocess_exec(
        program, "--list", source, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


async def _programs(name: str) -> Sequence[tuple[int, Path]]:
    """Those there are, with their releases: that of the machine, then the one we bring."""
    found = [Path(one)] if (one := shutil.which(name)) else []
    with contextlib.suppress(PostgresMissing):
        found.append(programs_for().program(name))
    return [(await _major(program), program) for program in found if program.exists()]


async def _major(program: Path) -> int:
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    found = _VERSION.search(said)
    return int(found[1]) if found else 0


async def _run(program: Path, words: Sequence[str], url: str = "") -> None:
    """Run one to its end, on the database if there is one. Raises DumpFailed."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    plain = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{user}{place}"))
    process = await asyncio.create_subprocess_exec(
        program,
        *([f"--dbname={plain}"] if url else []),
        *words,
        env={"PGPASSWORD": unquote(parts.password)} if parts.password else {},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        raise DumpFailed(f"{program.name}: {said.decode(errors='replace').strip()[-1000:]}")
