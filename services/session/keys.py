"""Who can open a session: its data keys, and their wraps for each holder (DESIGN §7, Keys).

A data key is random and belongs to one session and one generation. It is wrapped for the visitor's cookie, for the
user's key, and under the server key while `multi_user` is on. Turning `multi_user` off starts a new generation, so that
what is saved from then on is closed to the server, and open to who took part until then: each has left a public key,
for which whoever turns it off wraps the new key (spec/area2 §13 row 5). Steps are never rewritten.

`allow_unattended()` of an author adds wraps under the server key that are named for what they are meant for, and open
a session for nothing else: `open_unattended` is the only door that takes them.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

import structlog

from services.session.store import SERVER, UNATTENDED, StoredSession, StoredStep, Wrap
from shared.contracts.session import Unattended
from shared.contracts.visitor import LINK, KeyHolder, link_holder
from shared.crypto.aead import SealBroken, associated_data
from shared.crypto.answers import open_step, open_value, seal_step, seal_value
from shared.crypto.chain import UNKNOWN, RowPutBack, SessionRow, check_rows, rows_mac, step_mac
from shared.crypto.envelope import new_data_key, public_key_of, unwrap_under, wrap_for, wrap_under
from shared.crypto.keys import ServerKeys, ServerKeyUnknown
from shared.crypto.rotation import SealedColumn, wrapped
from shared.interview.runtime.outcomes import Header
from shared.kernel.ids import SessionId

log = structlog.get_logger()

_KEY_STEP_EVERY = 32
_WORTH_A_KEY_STEP = 0.2
"""A step whose difference is a larger share of its key step becomes a key step itself: of a session that grows by the
same amount at each step this stores least (docs/performance.md)."""
_SMALL_STEP_BYTES = 2048
_PUBLIC_KEY = "public key"


@dataclass(frozen=True, slots=True)
class DataKeys:
    """The opened data keys of one session. Seals and opens what is stored of it."""

    session_id: SessionId
    generation: int
    by_generation: Mapping[int, bytes] = field(repr=False)

    @property
    def current(self) -> bytes:
        """The key that everything written now is sealed with."""
        return self.by_generation[self.generation]

    def opens(self, stored: StoredSession) -> bool:
        """Whether these keys open the newest state of the session."""
        return self.generation in self.by_generation and all(
            step.generation in self.by_generation for step in stored.steps.values()
        )

    def next_generation(self) -> DataKeys:
        """With a new key for everything written from now on."""
        generation = self.generation + 1
        return DataKeys(self.session_id, generation, {**self.by_generation, generation: new_data_key()})

    def open_step(self, stored: StoredSession, number: int) -> bytes:
        """The plain answers of a loaded step. Raises SealBroken."""
        step = stored.steps[number]
        return self._open(step, self._dictionary(stored, step))

    def seal_step(self, answers: bytes, *, number: int, version: int, stored: StoredSession | None) -> StoredStep:
        """The stored form of a step that follows on what was loaded, or takes the place of it."""
        base = None if stored is None else self._base_for(stored, number)
        previous = self._previous_mac(stored, number)
        if base is not None and stored is not None:
            dictionary = self._open(base, None)
            data = self._seal(answers, number, version, dictionary, previous)
            if len(data) < max(_WORTH_A_KEY_STEP * len(base.data), _SMALL_STEP_BYTES):
                return StoredStep(number, version, self.generation, base.step, data, previous)
        data = self._seal(answers, number, version, None, previous)
        return StoredStep(number, version, self.generation, None, data, previous)

    def rows_mac(self, row: SessionRow, newest: StoredStep) -> bytes:
        """What holds a session's row, as it is to be stored, and its newest step together."""
        return rows_mac(row, newest, self.by_generation)

    def seal_value(self, plain: bytes, purpose: str, *ids: str | int) -> bytes:
        """Something smaller that is stored with the session: an outcome, a notice, a header."""
        return seal_value(plain, data_key=self.current, purpose=purpose, ids=(self.session_id, *ids))

    def open_value(self, sealed: bytes, purpose: str, *ids: str | int) -> bytes:
        """The plain bytes of such a value, sealed under any generation. Raises SealBroken."""
        for generation in sorted(self.by_generation, reverse=True):
            try:
                key = self.by_generation[generation]
                return open_value(sealed, data_key=key, purpose=purpose, ids=(self.session_id, *ids))
            except SealBroken:
                continue
        raise SealBroken

    def _base_for(self, stored: StoredSession, number: int) -> StoredStep | None:
        """The key step to compress against: the one the newest step hangs on, unless it is replaced or far away."""
        newest = stored.steps.get(min(number, stored.newest_step))
        if newest is None:
            return None
        base = stored.steps.get(newest.base_step) if newest.base_step is not None else newest
        if base is None or base.step >= number or number - base.step >= _KEY_STEP_EVERY:
            return None
        return base if base.generation == self.generation else None

    def _previous_mac(self, stored: StoredSession | None, number: int) -> bytes:
        """What a step names that is written under this number: what comes before it stays as it is."""
        if stored is None or number == 1:
            return b""
        if number > stored.newest_step:
            return step_mac(stored.steps[stored.newest_step], self.session_id, self.by_generation)
        named = stored.steps[number].previous_mac
        return UNKNOWN if named is None else named

    def _dictionary(self, stored: StoredSession, step: StoredStep) -> bytes | None:
        return None if step.base_step is None else self._open(stored.steps[step.base_step], None)

    def _open(self, step: StoredStep, dictionary: bytes | None) -> bytes:
        return open_step(
            step.data,
            data_key=self.by_generation[step.generation],
            session_id=self.session_id,
            step=step.step,
            version=step.version,
            generation=step.generation,
            dictionary=dictionary,
            previous_mac=step.previous_mac,
        )

    def _seal(self, answers: bytes, number: int, version: int, dictionary: bytes | None, previous_mac: bytes) -> bytes:
        return seal_step(
            answers,
            data_key=self.current,
            session_id=self.session_id,
            step=number,
            version=version,
            generation=self.generation,
            dictionary=dictionary,
            previous_mac=previous_mac,
        )


