"""`/user/register`, `/user/confirm`: make an account, by oneself or by invitation (spec/area2 §12.2).

Where addresses are confirmed, the account is made only when the link is opened and the password is typed again: nobody
can prepare an account for somebody else's address, and the page says the same whether the address has an account.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import SIGN_IN, Form, caller_of, enter, link_to, local_address, posted
from services.gateway.notices import prefers_json
from services.gateway.spoken import Phrase
from shared.kernel.errors import NotAllowed
from shared.people import store
from shared.people.directory import NewAccount
from shared.people.links import Opened
from shared.people.records import (
    AddressMalformed,
    AddressTaken,
    PasswordTooWeak,
    Profile,
    Secrets,
    SignInRefused,
    TooManyAttempts,
    UserKey,
)

REGISTER = "/user/register"
_LONG_ENOUGH = (
    "At least %s characters. It also opens your encrypted interview sessions: nobody can read them for you if you"
    " forget it."
)
_SENT = "We have sent a letter to that address. Open the link in it to go on."


class RegistrationClosed(NotAllowed):
    """New accounts are made by administrators only on this server."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people
    database = people.directory.database

    @routes.get(REGISTER)
    async def show(request: Request) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        if prefers_json(request):
            response: Response = JSONResponse({"action": "register", "csrf_token": desk.tokens.csrf(browser)})
            desk.browsers.set_cookies(browser, response, even_if_new=True)
            return response
        token = request.query_params.get("token", "")
        invitation = await _invitation(token)
        return _page(request, browser, {"next": request.query_params.get("next", ""), "token": token}, invitation)

    @routes.post(REGISTER)
    async def take(request: Request) -> Response:
        form = await posted(desk, request)
        invitation = await _invitation(form.text("token"))
        email = form.text("email") if invitation is None else str(invitation.data["email"])
        if form.get("password") != form.get("again"):
            error = "The two passwords are not the same."
            return _page(request, form.browser, form.values, invitation, error=error, status=400)
        try:
            new = await people.directory.prepare(
                email=email,
                password=form.get("password"),
                profile=Profile(first_name=form.text("first_name"), last_name=form.text("last_name")),
                privileges=("user",) if invitation is None else (str(invitation.data["privilege"]),),
                shortest=people.shortest_password,
            )
            if invitation is None and people.confirms_addresses:
                return await _ask_to_confirm(request, form, new)
            async with database.transaction() as connection:
                if invitation is not None:
                    await people.links.use(connection, "invitation", form.text("token"))
                await people.directory.add(connection, new)
        except (AddressMalformed, AddressTaken, PasswordTooWeak) as error:
            return _page(request, form.browser, form.values, invitation, error=str(error), status=400)
        account = await people.directory.account(new.id)
        return await enter(desk, request, form.browser, account, new.key, go_on=local_address(form.get("next")))

    @routes.get("/user/confirm/{token}")
    async def ask_for_password(request: Request, token: str) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        opened = await people.links.look(database, "sign_up", token)
        return _confirm_page(request, browser, token, str(opened.data["email"]))

    @routes.post("/user/confirm/{token}")
    async def confirm(request: Request, token: str) -> Response:
        form = await posted(desk, request)
        opened = await people.links.look(database, "sign_up", token)
        data, email = opened.data, str(opened.data["email"])
        caller = caller_of(desk, request, form.browser)
        try:
            attempt = await people.attempts.begin(database, kind="confirm", subject=email, address=caller.address)
            key = await _opened_key(data, form.get("password"))
        except (SignInRefused, TooManyAttempts) as error:
            return _confirm_page(request, form.browser, token, email, error=str(error), status=403)
        await people.attempts.succeed(database, attempt)
        try:
            async with database.transaction() as connection:
                await people.links.use(connection, "sign_up", token)
                await people.directory.add(connection, _restored(data, key))
        except AddressTaken:
            page = FormPage(title="You have an account", note=str(AddressTaken()), links=(("Sign in", SIGN_IN),))
            return people.pages.form(page, form.browser, reader=request)
        account = await people.directory.account(key.account_id)
        return await enter(desk, request, form.browser, account, key, go_on=local_address(str(data["next"])))

    async def _invitation(token: str) -> Opened | None:
        """What an invitation says. Raises LinkSpent, RegistrationClosed."""
        if token:
            return await people.links.look(database, "invitation", token)
        if not people.may_register:
            raise RegistrationClosed
        return None

    async def _ask_to_confirm(request: Request, form: Form, new: NewAccount) -> Response:
        caller = caller_of(desk, request, form.browser)
        await people.attempts.begin(database, kind="sign up", subject=new.email, address=caller.address)
        known = await store.by_email(database, new.email)
        async with database.transaction() as connection:
            if known is not None:
                link = link_to(desk, request, "/user/forgot-password")
                await people.links.make(connection, "sign_up", _kept(new, form.get("next")))  # as much work
                await people.letters.has_account(connection, known.email, link)
            else:
                token = await people.links.make(connection, "sign_up", _kept(new, form.get("next")))
                await people.letters.confirm(connection, new.email, link_to(desk, request, f"/user/confirm/{token}"))
        people.letters.sent()
        return people.pages.form(FormPage(title="Look into your mail", note=_SENT), form.browser, reader=request)

    async def _opened_key(data: dict[str, Any], password: str) -> UserKey:
        """Raises SignInRefused when this is not the password that was chosen."""
        key = await people.directory.credentials.opened_by_password(_secrets(data), int(data["id"]), 1, password)
        if key is None:
            raise SignInRefused
        return key

    def _page(
        request: Request,
        browser: Browser,
        values: Any,
        invitation: Opened | None,
        *,
        error: str = "",
        status: int = 200,
    ) -> Response:
        invited = "" if invitation is None else str(invitation.data["email"])
        address = Entry("email", "E-mail", kind="email", value=values.get("email", ""), autocomplete="username")
        again = urlencode({"next": values.get("next", "")}) if values.get("next") else ""
        page = FormPage(
            title="Make an account",
            action=REGISTER,
            intro=(Phrase("You are invited as %s.", invited),) if invited else (),
            entries=(
                *([] if invited else [address]),
                Entry("first_name", "First name", value=values.get("first_name", ""), autocomplete="given-name",
                      is_required=False),
                Entry("last_name", "Last name", value=values.get("last_name", ""), autocomplete="family-name",
                      is_required=False),
                Entry("password", "Password", kind="password", autocomplete="new-password",
                      help=Phrase(_LONG_ENOUGH, people.shortest_password)),
                Entry("again", "The same password again", kind="password", autocomplete="new-password"),
                Entry("next", "", kind="hidden", value=values.get("next", "")),
                Entry("token", "", kind="hidden", value=values.get("token", "")),
            ),
            submit="Make the account",
            error=error,
            links=(("I have an account", f"{SIGN_IN}?{again}".rstrip("?")),),
        )  # fmt: skip
        response = people.pages.form(page, browser, status=status, reader=request)
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    def _confirm_page(
        request: Request, browser: Browser, token: str, email: str, *, error: str = "", status: int = 200
    ) -> Response:
        page = FormPage(
            title="Confirm your e-mail address",
            action=f"/user/confirm/{token}",
            intro=(Phrase("To make your account with %s, type the password you have chosen.", email),),
            entries=(Entry("password", "Password", kind="password", autocomplete="current-password"),),
            submit="Confirm",
            error=error,
        )
        response = people.pages.form(page, browser, status=status, reader=request)
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    return routes


def _kept(new: NewAccount, go_on: str) -> dict[str, Any]:
    """An account that waits for its address to be confirmed, as the link keeps it sealed."""
    secrets = new.secrets
    return {
        "id": new.id,
        "email": new.email,
        "first_name": new.profile.first_name,
        "last_name": new.profile.last_name,
        "privileges": list(new.privileges),
        "password_hash": secrets.password_hash,
        "key_salt": b64encode(secrets.key_salt or b"").decode(),
        "key_wrapped": b64encode(secrets.key_wrapped or b"").decode(),
        "next": go_on,
    }


def _secrets(data: dict[str, Any]) -> Secrets:
    return Secrets(
        password_hash=data["password_hash"],
        key_salt=b64decode(data["key_salt"]),
        key_wrapped=b64decode(data["key_wrapped"]),
    )


def _restored(data: dict[str, Any], key: UserKey) -> NewAccount:
    return NewAccount(
        id=int(data["id"]),
        email=str(data["email"]),
        profile=Profile(first_name=str(data["first_name"]), last_name=str(data["last_name"])),
        privileges=tuple(data["privileges"]),
        secrets=_secrets(data),
        key=key,
    )
