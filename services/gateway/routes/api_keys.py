"""`/manage_api`: API keys of whoever has signed in: see them, make one, take one back (spec/area2 §11.6)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import login_of, posted, somebody
from shared.kernel.errors import Refused
from shared.people.api_keys import ApiKey
from shared.people.permissions import PERMISSIONS
from shared.people.records import Account

_BACK = (("The API", "/api/docs"), ("Back to the profile", "/user/profile"))


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    if not desk.settings.api:
        return routes
    people, keys = desk.people, desk.api_keys
    database = people.directory.database

    @routes.get("/manage_api")
    async def show(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        return await _page(browser, login.account)

    @routes.post("/manage_api")
    async def make(request: Request) -> Response:
        form = await posted(desk, request)
        account = login_of(form).account
        if name := form.get("remove"):
            try:
                await keys.delete(database, account.id, name=name)
            except Refused as error:
                return await _page(form.browser, account, error=str(error), status=404)
            return RedirectResponse("/manage_api", status_code=303)
        allowed = form.get("allowed").split()
        method = form.get("method") or "none"
        try:
            key = await keys.make(
                database,
                account.id,
                form.get("name"),
                method=method,
                allowed=allowed if method != "none" else (),
                permissions=[one for one in sorted(PERMISSIONS) if form.get(f"permission {one}")],
            )
        except Refused as error:
            return await _page(form.browser, account, error=str(error), status=400)
        page = FormPage(
            title="Your new API key",
            warning="Keep it now: it is not shown again. Whoever has it can do what you may.",
            codes=(key,),
            links=(("I have kept it", "/manage_api"),),
        )
        return people.pages.form(page, form.browser)

    async def _page(browser: Browser, account: Account, *, error: str = "", status: int = 200) -> Response:
        own = await keys.of_account(database, account.id)
        boxes = [
            Entry(f"permission {one}", f"Only: {one}", kind="check", is_required=False)
            for one in sorted(PERMISSIONS)
            if account.may(one)
        ]
        remove = [("", "Make a key"), *((one.name, f"Take back: {one.name}") for one in own)]
        page = FormPage(
            title="API keys",
            intro=(
                "With a key a program acts for you. If you tick permissions, it may do only those; else all you may.",
            ),
            facts={one.name: _told(one) for one in own},
            action="/manage_api",
            entries=(
                Entry("remove", "What to do", kind="select", options=remove, is_required=False),
                Entry("name", "What the new key is for", is_required=False),
                Entry(
                    "method",
                    "From where it can be used",
                    kind="select",
                    value="none",
                    options=(("none", "everywhere"), ("ip", "these addresses"), ("referer", "these pages")),
                ),
                Entry("allowed", "Addresses or pages, with spaces between them", is_required=False),
                *boxes,
            ),
            submit="Go on",
            error=error,
            links=_BACK,
        )
        return people.pages.form(page, browser, status=status)

    return routes


def _told(key: ApiKey) -> str:
    used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
    where = ", ".join(key.allowed) if key.method != "none" and key.allowed else "everywhere"
    allowed = ", ".join(key.permissions) or "all you may"
    return f"ends in {key.last_four}; from {where}; {allowed}; last used: {used}"
