"""What earlier releases have stored and sent is understood: their sessions open, their messages can be read.

Two releases run at once during an upgrade, and again when it is taken back: changes of messages only add.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.contracts.schema_changes import breaking_changes
from tests.flows.system.test_backup import sessions_go_on
from tests.releases import moving

RELEASES = sorted(path for path in Path(__file__).parent.iterdir() if (path / moving.BACKUP).is_file())


def test_there_is_something_of_an_earlier_release() -> None:
    assert RELEASES


@pytest.mark.timeout(600)
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_what_a_release_has_stored_goes_on_under_this_one(release: Path, tmp_path: Path) -> None:
    cookies = json.loads((release / moving.COOKIES).read_text())
    with moving.moved(tmp_path, backup=release / moving.BACKUP, keys=release / moving.KEYS) as site:
        sessions_go_on(site, cookies)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_messages_of_a_release_and_of_this_one_understand_each_other(release: Path) -> None:
    before = json.loads((release / moving.SCHEMAS).read_text())
    now = moving.schemas()
    messages = {name: schema for name, schema in before.items() if "asyncapi" not in name}
    assert breaking_changes(messages, now) == []  # type: ignore[arg-type]
