"""shared/crypto/keys.py and envelope.py: the server's key ring, and who may open a session."""

from __future__ import annotations

import base64
import concurrent.futures
import stat
from pathlib import Path

import orjson
import pytest

from shared.contracts.base import Message, Sealed, Sealer
from shared.crypto.aead import KEY_SIZE, SealBroken, key_id_of
from shared.crypto.envelope import (
    new_data_key,
    unwrap_under,
    wrap_under,
)
from shared.crypto.keys import (
    KeyFile,
    KeyPrepared,
    KeyStillNeeded,
    ServerKeyExposed,
    ServerKeyMalformed,
    ServerKeyMissing,
    ServerKeys,
    ServerKeyUnknown,
)
from shared.kernel.clock import ManualClock
from shared.kernel.ids import random_bytes

LINE = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "server.keys"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


class Secret(Message):
    text: Sealed[str]


def test_a_key_file_is_made_once_and_only_we_can_read_it(path: Path) -> None:
    first = ServerKeys.load(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ServerKeys.load(path, create=True).key_ids == first.key_ids
    assert [entry.name for entry in path.parent.iterdir()] == ["server.keys"]


def test_services_that_start_at_once_agree_on_one_key(path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: ServerKeys.load(path, create=True), range(16)))
    assert len({ring.key_ids for ring in rings}) == 1


def test_a_missing_file_says_how_to_get_one(path: Path) -> None:
    with pytest.raises(ServerKeyMissing, match="COLLOQUY_SERVER_KEY_FILE"):
        ServerKeys.load(path)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o620])
def test_a_file_others_can_read_or_change_is_refused(path: Path, mode: int) -> None:
    with pytest.raises(ServerKeyExposed, match="chmod 600"):
        ServerKeys.load(written(path, f"k {LINE}\n", mode))


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_a_file_as_it_is_mounted_from_a_secret_is_accepted(path: Path, mode: int) -> None:
    assert ServerKeys.load(written(path, f"k {LINE}\n", mode)).key_ids == ("k",)


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "k nonsense\n", f"k {LINE[:20]}\n", f"k {LINE}\nk {LINE}\n", f"a/b {LINE}\n"]
)
def test_a_damaged_file_is_refused_without_showing_it(path: Path, text: str) -> None:
    with pytest.raises(ServerKeyMalformed) as caught:
        ServerKeys.load(written(path, text))
    assert "nonsense" not in str(caught.value)
    assert LINE[:20] not in str(caught.value)


def test_after_a_rotation_new_things_use_the_new_key_and_old_ones_still_open(path: Path) -> None:
    ring = ServerKeys.load(path, create=True)
    before = ring.transport.seal(b"before", purpose="message")
    new_id = ServerKeys.rotate(path)
    rotated = ServerKeys.load(path)
    assert rotated.key_ids == (new_id, *ring.key_ids)
    assert rotated.newest.key_id == new_id
    assert rotated.transport.open(before, purpose="message") == b"before"


def test_a_running_process_learns_of_a_rotation_by_itself(path: Path) -> None:
    running = ServerKeys.load(path, create=True)
    ServerKeys.rotate(path)
    sealed = ServerKeys.load(path).transport.seal(b"after", purpose="message")
    assert running.transport.open(sealed, purpose="message") == b"after"


async def test_a_running_process_seals_with_the_new_key_within_a_second(path: Path, clock: ManualClock) -> None:
    running = ServerKeys.load(path, create=True, clock=clock)
    new_id = ServerKeys.rotate(path)
    await clock.advance(1.0)
    assert key_id_of(running.transport.seal(b"x", purpose="message")) == new_id
    assert ServerKeys.load(path).signer.unsign(running.signer.sign(b"x", salt="page"), salt="page") == b"x"


def test_a_prepared_key_opens_and_seals_nothing_until_it_is_rotated_in(path: Path) -> None:
    first = ServerKeys.load(path, create=True).newest.key_id
    prepared = ServerKeys.prepare(path)
    assert ServerKeys.load(path).newest.key_id == first
    assert ServerKeys.look(path) == KeyFile((first, prepared), prepared, None)
    with pytest.raises(KeyPrepared):
        ServerKeys.prepare(path)
    assert ServerKeys.rotate(path) == prepared
    file = ServerKeys.look(path)
    assert (file.key_ids, file.prepared) == ((prepared, first), None)
    assert file.newest_since is not None


