"""`/user/profile` and what hangs on it: address, second factor, deleting the account; `/me` (spec/area2 §12.2)."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.browser_sessions import Browser, Login
from services.gateway.desk import Desk
from services.gateway.entering import SIGN_IN, link_to, login_of, posted, somebody
from services.gateway.qr import svg_address
from services.gateway.routes.passwords import check_password
from services.gateway.spoken import Phrase, Words
from shared.contracts.session_lists import DeleteAccount, DeletedAccount
from shared.people import store
from shared.people.directory import cleaned
from shared.people.records import (
    PROFILE_FIELDS,
    AddressMalformed,
    AddressTaken,
    LinkSpent,
    Profile,
    SignInRefused,
    TooManyAttempts,
    WrongCode,
    checked_address,
)

_LABELS = {
    "first_name": ("First name", "given-name"),
    "last_name": ("Last name", "family-name"),
    "country": ("Country (code of two letters)", "country"),
    "subdivision_first": ("State or province", "address-level1"),
    "subdivision_second": ("County", ""),
    "subdivision_third": ("Municipality", ""),
    "organization": ("Organization", "organization"),
    "timezone": ("Time zone (like Europe/Berlin)", ""),
    "language": ("Language (code of two letters)", "language"),
}
_DONE = {
    "profile": "Your profile was saved.",
    "password": "Your password was changed.",
    "address": "Your e-mail address was changed.",
    "factor-off": "The second factor is off.",
    "connected": "You can sign in this way from now on.",
}
_PHRASE = "delete my account"
_PRESENT = Entry("present", "Your present password", kind="password", autocomplete="current-password")
_ENDS_FOR_ALL = "Your account and your sessions are deleted for good. They end for others who take part, too."
_ENDS_FOR_ONESELF = "Your account and your sessions are deleted for good. What others take part in stays theirs."
_WRONG = "This is not your present password."


class Enrolling(BaseModel):
    """A secret for an authenticator that has not shown its first code; kept sealed under the browser's secret."""

    secret: str


def profile_entries(profile: Profile) -> tuple[Entry, ...]:
    """The fields of a profile."""
    return tuple(
        Entry(name, label, value=getattr(profile, name), autocomplete=autocomplete, is_required=False)
        for name, (label, autocomplete) in _LABELS.items()
    )


