"""`/user/forgot-password`, `/user/reset-password`, `/user/change-password` (spec/area2 §12.2, §3.2).

A new password wraps the user's key again; sessions and their steps are left alone. Who has forgotten the old password,
and is not signed in here either, gets another key, and is told before what that closes.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import SIGN_IN, Form, caller_of, enter, link_to, login_of, posted, somebody
from services.gateway.spoken import Phrase
from shared.people import store
from shared.people.records import (
    Account,
    LinkSpent,
    PasswordTooWeak,
    SignInRefused,
    TooManyAttempts,
    UserKey,
)

_SENT = "If there is an account with this address, a letter is on its way to it. The link in it works for an hour."
_LOSS = (
    "Interview sessions are encrypted, and your password opens them. If you set a new one without typing the old one"
    " below, the encrypted sessions you have begun until now can never be read again. Sessions you share with others"
    " are not affected."
)
_NOT_THE_SAME = "The two passwords are not the same."
_NOT_THE_OLD = "This is not the old password. Type the right one, or leave it empty to go on without it."


class _Rehearsed(Exception):
    """What was done was done only to take as long."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people
    directory, database = people.directory, people.directory.database

    @routes.get("/user/forgot-password")
    async def ask(request: Request) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        page = FormPage(
            title="Forgotten your password?",
            action="/user/forgot-password",
            intro=("We send you a link with which you can set a new one.",),
            warning=_LOSS,
            entries=(Entry("email", "E-mail", kind="email", autocomplete="username"),),
            submit="Send the link",
            links=(("Sign in", SIGN_IN),),
        )
        response = people.pages.form(page, browser, reader=request)
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    @routes.post("/user/forgot-password")
    async def send(request: Request) -> Response:
        form = await posted(desk, request)
        email = form.text("email")
        caller = caller_of(desk, request, form.browser)
        try:
            await people.attempts.begin(database, kind="forgot", subject=email, address=caller.address)
        except TooManyAttempts:
            email = ""  # said in the same words, but nothing is sent any more
        known = await store.by_email(database, email)
        try:
            async with database.transaction() as connection:
                account = known if known is not None and known.is_active else None
                if account is not None:
                    await people.links.revoke(connection, account.id, "reset")
                token = await people.links.make(
                    connection, "reset", {}, account_id=account.id if account is not None else None
                )
                link = link_to(desk, request, f"/user/reset-password/{token}")
                await people.letters.reset(connection, account.email if account is not None else email, link)
                if account is None:
                    raise _Rehearsed
        except _Rehearsed:
            pass
        people.letters.sent()
        return people.pages.form(FormPage(title="Look into your mail", note=_SENT), form.browser, reader=request)

    @routes.get("/user/reset-password/{token}")
    async def choose(request: Request, token: str) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        return _reset_page(request, browser, token, await _account_of(token))

    @routes.post("/user/reset-password/{token}")
    async def reset(request: Request, token: str) -> Response:
        form = await posted(desk, request)
        account = await _account_of(token)

        def again(error: str) -> Response:
            return _reset_page(request, form.browser, token, account, error=error, status=400)

        if form.get("password") != form.get("again"):
            return again(_NOT_THE_SAME)
        try:
            key = await _key_for_reset(request, form, account)
            secrets, key = await directory.under_new_password(
                account, form.get("password"), key, shortest=people.shortest_password
            )
        except SignInRefused:
            return again(_NOT_THE_OLD)
        except (PasswordTooWeak, TooManyAttempts) as error:
            return again(str(error))
        async with database.transaction() as connection:
            await people.links.use(connection, "reset", token)
            await directory.set_password(connection, secrets, key)
            await people.letters.was_changed(connection, account.email, "A new password was set.")
        people.letters.sent()
        return RedirectResponse(f"{SIGN_IN}?done=password", status_code=303)

    @routes.get("/user/change-password")
    async def show_change(request: Request) -> Response:
        browser, login = await somebody(desk, request)
        return _change_page(request, browser, login.account)

    @routes.post("/user/change-password")
    async def change(request: Request) -> Response:
        form = await posted(desk, request)
        login = login_of(form)
        account = login.account
        if form.get("password") != form.get("again"):
            return _change_page(request, form.browser, account, error=_NOT_THE_SAME, status=400)
        try:
            await check_password(desk, request, form, account)
            secrets, key = await directory.under_new_password(
                account, form.get("password"), login.key, shortest=people.shortest_password
            )
        except (SignInRefused, PasswordTooWeak, TooManyAttempts) as error:
            message = "This is not your present password." if isinstance(error, SignInRefused) else str(error)
            return _change_page(request, form.browser, account, error=message, status=400)
        async with database.transaction() as connection:
            await people.links.revoke(connection, account.id, "reset")
            await directory.set_password(connection, secrets, key)
            await people.letters.was_changed(connection, account.email, "Your password was changed.")
        people.letters.sent()
        changed = await directory.account(account.id)
        return await enter(desk, request, form.browser, changed, key, go_on="/user/profile?done=password")

    async def _account_of(token: str) -> Account:
        """Whose password a link sets. Raises LinkSpent."""
        opened = await people.links.look(database, "reset", token)
        account = await store.by_id(database, opened.account_id or 0)
        if account is None or not account.is_active:
            raise LinkSpent
        return account

    async def _key_for_reset(request: Request, form: Form, account: Account) -> UserKey | None:
        """The user's key, if something opens it: this browser's sign-in, the old password, or the server.

        Raises SignInRefused when an old password was given that is not the old one.
        """
        login = form.browser.login
        if login is not None and login.account.id == account.id:
            return login.key
        if account.server_opens:
            return await directory.key_without_password(account)
        if not form.get("old"):
            return None
        caller = caller_of(desk, request, form.browser)
        attempt = await people.attempts.begin(database, kind="password", subject=account.email, address=caller.address)
        key = await directory.open_key(account, form.get("old"))
        await people.attempts.succeed(database, attempt)
        return key

    def _reset_page(
        request: Request, browser: Browser, token: str, account: Account, *, error: str = "", status: int = 200
    ) -> Response:
        is_mine = browser.login is not None and browser.login.account.id == account.id
        needs_old = not account.server_opens and not is_mine
        old = Entry("old", "The old password", kind="password", autocomplete="current-password", is_required=False)
        page = FormPage(
            title="Set a new password",
            action=f"/user/reset-password/{token}",
            intro=(Phrase("For the account %s.", account.email),),
            warning=_LOSS if needs_old else "",
            entries=(*([old] if needs_old else []), *_twice(people.shortest_password)),
            submit="Set the password",
            error=error,
        )
        response = people.pages.form(page, browser, status=status, reader=request)
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    def _change_page(
        request: Request, browser: Browser, account: Account, *, error: str = "", status: int = 200
    ) -> Response:
        present = Entry("present", "Your present password", kind="password", autocomplete="current-password")
        intro = "Browsers in which you have signed in besides this one are signed out. Your sessions stay readable."
        if not account.has_password:
            intro = "With a password of your own, only it opens your encrypted sessions; now the server can, too."
        page = FormPage(
            title="Change your password" if account.has_password else "Set a password",
            action="/user/change-password",
            intro=(intro,),
            entries=(*([present] if account.has_password else []), *_twice(people.shortest_password)),
            submit="Change it" if account.has_password else "Set it",
            error=error,
            links=(("Back to the profile", "/user/profile"),),
        )
        return people.pages.form(page, browser, status=status, reader=request)

    return routes


async def check_password(desk: Desk, request: Request, form: Form, account: Account) -> None:
    """Ask once more who sits there, before something is changed. Raises SignInRefused, TooManyAttempts."""
    if not account.has_password:
        return
    people = desk.people
    database = people.directory.database
    caller = caller_of(desk, request, form.browser)
    attempt = await people.attempts.begin(
        database, kind="password", subject=account.email, address=caller.address, device=caller.device
    )
    await people.directory.open_key(account, form.get("present"))
    await people.attempts.succeed(database, attempt)


def _twice(shortest: int) -> tuple[Entry, Entry]:
    return (
        Entry(
            "password",
            "New password",
            kind="password",
            autocomplete="new-password",
            help=Phrase("At least %s characters.", shortest),
        ),
        Entry("again", "The same again", kind="password", autocomplete="new-password"),
    )
