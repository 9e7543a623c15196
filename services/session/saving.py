"""What a turn saves: from a run's result to the rows of a commit. Pure but for sealing.

Decides which step is written, whether the session is shared with the server from now on, who gets a wrap, and whether
the session takes part in cron.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.session.keys import DataKeys, SessionKeys, unattended_holders
from services.session.names import SessionName
from services.session.operations import Keep
from services.session.store import SERVER, UNATTENDED, Commit, NewNote, StoredSession, Wrap
from shared.bus.outbox import OutboxColumns
from shared.contracts.visitor import Visitor
from shared.crypto.chain import PlainSessionRow
from shared.interview.runtime.effects import RevokeTask
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import CommandGiven, Header, RunFailed, RunResult, SaveMode


@dataclass(frozen=True, slots=True)
class Opened:
    """A session in the hands of a turn: loaded, and its keys opened; `stored` is None for one that is being made."""

    name: SessionName
    keys: DataKeys
    stored: StoredSession | None

    @property
    def version(self) -> int:
        """The version that was loaded; 0 before the first commit."""
        return self.stored.version if self.stored else 0

    @property
    def newest_step(self) -> int:
        """Number of the newest step; 0 before the first commit."""
        return self.stored.newest_step if self.stored else 0

    @property
    def is_multi_user(self) -> bool:
        """Whether the server may open the session, as it was loaded."""
        return self.stored is not None and self.stored.is_multi_user


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who may open the session after the turn."""

    keys: DataKeys
    is_multi_user: bool
    added_wraps: Sequence[Wrap]
    dropped_holders: Sequence[str] = ()
    public_keys: Mapping[str, bytes] = field(default_factory=dict)


def turns_sharing_off(opened: Opened, header: Header | None, visitor: Visitor) -> bool:
    """Whether the session is closed to the server from now on: it needs a visitor's key to be closed under."""
    return opened.is_multi_user and header is not None and not header.multi_user and bool(visitor.keys)


def save_mode(result: RunResult, blobs: Blobs, keep: Keep, opened: Opened) -> SaveMode:
    """How the result is kept, once the request has had its say."""
    if isinstance(result.outcome, RunFailed) or keep == "nothing":
        return "ignore"
    if result.save == "delete":
        return "delete"
    if keep == "back":
        return "overwrite"
    if "answers" not in blobs:
        return "ignore"
    if opened.stored is None or keep == "anew":
        return "overwrite"
    if keep == "in_place" and result.save == "new":
        return "overwrite"
    return result.save


def step_after(opened: Opened, keep: Keep, mode: SaveMode) -> int:
    """The number of the newest step after the turn."""
    if mode == "ignore":
        return opened.newest_step
    if keep == "anew" or opened.stored is None:
        return 1
    if keep == "back":
        return opened.newest_step - 1
    return opened.newest_step + 1 if mode == "new" else opened.newest_step


def sharing_after(
    opened: Opened,
    header: Header | None,
    visitor: Visitor,
    session_keys: SessionKeys,
    *,
    public_keys: Mapping[str, bytes],
) -> Sharing:
    """Follow `multi_user` (spec/area2 §2.7, §3.3) and `allow_unattended()`, and give wraps to holders who came along.

    `header` is that of the answers that are saved; None when they stay as they are. Turning `multi_user` off needs a
    visitor's key to close the session under; without one it stays shared until a visitor comes. The others who take
    part keep the session: `public_keys` are theirs, sealed, needed when `turns_sharing_off`.
    """
    is_multi_user = opened.is_multi_user if header is None else header.multi_user
    if turns_sharing_off(opened, header, visitor):
        sharing = _closed(opened, visitor, session_keys, public_keys)
    else:
        sharing = _sharing(opened, is_multi_user, visitor, session_keys)
    if header is None:
        return sharing
    wanted = unattended_holders(header.unattended)
    there = {wrap.holder for wrap in opened.stored.wraps} if opened.stored else set()
    gone = sorted(holder for holder in there - wanted if holder.startswith(UNATTENDED))
    added = session_keys.unattended_wraps(sharing.keys, opened.stored, header.unattended)
    if not sharing.is_multi_user:
        added += session_keys.link_wraps(sharing.keys, opened.stored, header.link_secret)
    if not gone and not added:
        return sharing
    return replace(
        sharing,
        added_wraps=(*sharing.added_wraps, *added),
        dropped_holders=(*sharing.dropped_holders, *gone),
    )


def _closed(opened: Opened, visitor: Visitor, session_keys: SessionKeys, public_keys: Mapping[str, bytes]) -> Sharing:
    keys = opened.keys.next_generation()
    wraps = session_keys.missing_wraps(keys, opened.stored, visitor.keys)
    wraps += session_keys.wraps_for_absent(keys, public_keys, visitor.keys)
    noted = session_keys.missing_public_keys(keys, opened.stored, visitor.keys)
    return Sharing(keys, False, wraps, dropped_holders=(SERVER,), public_keys=noted)


