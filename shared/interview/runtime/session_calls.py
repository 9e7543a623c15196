"""What a run may ask of other sessions (spec/area2 §8). Each is one turn there, done before it answers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from shared.contracts.session_filter import Filter
from shared.interview.runtime.operations import Value

Order = Literal["create", "read", "write", "act", "ask", "back"]


class ReachSession(Value):
    """Do something with another session, as the person who runs this one, or as whoever the secret belongs to.

    Blobs there: "values", the pickled variables of `write`. Blobs back: "objects", the pickled variables of `read`;
    "screen", the JSON of a Screen, or "body" for `ask`.
    """

    may_wait: ClassVar[bool] = True

    call: Literal["reach_session"] = "reach_session"
    order: Order
    interview: str = Field(max_length=1000)
    code: str = Field("", max_length=100)
    """Of the session; empty for one that is to be made."""
    secret: str | None = Field(None, max_length=300)
    """What `get_user_secret()` gave; None: the person's own keys."""
    url_args: dict[str, str] = {}
    is_simplified: bool = True
    is_new_step: bool = True
    is_read_only: bool = False
    is_persistent: bool = False
    deletes: tuple[str, ...] = Field((), max_length=10_000)
    names: tuple[str, ...] = Field((), max_length=10_000)
    """Of the variables among the values."""
    is_converted: bool = False
    question_name: str = ""
    action: str = ""
    arguments: dict[str, Any] = {}


class SessionAnswer(Value):
    """What came of it."""

    answer: Literal["session"] = "session"
    code: str = ""
    kind: str = ""
    """How the turn ended: `screen`, `response`, `command`, …; `undefined` where nothing defines a variable."""
    detail: str = ""
    """The name of the command, or of the variable."""
    url: str = ""
    """Where a command leads."""
    status: int = 0
    content_type: str = ""
    steps: int = 0


class ListMySessions(Value):
    """A page of the sessions somebody takes part in; or leave some."""

    may_wait: ClassVar[bool] = False

    call: Literal["list_my_sessions"] = "list_my_sessions"
    interview: str = Field("", max_length=1000)
    code: str = Field("", max_length=100)
    tag: str = Field("", max_length=1000)
    after: str = Field("", max_length=1000)
    user_id: int | None = None
    """Somebody else's, with the privilege for it."""
    of_everybody: bool = False
    """All sessions of the server, likewise."""
    condition: Filter | None = None
    """Only those it holds for."""
    leaves: bool = False
    """Leave them instead of listing them."""
    for_all: bool = False
    """What is left is deleted, although others take part."""


class SessionPicture(Value):
    """One session in a list."""

    interview: str
    code: str
    title: str = ""
    subtitle: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    started_at: str
    modified_at: str
    is_readable: bool = True
    is_shared: bool = False
    user_id: str = ""
    """The number of an account that takes part, or `t<number>` of a browser."""
    email: str = ""


class SessionListAnswer(Value):
    """Sessions, or how many were left."""

    answer: Literal["session_list"] = "session_list"
    sessions: tuple[SessionPicture, ...] = ()
    next_after: str = ""
    count: int = 0
