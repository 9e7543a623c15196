"""`/reminders?c=CODE`: where the link in a reminder leads, to get no more of them, or to get them again.

The code is all it needs: who opens the link need not have signed in, nor have the key of the session. Looking changes
nothing, because mail programs look at every link; a post does, also the one that mail programs make by themselves
when somebody presses their "unsubscribe" (RFC 8058), which has neither cookies nor a token of ours.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.desk import Desk
from services.gateway.forms import read_form

_MOST_FIELDS = 10
_LONGEST_CODE = 64


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    async def page_of(request: Request, code: str) -> Response:
        is_out = await desk.opt_outs.is_out(code)
        page = FormPage(
            title="Reminders",
            intro=(
                "You get no more reminders about this matter."
                if is_out
                else "You get reminders about a matter. They end when it ends, or when you say so.",
            ),
            action=f"/reminders?{urlencode({'c': code})}",
            entries=(Entry("again", "", kind="hidden", value="1"),) if is_out else (),
            submit="Remind me again" if is_out else "No more reminders",
        )
        return desk.people.pages.form(page, await desk.browsers.find(request.cookies), reader=request)

    @routes.get("/reminders")
    async def show(request: Request) -> Response:
        await desk.admit("open", request)
        return await page_of(request, _code(request))

    @routes.post("/reminders")
    async def say(request: Request) -> Response:
        await desk.admit("post", request)
        code = _code(request)
        form = await read_form(request, max_fields=_MOST_FIELDS)
        is_again = any(one.name == "again" and one.value for one in form.inputs)
        await desk.opt_outs.say(code, is_out=not is_again)
        return await page_of(request, code)  # no redirect: mail programs take one for a failure (RFC 8058 §3.1)

    return routes


def _code(request: Request) -> str:
    return request.query_params.get("c", "")[:_LONGEST_CODE]