def test_only_older_keys_can_be_taken_out(path: Path) -> None:
    first = ServerKeys.load(path, create=True).newest.key_id
    newest = ServerKeys.rotate(path)
    prepared = ServerKeys.prepare(path)
    for key_id in (newest, prepared, "unknown"):
        with pytest.raises(KeyStillNeeded):
            ServerKeys.retire(path, [key_id])
    ServerKeys.retire(path, [first])
    assert ServerKeys.look(path).key_ids == (newest, prepared)


@pytest.mark.parametrize("mode", [0o600, 0o440])
def test_a_file_that_is_changed_keeps_its_mode(path: Path, mode: int) -> None:
    ServerKeys.load(path, create=True)
    path.chmod(mode)
    ServerKeys.rotate(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_key_that_was_taken_out_of_the_file_is_named(path: Path) -> None:
    sealed = ServerKeys([("gone", bytes(32))]).transport.seal(b"x", purpose="message")
    with pytest.raises(ServerKeyUnknown, match="gone"):
        ServerKeys.load(path, create=True).transport.open(sealed, purpose="message")


def test_what_was_sealed_for_one_purpose_does_not_open_for_another(server_keys: ServerKeys) -> None:
    sealed = server_keys.transport.seal(b"x", purpose="message")
    for sealer, purpose in ((server_keys.transport, "inbox"), (server_keys.at_rest, "message")):
        with pytest.raises(SealBroken):
            sealer.open(sealed, purpose=purpose)


def test_messages_leave_sealed_and_open_again(server_keys: ServerKeys) -> None:
    sealer: Sealer = server_keys.transport
    message = Secret(text=Sealed("the answer"))
    out = message.model_dump_json(context={"sealer": sealer})
    assert "the answer" not in out
    assert Secret.model_validate_json(out, context={"sealer": sealer}) == message


def test_a_tampered_message_is_refused(server_keys: ServerKeys) -> None:
    out = orjson.loads(Secret(text=Sealed("x")).model_dump_json(context={"sealer": server_keys.transport}))
    raw = bytearray(base64.b64decode(out["text"]["sealed"]))
    raw[-1] ^= 1
    out["text"]["sealed"] = base64.b64encode(raw).decode()
    with pytest.raises(SealBroken):
        Secret.model_validate(out, context={"sealer": server_keys.transport})


def test_a_data_key_wrapped_for_the_server_opens_for_its_place_only(server_keys: ServerKeys) -> None:
    data_key = new_data_key()
    wrapped, key_id = server_keys.wrap(data_key, associated=b"task 1")
    assert key_id == "test-1"
    assert server_keys.unwrap(wrapped, associated=b"task 1") == data_key
    with pytest.raises(SealBroken):
        server_keys.unwrap(wrapped, associated=b"task 2")


def test_a_data_key_opens_with_the_key_it_was_wrapped_under() -> None:
    key, data_key = random_bytes(KEY_SIZE), new_data_key()
    wrapped = wrap_under(key, data_key, holder="cookie:1", session_id="s", generation=1)
    assert unwrap_under(key, wrapped, holder="cookie:1", session_id="s", generation=1) == data_key


@pytest.mark.parametrize("change", [{"holder": "user:1"}, {"session_id": "t"}, {"generation": 2}])
def test_a_wrap_moved_to_another_row_is_refused(change: dict[str, object]) -> None:
    place: dict[str, object] = {"holder": "cookie:1", "session_id": "s", "generation": 1}
    key = random_bytes(KEY_SIZE)
    wrapped = wrap_under(key, new_data_key(), **place)  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        unwrap_under(key, wrapped, **{**place, **change})  # type: ignore[arg-type]


def test_another_key_opens_nothing() -> None:
    wrapped = wrap_under(random_bytes(KEY_SIZE), new_data_key(), holder="h", session_id="s", generation=1)
    with pytest.raises(SealBroken):
        unwrap_under(random_bytes(KEY_SIZE), wrapped, holder="h", session_id="s", generation=1)
