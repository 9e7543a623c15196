"""`/api/…interviews`: lists of sessions, one's own and, for who may see them, others' (spec/area2 §11.3)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.responses import Response

from services.gateway.api_answers import ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from shared.bus.port import RequestRefused
from shared.contracts.base import Sealed
from shared.contracts.session import (
    ReadVariables,
    TurnReply,
)
from shared.contracts.session_filter import BadFilter, Compared, Filter, Joined
from shared.contracts.session_filter import read as read_filter
from shared.contracts.session_lists import LeaveSessions, LeftSessions, ListSessions, SessionEntry, SessionPage
from shared.contracts.visitor import UserFacts, Visitor
from shared.kernel.ids import new_id
from shared.people.permissions import require

_PAGE = 100
_LONGEST_CODE = 100
_CANNOT_READ = "Error reading interview list."
_OWN_ZONE = "America/New_York"
_CHOOSING = ("i", "session", "tag", "query")


async def own(call: Call) -> Response:
    """One's own sessions."""
    return await _page(call, await call.visitor(call.text("secret")))


async def others(call: Call) -> Response:
    """Somebody's sessions."""
    number = int(call.request.path_params["number"])
    if number == call.account.id:
        return await own(call)
    require(call.account.may("access_sessions"))
    return await _page(call, _as(number))


async def users(call: Call) -> Response:
    """Sessions of people who have an account, or of one of them."""
    if given := call.text("user_id"):
        if not given.isdigit() or len(given) > 18:
            raise ApiRefused("Invalid user ID.")
        return await _page(call, _as(int(given)))
    return await everybodys(call)


async def everybodys(call: Call) -> Response:
    """All sessions of the server."""
    return await _page(call, await call.visitor(call.text("secret")), of_everybody=True)


async def leave_own(call: Call) -> Response:
    """Have nothing to do with one's own sessions any more."""
    return await _leave(call, await call.visitor())


async def leave_others(call: Call) -> Response:
    """Take sessions away from somebody."""
    number = int(call.request.path_params["number"])
    if number == call.account.id:
        return await leave_own(call)
    require(call.account.may("access_sessions") and call.account.may("edit_sessions"))
    return await _leave(call, _as(number))


async def leave_everybodys(call: Call) -> Response:
    """Delete sessions, whoever takes part."""
    if given := call.text("user_id"):
        if not given.isdigit() or len(given) > 18:
            raise ApiRefused("Invalid user ID.")
        return await _leave(call, _as(int(given)))
    return await _leave(call, await call.visitor(), of_everybody=True)


async def _page(call: Call, visitor: Visitor, *, of_everybody: bool = False) -> Response:
    page = await _asked(call, visitor, of_everybody=of_everybody)
    items = [await _item(call, entry, visitor) for entry in page.entries.value]
    return said({"next_id": page.next_after or None, "items": items})


async def _asked(call: Call, visitor: Visitor, *, of_everybody: bool = False, after: str = "") -> SessionPage:
    condition = _condition(call)

    async def ask(after: str) -> SessionPage:
        command = ListSessions(
            visitor=Sealed(visitor),
            tag=Sealed(call.text("tag")),
            interview=call.interview() if call.text("i") else "",
            after=after,
            limit=_PAGE,
            of_everybody=of_everybody,
            shows_codes=True,
            condition=Sealed(condition),
        )
        return await call.desk.sessions.request(command, SessionPage)

    try:
        return await ask(after or call.text("next_id"))
    except RequestRefused as error:
        if error.error == "BadCursor":  # a bad place is the first page
            return await ask("")
        if error.is_retryable:
            raise
        raise ApiRefused(_CANNOT_READ) from None


def _condition(call: Call) -> Filter | None:
    """What `query` and `session` ask for: of a long list the session may be on any page. Raises ApiRefused."""
    try:
        found = read_filter(text) if (text := call.text("query")) else None
    except BadFilter:
        raise ApiRefused("Invalid query parameter") from None
    if not (code := call.text("session")):
        return found
    this_one = Compared(column="session", operator="==", value=code[:_LONGEST_CODE])
    return this_one if found is None else Joined(how="and", parts=(this_one, found))


