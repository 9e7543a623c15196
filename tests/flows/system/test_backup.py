"""A backup is made while everything runs, the installation is destroyed, and its sessions open elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.flows.system.conftest import INTERVIEWS, command, until
from tests.releases import moving
from tests.sites import distributed_site, service_command

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """A backup, the keys, and the cookies of a browser. What they were taken from is gone."""
    kept = tmp_path_factory.mktemp("kept")
    commands = {name: service_command(name) for name in moving.WITHOUT_WORKER}
    with distributed_site(tmp_path_factory.mktemp("destroyed"), interviews=[INTERVIEWS], commands=commands) as site:
        cookies = moving.cookies_of(moving.live_in(site))
        moving.back_up(site, kept / "backup.tar")
        (kept / "server.keys").write_bytes(Path(site.environment["COLLOQUY_SERVER_KEY_FILE"]).read_bytes())
        again = command(site, "backup", str(kept / "backup.tar"))
        assert again.returncode == 1
        assert "takes the place of none" in again.stderr
        refused = command(site, "restore", str(kept / "backup.tar"))
        assert refused.returncode == 1
        assert "has tables already" in refused.stderr
    return kept / "backup.tar", kept / "server.keys", cookies


def test_sessions_files_and_tasks_go_on_elsewhere(taken: tuple[Path, Path, dict[str, str]], tmp_path: Path) -> None:
    backup, keys, cookies = taken
    with moving.moved(tmp_path, backup=backup, keys=keys) as site:
        sessions_go_on(site, cookies)


def sessions_go_on(site: moving.Site, cookies: dict[str, str]) -> None:
    own = moving.back_in(site, cookies, "names")
    own.open()
    assert own.shown == "What is your favorite color?"
    shared = moving.back_in(site, cookies, "vault")
    until(lambda: shared.open() and "6 letters" in shared.page, "The end of the task that was waiting")
    assert shared.shown == "Of quince"
    address = re.search(r"/uploadedfile/\d+/paper\.txt", shared.page)
    assert address is not None, shared.page
    assert shared.http.get(address[0]).content == b"about quince"


def test_without_its_keys_a_backup_is_not_brought_back(
    taken: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    backup, _, _ = taken
    settings = {
        "COLLOQUY_SERVER_KEY_FILE": str(tmp_path / "server.keys"),
        "COLLOQUY_DATA_DIR": str(tmp_path / "data"),
        "COLLOQUY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    nowhere = moving.Site(tmp_path, 0, {}, settings)
    assert command(nowhere, "keys", "create").returncode == 0
    refused = command(nowhere, "restore", str(backup))
    assert refused.returncode == 1
    assert "lacks" in refused.stderr
