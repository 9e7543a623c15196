"""An installation that moves: its backup is brought into an empty database, and five new services are started on it.

`python -m tests.releases.moving 0.2.0` keeps one of a release for ever, as tests/releases/0.2.0: a shared session with
a file and a task that waits, one of a single browser, the browser's cookies, the keys, and the schemas of all messages.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.contracts import catalog
from tests import servers
from tests.flows.system.conftest import INTERVIEWS, command
from tests.flows.system.person import Person
from tests.sites import SERVICES, Site, distributed_site, service_command, site_on

BACKUP, KEYS, COOKIES, SCHEMAS = "backup.tar", "server.keys", "cookies.json", "schemas.json"
PATIENT = {"COLLOQUY_BROWSER_SESSIONS_KEPT_DAYS": "36500", "COLLOQUY_INTERVIEW_DELETE_DAYS": "0"}
"""What was stored years ago is not to be tidied away when it is brought back."""
WITHOUT_WORKER = [name for name in SERVICES if name != "worker"]


def live_in(site: Site) -> Person:
    """Leave what is to be found again: two sessions of one browser, and a task that nobody has begun."""
    person = Person(site.url, "names")
    person.open()
    person.answer(first_name="Ann")
    shared = Person(site.url, "vault")
    shared.http.cookies = person.http.cookies
    shared.open()
    shared.answer(fruit="quince")
    assert shared.shown == "Of quince"
    assert "waiting" in shared.page
    return shared


def cookies_of(person: Person) -> dict[str, str]:
    return {cookie.name: cookie.value or "" for cookie in person.http.cookies.jar}


def back_up(site: Site, target: Path) -> None:
    """What an operator does, while everything runs."""
    done = command(site, "backup", str(target))
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def moved(folder: Path, *, backup: Path, keys: Path) -> Iterator[Site]:
    """Five services on an empty database, into which the backup was brought, with servers that know nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(keys, folder / "server.keys")
    (folder / "server.keys").chmod(0o600)
    with (
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_redis(folder / "redis-server") as redis_url,
        servers.own_vhost() as amqp_url,
    ):
        before = Site(folder, 0, {}, {**_common(folder), "COLLOQUY_DATABASE_URL": database_url})
        done = command(before, "restore", str(backup))
        assert done.returncode == 0, done.stderr + done.stdout
        with site_on(
            folder,
            interviews=[INTERVIEWS],
            commands={name: service_command(name) for name in SERVICES},
            database_url=database_url,
            redis_url=redis_url,
            amqp_url=amqp_url,
            environment=PATIENT,
        ) as site:
            yield site


def _common(folder: Path) -> dict[str, str]:
    return {"COLLOQUY_DATA_DIR": str(folder / "data"), "COLLOQUY_SERVER_KEY_FILE": str(folder / "server.keys")}


def back_in(site: Site, cookies: dict[str, str], interview: str) -> Person:
    """The same browser, at the new address."""
    person = Person(site.url, interview)
    for name, value in cookies.items():
        person.http.cookies.set(name, value, domain="127.0.0.1")
    return person


def schemas() -> dict[str, object]:
    """The JSON Schemas of all messages, as they are committed."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(catalog.SCHEMAS.glob("*.json"))}


def keep(release: str) -> None:
    """Write the folder of a release."""
    kept = Path(__file__).parent / release
    kept.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        commands = {name: service_command(name) for name in WITHOUT_WORKER}
        with distributed_site(Path(scratch), interviews=[INTERVIEWS], commands=commands) as site:
            person = live_in(site)
            back_up(site, kept / BACKUP)
            shutil.copy(site.environment["COLLOQUY_SERVER_KEY_FILE"], kept / KEYS)
            (kept / COOKIES).write_text(json.dumps(cookies_of(person), indent=2))
    (kept / SCHEMAS).write_text(json.dumps(schemas(), sort_keys=True, separators=(",", ":")))


if __name__ == "__main__":
    keep(sys.argv[1])
