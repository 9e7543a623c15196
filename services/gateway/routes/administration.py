"""`/userlist` and its neighbours: administrators look after accounts and privileges (spec/area2 §12.2).

What somebody may do is asked of shared.people.permissions with the account as it is in the database at this moment.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import Form, link_to, login_of, posted, somebody
from services.gateway.routes.profile import profile_entries
from services.gateway.spoken import Phrase
from shared.kernel.errors import Refused
from shared.people import permissions, store
from shared.people.directory import cleaned
from shared.people.permissions import PERMISSIONS, require
from shared.people.records import PROFILE_FIELDS, Account, Profile, checked_address

_PRIVILEGE = re.compile(r"[a-z0-9][a-z0-9 _-]{0,39}\Z")
_DONE = {
    "saved": "The account was saved.",
    "invited": "The invitation is on its way.",
    "added": "The account was made.",
}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people
    directory, database = people.directory, people.directory.database

    @routes.get("/userlist")
    async def show(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        require(permissions.may_list(login.account))
        query = request.query_params
        after, search = query.get("next_id", ""), query.get("search", "")
        accounts, further = await store.page(
            database,
            after=int(after) if after.isdigit() and len(after) < 19 else 0,
            includes_inactive=True,
            search=search,
        )
        following = urlencode({"search": search, "next_id": further or ""})
        return people.pages.render(
            "people.html",
            browser,
            reader=request,
            title=Phrase("People"),
            people=accounts,
            search=search,
            next_address=f"/userlist?{following}" if further else "",
            note=Phrase(_DONE.get(query.get("done", ""), "")),
            may_create=permissions.may_create(login.account, ()),
            may_change_privileges=permissions.may_see_privileges(login.account),
        )

    @routes.get("/user/{number:int}/editprofile")
    async def edit(request: Request, number: int) -> Response:
        browser, login = await somebody(desk, request)
        require(permissions.may_see(login.account, number))
        return await _edit_page(request, browser, login.account, await directory.account(number))

    @routes.post("/user/{number:int}/editprofile")
    async def save(request: Request, number: int) -> Response:
        form = await posted(desk, request)
        asks = login_of(form).account
        require(permissions.may_see(asks, number))
        other = await directory.account(number)
        try:
            await _save(form, asks, other)
        except permissions.PermissionMissing:
            raise
        except Refused as error:
            return await _edit_page(request, form.browser, asks, other, error=str(error), status=400)
        return RedirectResponse("/userlist?done=saved", status_code=303)

    async def _save(form: Form, asks: Account, other: Account) -> None:
        """Change what was changed, all or nothing. Raises PermissionMissing, and what the store raises."""
        told = cleaned(Profile(**{name: form.get(name) for name in PROFILE_FIELDS}))
        wanted = [name for name, _, _ in await store.privileges(database) if form.get(f"privilege {name}")]
        is_active = bool(form.get("is_active")) or other.id == asks.id
        async with database.transaction() as connection:
            if told != other.profile:
                require(permissions.may_edit(asks, other))
                await store.set_profile(connection, other.id, told)
            if set(wanted) != set(other.privileges):
                require(permissions.may_set_privileges(asks, other, wanted or ["user"]))
                await store.set_privileges(connection, other.id, wanted or ["user"])
            if is_active != other.is_active:
                require(permissions.may_set_active(asks, other))
                await store.set_active(connection, other.id, is_active)

    async def _edit_page(
        request: Request, browser: Browser, asks: Account, other: Account, *, error: str = "", status: int = 200
    ) -> Response:
        may_edit = permissions.may_edit(asks, other)
        known = [name for name, _, _ in await store.privileges(database) if name != "cron"]
        boxes = [
            Entry(
                f"privilege {name}",
                Phrase("Privilege: %s", name),
                kind="check",
                value="1" if name in other.privileges else "",
            )
            for name in known
        ]
        active = Entry("is_active", "May sign in", kind="check", value="1" if other.is_active else "")
        page = FormPage(
            title=Phrase("%s", other.name),
            action=f"/user/{other.id}/editprofile" if may_edit else "",
            facts={
                "Number": str(other.id),
                "E-mail": other.email,
                "Comes in by": other.login_method,
                "Last sign-in": f"{other.last_login_at:%Y-%m-%d %H:%M} UTC" if other.last_login_at else Phrase("never"),
            },
            entries=(*profile_entries(other.profile), *boxes, *([active] if asks.id != other.id else [])),
            submit="Save",
            error=error,
            links=(("Back to the list", "/userlist"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    # -- Invitations and new accounts

    @routes.get("/user/invite")
    async def show_invitation(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        require(permissions.may_create(login.account, ("user",)))
        return await _invite_page(request, browser, login.account)

    @routes.post("/user/invite")
    async def invite(request: Request) -> Response:
        form = await posted(desk, request)
        asks = login_of(form).account
        privilege = form.get("privilege") or "user"
        require(permissions.may_create(asks, (privilege,)))
        try:
            address = checked_address(form.get("email"))
            await store.check_privileges(database, (privilege,))
        except Refused as error:
            return await _invite_page(request, form.browser, asks, error=str(error), status=400)
        async with database.transaction() as connection:
            token = await people.links.make(connection, "invitation", {"email": address, "privilege": privilege})
            link = link_to(desk, request, f"/user/register?token={token}")
            await people.letters.invite(connection, address, link, asks.name)
        people.letters.sent()
        return RedirectResponse("/userlist?done=invited", status_code=303)

    async def _invite_page(
        request: Request, browser: Browser, asks: Account, *, error: str = "", status: int = 200
    ) -> Response:
        page = FormPage(
            title="Invite somebody",
            action="/user/invite",
            entries=(
                Entry("email", "E-mail", kind="email"),
                Entry("privilege", "Privilege", kind="select", value="user", options=await _givable(asks)),
            ),
            submit="Send the invitation",
            error=error,
            links=(("Back to the list", "/userlist"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    @routes.get("/user/add")
    async def show_addition(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        require(permissions.may_create(login.account, ("user",)))
        return await _add_page(request, browser, login.account, {})

    @routes.post("/user/add")
    async def add(request: Request) -> Response:
        form = await posted(desk, request)
        asks = login_of(form).account
        privilege = form.get("privilege") or "user"
        require(permissions.may_create(asks, (privilege,)))
        try:
            new = await directory.prepare(
                email=form.get("email"),
                password=form.get("password"),
                profile=Profile(first_name=form.get("first_name"), last_name=form.get("last_name")),
                privileges=(privilege,),
                shortest=people.shortest_password,
            )
            async with database.transaction() as connection:
                await directory.add(connection, new)
        except Refused as error:
            return await _add_page(request, form.browser, asks, form.values, error=str(error), status=400)
        return RedirectResponse("/userlist?done=added", status_code=303)

    async def _add_page(
        request: Request, browser: Browser, asks: Account, values: object, *, error: str = "", status: int = 200
    ) -> Response:
        given = values if isinstance(values, dict) else {}
        page = FormPage(
            title="Make an account",
            action="/user/add",
            intro=("Tell its owner the password, and that they should change it.",),
            entries=(
                Entry("email", "E-mail", kind="email", value=str(given.get("email", ""))),
                Entry("first_name", "First name", value=str(given.get("first_name", "")), is_required=False),
                Entry("last_name", "Last name", value=str(given.get("last_name", "")), is_required=False),
                Entry("password", "Password", kind="password", autocomplete="new-password"),
                Entry("privilege", "Privilege", kind="select", value="user", options=await _givable(asks)),
            ),
            submit="Make it",
            error=error,
            links=(("Back to the list", "/userlist"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    async def _givable(asks: Account) -> list[tuple[str, str]]:
        names = [name for name, _, _ in await store.privileges(database)]
        return [(name, name) for name in names if permissions.may_create(asks, (name,))]

    # -- Privileges

    @routes.get("/privilegelist")
    async def show_privileges(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        require(permissions.may_see_privileges(login.account))
        return await _privileges_page(request, browser, login.account)

    @routes.post("/privilegelist")
    async def change_privileges(request: Request) -> Response:
        form = await posted(desk, request)
        asks = login_of(form).account
        require(permissions.may_change_privileges(asks))
        if form.get("remove"):
            async with database.transaction() as connection:
                await store.remove_privilege(connection, form.get("remove"))
            return RedirectResponse("/privilegelist", status_code=303)
        name = form.text("name").lower()
        allowed = [one for one in PERMISSIONS if form.get(f"permission {one}")]
        if not _PRIVILEGE.match(name):
            error = "A privilege is named by small letters and digits."
            return await _privileges_page(request, form.browser, asks, error=error, status=400)
        # Nobody makes a privilege that allows more than they may themselves.
        require(all(asks.may(one) for one in allowed))
        if not await store.add_privilege(database, name, allowed):
            await store.set_permissions(database, name, allowed)
        return RedirectResponse("/privilegelist", status_code=303)

    async def _privileges_page(
        request: Request, browser: Browser, asks: Account, *, error: str = "", status: int = 200
    ) -> Response:
        return people.pages.render(
            "privileges.html",
            browser,
            reader=request,
            status=status,
            title=Phrase("Privileges"),
            privileges=await store.privileges(database),
            permissions=sorted(one for one in PERMISSIONS if asks.may(one)),
            may_change=permissions.may_change_privileges(asks),
            error=Phrase(error),
        )

    return routes
