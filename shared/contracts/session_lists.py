"""What people have to do with their sessions besides answering: lists, leaving them, the end of an account."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.contracts.base import Command, Reply, Sealed
from shared.contracts.session import INTERACTIVE
from shared.contracts.session_filter import Filter
from shared.contracts.visitor import Visitor
from shared.kernel.defaults import empty_dict


class ListSessions(Command, queue=INTERACTIVE):
    """A page of the sessions somebody takes part in, newest first."""

    visitor: Sealed[Visitor]
    tag: Sealed[str] = Sealed("")
    interview: str = ""
    """Only those of this interview."""
    after: str = ""
    """Where the page before ended."""
    limit: int = 100
    of_everybody: bool = False
    """All sessions of the server: for who may see them, which the gateway has checked."""
    shows_codes: bool = False
    """Also of sessions that they hold no key to: likewise."""
    condition: Sealed[Filter | None] = Sealed(None)
    """Only those it holds for."""


class SessionEntry(BaseModel):
    """One session in somebody's list."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    session_id: str
    interview: str
    code: str
    title: str = ""
    subtitle: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = empty_dict()
    """Of the interview, as it was when the session was saved."""
    started_at: AwareDatetime
    modified_at: AwareDatetime
    is_readable: bool = True
    """Whether they hold a key to it."""
    is_shared: bool = False
    user_id: str = ""
    """The number of an account that takes part, or `t<number>` of a browser."""
    email: str = ""
    """Of that account."""


class SessionPage(Reply):
    """Somebody's sessions."""

    entries: Sealed[tuple[SessionEntry, ...]]
    next_after: str = ""
    """Empty on the last page."""


class LeaveSessions(Command, queue=INTERACTIVE):
    """Somebody wants to have nothing to do with sessions any more. Those nobody else takes part in are deleted."""

    visitor: Sealed[Visitor]
    session_ids: tuple[str, ...] = ()
    """Empty: all of theirs."""
    of_everybody: bool = False
    """All sessions of the server, or those named, whoever takes part: for who may, which the sender has checked."""
    for_all: bool = False
    """They are deleted although others take part."""


class LeftSessions(Reply):
    """What became of it. With many sessions it takes several requests."""

    count: int = 0
    has_more: bool = False


class DeleteAccount(Command, queue=INTERACTIVE):
    """An account ends, with its sessions and what interviews keep for it. Who asks may: the sender has checked."""

    account_id: int
    for_all: bool = False
    """Its sessions end for others who take part, too."""


class DeletedAccount(Reply):
    """What became of it."""

    has_more: bool = False
    """There are so many sessions that not all are deleted yet: the account stays until it is asked for again."""
    problem: str = ""
    """Why it cannot be deleted."""