def _sharing(opened: Opened, is_multi_user: bool, visitor: Visitor, session_keys: SessionKeys) -> Sharing:
    keys, stored = opened.keys, opened.stored
    noted = session_keys.missing_public_keys(keys, stored, visitor.keys)
    if opened.is_multi_user:
        return Sharing(keys, True, (), public_keys=noted)
    wraps = session_keys.missing_wraps(keys, stored, visitor.keys)
    if is_multi_user:
        wraps += session_keys.server_wraps(keys)
    return Sharing(keys, is_multi_user, wraps, public_keys=noted)


def changes_nothing(
    result: RunResult, keep: Keep, mode: SaveMode, opened: Opened, sharing: Sharing, visitor: Visitor
) -> bool:
    """Whether there is nothing to commit: a second delivery may then run again without harm.

    Somebody who has signed in takes part by looking, and finds the session in their list; others by answering.
    """
    if isinstance(result.outcome, RunFailed) or (opened.stored is None and mode == "ignore"):
        return True
    if visitor.user.is_authenticated and joins(opened, visitor):
        return False
    if (
        result.effects
        or sharing.added_wraps
        or sharing.dropped_holders
        or sharing.is_multi_user != opened.is_multi_user
    ):
        return False
    if mode == "ignore":
        return True
    return (
        mode == "overwrite"
        and keep in ("as_run", "in_place")
        and opened.stored is not None
        and not result.is_changed
        and not result.is_visit
    )


def joins(opened: Opened, visitor: Visitor) -> bool:
    """Whether a visitor takes part in the session from now on; runs without one (tasks, timers) bring no keys."""
    return bool(visitor.keys) and (opened.stored is None or not opened.stored.is_attached)


def commit_of(
    *,
    opened: Opened,
    visitor: Visitor,
    result: RunResult,
    blobs: Blobs,
    mode: SaveMode,
    newest_step: int,
    sharing: Sharing,
    operation_id: str,
    outcome: bytes,
    messages: OutboxColumns,
    code_sealed: bytes,
    notes: Sequence[NewNote],
    now: datetime,
) -> Commit:
    """The rows of the turn. `outcome` is the packed reply that a second delivery gets."""
    stored, keys = opened.stored, sharing.keys
    version = opened.version + 1
    step = None
    if mode != "ignore" and "answers" in blobs:
        step = keys.seal_step(blobs["answers"], number=newest_step, version=version, stored=stored)
    header_sealed = keys.seal_value(result.header.as_kept(), "header") if step else None
    newest = step
    if newest is None and stored is not None:
        newest = stored.steps[newest_step]
    if newest is None:
        raise AssertionError("A session is made with its first step.")
    saved = PlainSessionRow(
        session_id=keys.session_id,
        version=version,
        newest_step=newest_step,
        generation=keys.generation,
        is_multi_user=sharing.is_multi_user,
        allow_cron=result.header.allow_cron if step or stored is None else stored.allow_cron,
        header_sealed=header_sealed or (stored.header_sealed if stored else None),
    )
    return Commit(
        session_id=keys.session_id,
        expected_version=opened.version,
        created_at=stored.created_at if stored else now,
        now=now,
        newest_step=newest_step,
        generation=keys.generation,
        is_multi_user=saved.is_multi_user,
        allow_cron=saved.allow_cron,
        header_sealed=header_sealed,
        step=step,
        rows_mac=keys.rows_mac(saved, newest) if step or (stored and stored.rows_mac) else None,
        operation_id=operation_id,
        outcome_sealed=keys.seal_value(outcome, "outcome", operation_id),
        added_wraps=sharing.added_wraps,
        dropped_holders=sharing.dropped_holders,
        public_keys=sharing.public_keys if visitor.keys else {},  # code of another session takes no part
        messages=messages,
        attached_user=visitor.user.the_user_id if joins(opened, visitor) else "",
        interview=opened.name.interview,
        code_hash=opened.name.code_hash,
        code_sealed=code_sealed,
        notes=notes if step else (),
    )


def asks_to_start_over(result: RunResult) -> bool:
    """A restart button or command: the same session goes on with fresh answers (spec/area2 §2.6)."""
    return isinstance(result.outcome, CommandGiven) and result.outcome.name == "restart"


def without_own_end(result: RunResult, task_id: str) -> RunResult:
    """The turn that takes a task's result in ends the task itself: what revokes it besides would undo the whole turn,
    again with every delivery, and whoever waits for the task would wait for ever.
    """
    kept = tuple(
        effect for effect in result.effects if not (isinstance(effect, RevokeTask) and effect.task_id == task_id)
    )
    return result if len(kept) == len(result.effects) else result.model_copy(update={"effects": kept})
