"""`/interviews`: the sessions somebody takes part in: resume, delete, delete all (spec/area2 §2.10)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import login_of, posted, somebody
from services.gateway.notices import prefers_json
from services.gateway.requests import interview_in
from services.gateway.spoken import Phrase, Words
from shared.contracts.base import Sealed
from shared.contracts.session_lists import LeaveSessions, LeftSessions, ListSessions, SessionEntry, SessionPage
from shared.kernel.interview_path import BadReference, canonical

_PAGE = 100


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/interviews")
    async def show(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        query = request.query_params
        if query.get("resume"):
            return await _resume(request, browser, query["resume"])
        tag = query.get("tag", "")
        page = await _page(request, browser, tag=tag, after=query.get("next_id", ""))
        if prefers_json(request):
            items = [_item(one) for one in page.entries.value]
            body = {"action": "interviews", "interviews": items, "next_id": page.next_after or None}
            return JSONResponse(body, headers={"cache-control": "no-store"})
        zone = _zone_of(login.account.profile.timezone)
        return desk.people.pages.render(
            "my_sessions.html",
            browser,
            reader=request,
            title=Phrase("My interviews"),
            lines=[_line(one, zone) for one in page.entries.value],
            tag=tag,
            tags=sorted({name for one in page.entries.value for name in one.tags}),
            next_address=f"/interviews?{urlencode({'tag': tag, 'next_id': page.next_after})}"
            if page.next_after
            else "",
            note=_note(query.get("deleted", ""), query.get("more", "")),
        )

    @routes.post("/interviews")
    async def change(request: Request) -> Response:
        form = await posted(desk, request)
        login_of(form)
        session_ids = () if form.get("delete_all") else tuple(part for part in (form.text("delete"),) if part)
        if not session_ids and not form.get("delete_all"):
            return RedirectResponse("/interviews", status_code=303)
        message = LeaveSessions(visitor=Sealed(desk.visitor(request, form.browser)), session_ids=session_ids)
        left = await desk.sessions.request(message, LeftSessions)
        query = {"deleted": str(left.count)} | ({"more": "1"} if left.has_more else {})
        return RedirectResponse(f"/interviews?{urlencode(query)}", status_code=303)

    async def _page(
        request: Request, browser: Browser, *, tag: str = "", after: str = "", interview: str = "", limit: int = _PAGE
    ) -> SessionPage:
        message = ListSessions(
            visitor=Sealed(desk.visitor(request, browser)),
            tag=Sealed(tag),
            after=after,
            interview=interview,
            limit=limit,
        )
        return await desk.sessions.request(message, SessionPage)

    async def _resume(request: Request, browser: Browser, wanted: str) -> Response:
        """Their newest session of an interview, or a new one."""
        interview = interview_in({"i": wanted})
        page = await _page(request, browser, interview=interview, limit=10)
        readable = [one for one in page.entries.value if one.is_readable]
        query = {"i": interview} | ({"session": readable[0].code} if readable else {"new_session": "1"})
        return RedirectResponse(f"/interview?{urlencode(query)}", status_code=303)

    return routes


def _line(one: SessionEntry, zone: ZoneInfo) -> dict[str, object]:
    return {
        "id": one.session_id,
        "title": one.title or _short(one.interview),
        "subtitle": one.subtitle,
        "tags": one.tags,
        "address": _address(one),
        "is_readable": one.is_readable,
        "is_shared": one.is_shared,
        "started": _shown(one.started_at, zone),
        "changed": _shown(one.modified_at, zone),
    }


def _item(one: SessionEntry) -> dict[str, object]:
    """One session for programs."""
    return {
        "filename": one.interview,
        "session": one.code or None,
        "title": one.title,
        "subtitle": one.subtitle,
        "tags": sorted(one.tags),
        "utc_starttime": one.started_at.isoformat(),
        "utc_modtime": one.modified_at.isoformat(),
        "valid": one.is_readable,
    }


def _address(one: SessionEntry) -> str:
    query = {"i": one.interview, "session": one.code, "from_list": "1"}
    return f"/interview?{urlencode(query)}" if one.is_readable else ""


def _short(interview: str) -> str:
    try:
        return canonical(interview).rpartition("/")[2].removesuffix(".yml")
    except BadReference:
        return interview


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _note(deleted: str, more: str) -> Words:
    if not deleted.isdigit():
        return ""
    if more:
        return Phrase("%s sessions were deleted. There are more: press “Delete all” again to go on.", int(deleted))
    return Phrase("One session was deleted.") if deleted == "1" else Phrase("%s sessions were deleted.", int(deleted))