class SessionKeys:
    """Opens sessions for those who come with a key, and wraps data keys for them."""

    def __init__(self, *, server_keys: ServerKeys) -> None:
        self._server_keys = server_keys

    def new(self, session_id: SessionId) -> DataKeys:
        """Keys of a session that is being made."""
        return DataKeys(session_id, 1, {1: new_data_key()})

    def open(self, stored: StoredSession, holders: Sequence[KeyHolder]) -> DataKeys | None:
        """With the visitor's keys and, if the session is shared, the server's; None when they do not open it."""
        keys: dict[int, bytes] = {}
        secrets = {holder.holder: holder.key for holder in holders}
        for wrap in stored.wraps:
            if wrap.generation in keys:
                continue
            opened = None
            if wrap.holder == SERVER:
                opened = self._opened_by_server(stored, wrap)
            elif wrap.holder in secrets:
                opened = _unwrap(b64decode(secrets[wrap.holder]), wrap, stored.session_id)
            if opened is not None:
                keys[wrap.generation] = opened
        return self.of(stored, keys)

    def open_unattended(self, stored: StoredSession, why: Unattended) -> DataKeys | None:
        """While nobody is there: if the session is shared, or its author has allowed it for this; else None."""
        shared = self.of(stored, self._keys_for(stored, SERVER))
        if shared is not None:
            return shared
        keys = self.of(stored, self._keys_for(stored, SERVER, unattended_holder(why)))
        if keys is None or stored.header_sealed is None:
            return None
        # Somebody may have put a wrap back that the author has taken away: the answers say what is allowed now.
        header = Header.model_validate_json(keys.open_value(stored.header_sealed, "header"))
        return keys if why in header.unattended else None

    def _keys_for(self, stored: StoredSession, *holders: str) -> Mapping[int, bytes]:
        """What the server opens of these wraps, by generation."""
        keys: dict[int, bytes] = {}
        for wrap in stored.wraps:
            if wrap.holder in holders and wrap.generation not in keys:
                opened = self._opened_by_server(stored, wrap)
                if opened is not None:
                    keys[wrap.generation] = opened
        return keys

    def of(self, stored: StoredSession, by_generation: Mapping[int, bytes]) -> DataKeys | None:
        """From keys that were opened elsewhere (a task's grant); None when they do not open the newest state.

        Raises RowPutBack.
        """
        keys = DataKeys(stored.session_id, stored.generation, by_generation)
        if not keys.opens(stored):
            return None
        try:
            check_rows(stored, stored.steps, by_generation)
        except RowPutBack:  # an operator has to hear of it
            log.error("session.row_put_back", session=stored.session_id, version=stored.version)
            raise
        return keys

    def missing_wraps(self, keys: DataKeys, stored: StoredSession | None, holders: Sequence[KeyHolder]) -> list[Wrap]:
        """Wraps for holders who came along and have none yet: a user needs one, a cookie only without a user.

        What came with a link gets none: whoever makes somebody follow a link would choose what opens their session.
        """
        present = {(wrap.holder, wrap.generation) for wrap in stored.wraps} if stored else set()
        return [
            self._wrap(keys, holder, generation)
            for holder in _lasting(holders)
            for generation in keys.by_generation
            if (holder.holder, generation) not in present
        ]

    def missing_public_keys(
        self, keys: DataKeys, stored: StoredSession | None, holders: Sequence[KeyHolder]
    ) -> dict[str, bytes]:
        """Sealed public keys of the same holders, as far as they are not noted yet."""
        noted = stored.known_holders if stored else frozenset()
        return {
            one.holder: keys.seal_value(
                public_key_of(b64decode(one.key), session_id=keys.session_id), _PUBLIC_KEY, one.holder
            )
            for one in _lasting(holders)
            if one.holder not in noted
        }

    def wraps_for_absent(
        self, keys: DataKeys, public_keys: Mapping[str, bytes], holders: Sequence[KeyHolder]
    ) -> list[Wrap]:
        """Every key for those who take part and are not among `holders`; `public_keys` are sealed, by holder."""
        there = {one.holder for one in _lasting(holders)}
        wraps = []
        for holder, sealed in public_keys.items():
            if holder in there:
                continue
            try:
                public = keys.open_value(sealed, _PUBLIC_KEY, holder)
            except SealBroken:
                log.warning("session.public_key_not_opened", session=keys.session_id, holder=holder)
                continue
            for generation, data_key in keys.by_generation.items():
                wrapped = wrap_for(public, data_key, holder=holder, session_id=keys.session_id, generation=generation)
                wraps.append(Wrap(holder, generation, wrapped))
        return wraps

    def server_wraps(self, keys: DataKeys) -> list[Wrap]:
        """Every key under the server key: the session is shared from now on."""
        return [self._server_wrap(keys, SERVER, generation) for generation in keys.by_generation]

    def link_wraps(self, keys: DataKeys, stored: StoredSession | None, secret: str) -> list[Wrap]:
        """Wraps for the links that the interview has made to this session, as far as there are none yet."""
        if not secret:
            return []
        holder = link_holder(secret)
        present = {(wrap.holder, wrap.generation) for wrap in stored.wraps} if stored else set()
        return [
            self._wrap(keys, holder, generation)
            for generation in keys.by_generation
            if (holder.holder, generation) not in present
        ]

    def unattended_wraps(self, keys: DataKeys, stored: StoredSession | None, allowed: Collection[str]) -> list[Wrap]:
        """Wraps for what the author allows while nobody is there, as far as there are none yet."""
        present = {(wrap.holder, wrap.generation) for wrap in stored.wraps} if stored else set()
        return [
            self._server_wrap(keys, holder, generation)
            for holder in sorted(unattended_holders(allowed))
            for generation in keys.by_generation
            if (holder, generation) not in present
        ]

    def _server_wrap(self, keys: DataKeys, holder: str, generation: int) -> Wrap:
        place = _server_place(holder, keys.session_id, generation)
        wrapped, key_id = self._server_keys.wrap(keys.by_generation[generation], associated=place)
        return Wrap(holder, generation, wrapped, key_id)

    def _opened_by_server(self, stored: StoredSession, wrap: Wrap) -> bytes | None:
        """None when the row was changed: another wrap may open the session. Raises ServerKeyUnknown."""
        place = _server_place(wrap.holder, stored.session_id, wrap.generation)
        try:
            return self._server_keys.unwrap(wrap.wrapped, associated=place)
        except ServerKeyUnknown:
            raise  # an operator took a key away that is needed: nobody else can mend it
        except SealBroken:
            log.warning("session.wrap_not_opened", session=stored.session_id, holder=wrap.holder)
            return None

    def _wrap(self, keys: DataKeys, holder: KeyHolder, generation: int) -> Wrap:
        wrapped = wrap_under(
            b64decode(holder.key),
            keys.by_generation[generation],
            holder=holder.holder,
            session_id=keys.session_id,
            generation=generation,
        )
        return Wrap(holder.holder, generation, wrapped)