async def _item(call: Call, entry: SessionEntry, visitor: Visitor) -> dict[str, Any]:
    try:
        zone = ZoneInfo(call.account.profile.timezone or _OWN_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(_OWN_ZONE)
    is_account = entry.user_id.isdigit()
    started, modified = entry.started_at, entry.modified_at
    told: dict[str, Any] = {
        "filename": entry.interview,
        "session": entry.code,
        "modtime": f"{modified.astimezone(zone):%m/%d/%y %H:%M:%S}",
        "starttime": f"{started.astimezone(zone):%m/%d/%y %H:%M:%S}",
        "utc_modtime": f"{modified.replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}",
        "utc_starttime": f"{started.replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}",
        "title": entry.title,
        "subtitle": entry.subtitle or None,
        "valid": entry.is_readable,
        "metadata": entry.metadata,
        "tags": list(entry.tags),
        "email": entry.email or None,
        "user_id": int(entry.user_id) if is_account else None,
        "temp_user_id": int(entry.user_id[1:]) if entry.user_id[:1] == "t" and entry.user_id[1:].isdigit() else None,
    }
    if call.flag("include_dictionary") and entry.is_readable:
        told["dict"] = await _variables(call, entry, visitor)
        told["encrypted"] = not entry.is_shared
    return told


async def _variables(call: Call, entry: SessionEntry, visitor: Visitor) -> dict[str, Any]:
    command = ReadVariables(
        operation_id=new_id(),
        interview=entry.interview,
        session_code=Sealed(entry.code),
        visitor=Sealed(visitor),
        includes_internal=True,
    )
    reply: TurnReply = await call.desk.sessions.ask(command)
    return reply.variables.value if reply.variables is not None else {}


async def _leave(call: Call, visitor: Visitor, *, of_everybody: bool = False) -> Response:
    for_all = call.flag("delete_shared")
    if for_all and not of_everybody:
        require(call.account.may("edit_sessions"))
    if not any(call.text(name) for name in _CHOOSING):
        await _leave_these(call, visitor, (), for_all=for_all, of_everybody=of_everybody)
        return nothing()
    place = ""
    while True:  # what is chosen is found page by page; what is left behind moves no place
        page = await _asked(call, visitor, of_everybody=of_everybody, after=place)
        chosen = tuple(one.session_id for one in page.entries.value)
        if chosen:
            await _leave_these(call, visitor, chosen, for_all=for_all, of_everybody=of_everybody)
        place = page.next_after
        if not place:
            return nothing()


async def _leave_these(
    call: Call, visitor: Visitor, session_ids: tuple[str, ...], *, for_all: bool, of_everybody: bool = False
) -> None:
    left = LeftSessions(has_more=True)
    while left.has_more:
        command = LeaveSessions(
            visitor=Sealed(visitor), session_ids=session_ids, for_all=for_all, of_everybody=of_everybody
        )
        left = await call.desk.sessions.request(command, LeftSessions)
        if not left.count:
            return


def _as(number: int) -> Visitor:
    """Somebody's list, without what opens their sessions."""
    return Visitor(user=UserFacts(is_anonymous=False, is_authenticated=True, the_user_id=str(number)))


_FILTERS = (
    Parameter("i", "Only those of this interview."),
    Parameter("session", "Only this one."),
    Parameter("tag", "Only those with this tag."),
    Parameter(
        "query", "Only those a condition holds for, like `(DA.Sessions.modtime < '2024-05-01') & (DA.Sessions.…)`."
    ),
)
_LEAVING = (
    *_FILTERS,
    Parameter("delete_shared", "They end for others who take part, too; asks for edit_sessions.", "flag"),
)
_PAGES = (
    *_FILTERS,
    Parameter("secret", "What opens encrypted sessions."),
    Parameter("include_dictionary", "With the variables of those that can be opened.", "flag"),
    Parameter("next_id", "Of the page before."),
)
_USER = Parameter("user_id", "Only those of this account.", "number")
_ITEMS = {200: "`{next_id, items}`, a hundred at a time."}

ENDPOINTS = (
    Endpoint("GET", "/api/user/interviews", "One's own sessions", own, _PAGES, answers=_ITEMS, tag="lists"),
    Endpoint("DELETE", "/api/user/interviews", "Leave one's own sessions", leave_own, _LEAVING, tag="lists"),
    Endpoint(
        "GET", "/api/user/{number:int}/interviews", "Somebody's sessions", others, _PAGES, answers=_ITEMS, tag="lists"
    ),
    Endpoint(
        "DELETE",
        "/api/user/{number:int}/interviews",
        "Take sessions from somebody",
        leave_others,
        _LEAVING,
        tag="lists",
    ),
    Endpoint(
        "GET",
        "/api/users/interviews",
        "Sessions of people",
        users,
        (*_PAGES, _USER),
        needs="access_sessions",
        answers=_ITEMS,
        tag="lists",
    ),
    Endpoint(
        "DELETE",
        "/api/users/interviews",
        "Delete sessions of people",
        leave_everybodys,
        (*_LEAVING, _USER),
        needs="edit_sessions",
        tag="lists",
    ),
    Endpoint(
        "GET",
        "/api/interviews",
        "All sessions",
        everybodys,
        _PAGES,
        needs="access_sessions",
        answers=_ITEMS,
        tag="lists",
    ),
    Endpoint(
        "DELETE", "/api/interviews", "Delete sessions", leave_everybodys, _FILTERS, needs="edit_sessions", tag="lists"
    ),
)
