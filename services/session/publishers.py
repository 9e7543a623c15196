"""Which service may run which actions on which interviews: the only writer of `session.publishers`. Default: none.

`*` in an entry stands for any letters. What is refused to everybody stands here, too: actions of the language itself,
and those that time and mail start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.visitor import UserFacts
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed
from shared.storage.database import Statements

_FIND = "select interview, action from session.publishers where publisher = $1"
_ALLOW = """
insert into session.publishers (publisher, interview, action, created_at) values ($1, $2, $3, $4)
on conflict do nothing
"""
_FORBID = """
delete from session.publishers where publisher = $1 and ($2 = '' or interview = $2) and ($3 = '' or action = $3)
"""
_ALL = "select publisher, interview, action from session.publishers order by publisher, interview, action"

_NAME = re.compile(r"[A-Za-z0-9._@:+-]{1,100}\Z")
_ACTION = re.compile(r"[^\W\d]\w{0,199}\Z")
_RESERVED = frozenset({"need", "incoming_email", "incoming_text"})
_UID = "publisher:"


class BadPublisher(Malformed):
    """A publisher is named by letters, digits and `. _ @ : + -`, an action by the name of an event block."""


@dataclass(frozen=True, slots=True)
class Permit:
    """One entry of the list."""

    publisher: str
    interview: str
    action: str

    def covers(self, interview: str, action: str) -> bool:
        """Whether this lets an action of an interview be run."""
        return _fits(self.interview, interview) and _fits(self.action, action)


class Publishers:
    """The list of what other services may ask for."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def refusal(self, statements: Statements, publisher: str, interview: str, action: str) -> str | None:
        """Why this may not be asked for; None when it may."""
        if not publisher:
            return "Its publisher is not known: set the property user_id to the user of the connection."
        if not is_open(action):
            return "No service may ask for an action of this name."
        rows = await statements.fetch(_FIND, publisher)
        if any(Permit(publisher, row["interview"], row["action"]).covers(interview, action) for row in rows):
            return None
        return "This publisher may not run this action on this interview: `colloquy publishers allow` lets it."

    async def allow(self, statements: Statements, permit: Permit) -> None:
        """Add an entry. Raises BadPublisher."""
        named = permit.action.replace("*", "x") if "*" in permit.action else permit.action
        if not is_name(permit.publisher) or not permit.interview or not _ACTION.match(named):
            raise BadPublisher
        await statements.execute(_ALLOW, permit.publisher, permit.interview, permit.action, self._clock.now())

    async def forbid(self, statements: Statements, permit: Permit) -> int:
        """Remove entries; an empty interview or action removes those of all. Gives how many."""
        tag = await statements.execute(_FORBID, permit.publisher, permit.interview, permit.action)
        return int(tag.rpartition(" ")[2])

    async def entries(self, statements: Statements) -> Iterable[Permit]:
        """The whole list."""
        return [Permit(row["publisher"], row["interview"], row["action"]) for row in await statements.fetch(_ALL)]


def user_for(publisher: str) -> UserFacts:
    """As whom the actions of a service run, and the tasks that they launch: nobody who takes part in a session."""
    return UserFacts(session_uid=f"{_UID}{publisher}")


def is_publisher(user: UserFacts) -> bool:
    """Whether it is another service, not a person, for whom something runs."""
    return not user.is_authenticated and user.session_uid.startswith(_UID)


def is_name(text: str) -> bool:
    """Whether a publisher can be called so."""
    return bool(_NAME.match(text))


def is_open(action: str) -> bool:
    """Whether a service may ask for an action of this name at all."""
    return bool(_ACTION.match(action)) and not action.startswith(("_", "cron_")) and action not in _RESERVED


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