def _lasting(holders: Sequence[KeyHolder]) -> Sequence[KeyHolder]:
    """Who of them gets wraps: the user, or the cookie of somebody anonymous."""
    users = [holder for holder in holders if holder.holder.startswith("user:")]
    return users or [holder for holder in holders if not holder.holder.startswith(LINK)]


def _unwrap(holder_key: bytes, wrap: Wrap, session_id: SessionId) -> bytes | None:
    try:
        return unwrap_under(
            holder_key, wrap.wrapped, holder=wrap.holder, session_id=session_id, generation=wrap.generation
        )
    except SealBroken:
        return None


def unattended_holder(why: str) -> str:
    """How wraps are named that open a session for one purpose while nobody is there."""
    return f"{UNATTENDED}{why}"


def unattended_holders(allowed: Collection[str]) -> frozenset[str]:
    """The same for all that an author allows; what is no purpose of ours is left out."""
    return frozenset(unattended_holder(why) for why in get_args(Unattended) if why in allowed)


def _server_place(holder: str, session_id: SessionId, generation: int) -> bytes:
    return associated_data("data key", holder, session_id, generation)


SEALED = SealedColumn(
    table="session.wraps",
    column="wrapped",
    key=("session_id", "holder", "generation"),
    only=f"(holder = '{SERVER}' or holder like '{UNATTENDED}%')",
    seal_again=wrapped(lambda row: _server_place(row["holder"], SessionId(str(row["session_id"])), row["generation"])),
    key_id_column="key_id",
)