def _letter_about(address: str) -> str:
    """What the letter to the former address says."""
    return f"Its e-mail address is to be changed to {address}."


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people
    database = people.directory.database

    @routes.get("/me")
    async def me(request: Request) -> Response:
        browser = await desk.browsers.find(request.cookies)
        if browser is None or browser.login is None:
            return JSONResponse({"logged_in": False}, headers={"cache-control": "no-store"})
        account = browser.login.account
        return JSONResponse(
            {
                "logged_in": True,
                "user_id": account.id,
                "email": account.email,
                "roles": list(account.privileges),
                **{name: getattr(account.profile, name) for name in PROFILE_FIELDS},
            },
            headers={"cache-control": "no-store"},
        )

    @routes.get("/user/profile")
    async def show(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        return await _profile(request, browser, login, note=_DONE.get(request.query_params.get("done", ""), ""))

    @routes.post("/user/profile")
    async def save(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        told = cleaned(Profile(**{name: form.get(name) for name in PROFILE_FIELDS}))
        await store.set_profile(database, login.account.id, told)
        return RedirectResponse("/user/profile?done=profile", status_code=303)

    async def _profile(request: Request, browser: Browser, login: Login, *, note: str) -> Response:
        account = login.account
        opens = Phrase("Only your password opens them.")
        if account.server_opens:
            opens = Phrase("The server can open them, because you can come in without a password.")
        elsewhere = await store.identities(database, account.id)
        links: list[tuple[Words, str]] = [
            *([("API keys", "/manage_api")] if desk.settings.api else []),
            ("Change the password" if account.has_password else "Set a password", "/user/change-password"),
            ("Change the e-mail address", "/user/change-email"),
            ("Second factor", "/user/two-factor"),
            *([(Phrase("Connect: %s", people.provider_label), "/user/elsewhere?connect=1")]
              if people.provider_label and not elsewhere else []),
            ("Delete the account", "/user/manage"),
        ]  # fmt: skip
        page = FormPage(
            title="Profile",
            action="/user/profile",
            facts={
                "E-mail": account.email,
                "Privileges": ", ".join(account.privileges),
                "Encrypted sessions": opens,
                "Second factor": Phrase("on" if account.has_second_factor else "off"),
            },
            entries=profile_entries(account.profile),
            submit="Save",
            note=note,
            links=links,
        )
        return people.pages.form(page, browser, reader=request)

    # -- Address

    @routes.get("/user/change-email")
    async def show_address(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        return _address_page(request, browser, login)

    @routes.post("/user/change-email")
    async def change_address(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        account = login.account
        try:
            await check_password(desk, request, form, account)
            address = checked_address(form.get("email"))
        except (SignInRefused, AddressMalformed, TooManyAttempts) as error:
            message = _WRONG if isinstance(error, SignInRefused) else str(error)
            return _address_page(request, form.browser, login, error=message, status=400)
        if not people.confirms_addresses:
            try:
                async with database.transaction() as connection:
                    await store.set_email(connection, account.id, address)
                    await people.letters.was_changed(
                        connection, account.email, f"Its e-mail address is to be changed to {address}."
                    )
            except AddressTaken as error:
                return _address_page(request, form.browser, login, error=str(error), status=400)
            people.letters.sent()
            return RedirectResponse("/user/profile?done=address", status_code=303)
        async with database.transaction() as connection:
            await people.links.revoke(connection, account.id, "change_email")
            token = await people.links.make(connection, "change_email", {"email": address}, account_id=account.id)
            await people.letters.change_address(
                connection, address, link_to(desk, request, f"/user/confirm-email/{token}")
            )
            await people.letters.was_changed(
                connection, account.email, f"Its e-mail address is to be changed to {address}."
            )
        people.letters.sent()
        note = "We have sent a letter to the new address. Open the link in it to go on."
        return people.pages.form(FormPage(title="Look into your mail", note=note), form.browser, reader=request)

    @routes.get("/user/confirm-email/{token}")
    async def ask_address(request: Request, token: str) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        opened = await people.links.look(database, "change_email", token)
        page = FormPage(
            title="Confirm your e-mail address",
            action=f"/user/confirm-email/{token}",
            intro=(Phrase("From now on you sign in with %s.", opened.data["email"]),),
            submit="Use this address",
        )
        response = people.pages.form(page, browser, reader=request)
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    @routes.post("/user/confirm-email/{token}")
    async def confirm_address(request: Request, token: str) -> Response:
        form = await posted(desk, request)
        opened = await people.links.look(database, "change_email", token)
        if opened.account_id is None:
            raise LinkSpent
        try:
            async with database.transaction() as connection:
                await people.links.use(connection, "change_email", token)
                await store.set_email(connection, opened.account_id, str(opened.data["email"]))
        except AddressTaken as error:
            page = FormPage(title="This did not work", error=str(error), links=(("Profile", "/user/profile"),))
            return people.pages.form(page, form.browser, status=400, reader=request)
        go_on = "/user/profile?done=address" if form.browser.login else f"{SIGN_IN}?done=address"
        return RedirectResponse(go_on, status_code=303)

    def _address_page(
        request: Request, browser: Browser, login: Login, *, error: str = "", status: int = 200
    ) -> Response:
        page = FormPage(
            title="Change the e-mail address",
            action="/user/change-email",
            intro=(Phrase("It is %s now.", login.account.email),),
            entries=(
                Entry("email", "New e-mail address", kind="email", autocomplete="email"),
                *([_PRESENT] if login.account.has_password else []),
            ),
            submit="Change it",
            error=error,
            links=(("Back to the profile", "/user/profile"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    # -- The second factor

    @routes.get("/user/two-factor")
    async def show_factor(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        if login.account.has_second_factor:
            left = await store.count_recovery_codes(database, login.account.id)
            return people.pages.form(_factor_is_on(login, left), browser, reader=request)
        enrolment = people.second_factor.begin(login.account.email)
        await desk.browsers.keep_pending(browser, Enrolling(secret=enrolment.secret))
        return _enrol_page(request, browser, login, enrolment.secret)

    @routes.post("/user/two-factor")
    async def turn_on(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        kept = desk.browsers.pending(form.browser)
        if kept is None or login.account.has_second_factor:
            return RedirectResponse("/user/two-factor", status_code=303)
        try:
            secret = Enrolling.model_validate_json(kept).secret
        except ValidationError:
            return RedirectResponse("/user/two-factor", status_code=303)
        try:
            await check_password(desk, request, form, login.account)
            async with database.transaction() as connection:
                codes = await people.second_factor.turn_on(connection, login.account.id, secret, form.get("code"))
                await people.letters.was_changed(connection, login.account.email, "A second factor was turned on.")
        except (SignInRefused, TooManyAttempts, WrongCode) as error:
            message = _WRONG if isinstance(error, SignInRefused) else str(error)
            return _enrol_page(request, form.browser, login, secret, error=message, status=400)
        people.letters.sent()
        await desk.browsers.keep_pending(form.browser, None)
        page = FormPage(
            title="The second factor is on",
            intro=(
                "Keep these codes where only you find them. Each lets you in once if you have lost your authenticator."
                " They are not shown again.",
            ),
            codes=codes,
            links=(("I have kept them", "/user/profile"),),
        )
        return people.pages.form(page, form.browser, reader=request)

    @routes.post("/user/two-factor/off")
    async def turn_off(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        try:
            await check_password(desk, request, form, login.account)
        except (SignInRefused, TooManyAttempts) as error:
            left = await store.count_recovery_codes(database, login.account.id)
            message = _WRONG if isinstance(error, SignInRefused) else str(error)
            page = _factor_is_on(login, left, error=message)
            return people.pages.form(page, form.browser, status=400, reader=request)
        async with database.transaction() as connection:
            await people.second_factor.turn_off(connection, login.account.id)
            await people.letters.was_changed(connection, login.account.email, "The second factor was turned off.")
        people.letters.sent()
        return RedirectResponse("/user/profile?done=factor-off", status_code=303)

    def _enrol_page(
        request: Request, browser: Browser, login: Login, secret: str, *, error: str = "", status: int = 200
    ) -> Response:
        enrolment = people.second_factor.again(secret, login.account.email)
        page = FormPage(
            title="Turn on the second factor",
            action="/user/two-factor",
            intro=("Read this picture with an authenticator, or type the key below it. Then type the code it shows.",),
            qr_svg=svg_address(enrolment.address),
            facts={"Key": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))},
            entries=(
                Entry("code", "Code", autocomplete="one-time-code"),
                *([_PRESENT] if login.account.has_password else []),
            ),
            submit="Turn it on",
            error=error,
            links=(("Back to the profile", "/user/profile"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    # -- The end of an account

    @routes.get("/user/manage")
    async def show_end(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        return _end_page(request, browser, login)

    @routes.post("/user/manage")
    async def end(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        account = login.account
        if form.text("phrase").lower() != _PHRASE:
            return _end_page(request, form.browser, login, error=Phrase("Type “%s” to go on.", _PHRASE), status=400)
        try:
            await check_password(desk, request, form, account)
            message = DeleteAccount(account_id=account.id, for_all=desk.settings.delete_account_deletes_shared)
            ended = await desk.sessions.request(message, DeletedAccount)
            if ended.has_more:
                error = "There are so many sessions that not all are deleted yet. Send this again to go on."
                return _end_page(request, form.browser, login, error=error, status=503)
            if ended.problem:
                return _end_page(request, form.browser, login, error=ended.problem, status=400)
        except (SignInRefused, TooManyAttempts) as problem:
            text = _WRONG if isinstance(problem, SignInRefused) else str(problem)
            return _end_page(request, form.browser, login, error=text, status=400)
        await desk.browsers.end(form.browser)
        response = RedirectResponse(f"{SIGN_IN}?{urlencode({'done': 'deleted'})}", status_code=303)
        desk.browsers.clear_cookies(response)
        return response

    def _end_page(
        request: Request, browser: Browser, login: Login, *, error: str | Phrase = "", status: int = 200
    ) -> Response:
        page = FormPage(
            title="Delete the account",
            action="/user/manage",
            warning=_ENDS_FOR_ALL if desk.settings.delete_account_deletes_shared else _ENDS_FOR_ONESELF,
            entries=(
                Entry("phrase", Phrase("Type “%s”", _PHRASE), autocomplete="off"),
                *([_PRESENT] if login.account.has_password else []),
            ),
            submit="Delete it",
            error=error,
            is_danger=True,
            links=(("Back to the profile", "/user/profile"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    return routes


def _factor_is_on(login: Login, left: int, *, error: str = "") -> FormPage:
    return FormPage(
        title="Second factor",
        action="/user/two-factor/off",
        intro=(Phrase("It is on. %s recovery codes are left.", left),),
        entries=(_PRESENT,) if login.account.has_password else (),
        submit="Turn it off",
        error=error,
        is_danger=True,
        links=(("Back to the profile", "/user/profile"),),
    )
