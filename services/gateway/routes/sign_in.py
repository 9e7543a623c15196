"""`/user/sign-in`, `/user/sign-out`: come in by password and second factor, and go (spec/area2 §12.2)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.gateway.account_pages import Entry, FormPage
from services.gateway.addresses import address_to_go_to
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import AFTER_SIGN_IN, SIGN_IN, caller_of, enter, local_address, posted
from services.gateway.notices import prefers_json
from shared.people import store
from shared.people.records import SignInRefused, TooManyAttempts, UserKey, WrongCode

_WHY = {
    "interview": "You need to be logged in to access this interview.",
    "kept": "You have been signed out elsewhere. What you have sent is kept for an hour: sign in, and it is taken.",
}
_DONE = {
    "password": "Your password was changed. Sign in with the new one.",
    "signed-out": "You have signed out.",
    "deleted": "Your account was deleted.",
    "address": "Your e-mail address was changed.",
}
SECOND_FACTOR = "/user/second-factor"
_PENDING_SECONDS = 600


class Pending(BaseModel):
    """Somebody whose password was right and whose code is still to come; kept sealed under their browser's secret."""

    account_id: int
    key_number: int
    key: str
    go_on: str
    since: float


def waiting_for_code(desk: Desk, key: UserKey, go_on: str) -> Pending:
    """What is remembered until the code comes."""
    return Pending(
        account_id=key.account_id,
        key_number=key.number,
        key=b64encode(key.key).decode(),
        go_on=go_on,
        since=desk.clock.now().timestamp(),
    )


def _pending(kept: bytes) -> Pending | None:
    """None when something else was remembered there."""
    try:
        return Pending.model_validate_json(kept)
    except ValidationError:
        return None


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people

    @routes.get(SIGN_IN)
    async def show(request: Request) -> Response:
        browser = await desk.browsers.find_or_begin(request.cookies)
        go_on = local_address(request.query_params.get("next", ""))
        if prefers_json(request):
            return _with_cookies(browser, JSONResponse({"action": "login", "csrf_token": desk.tokens.csrf(browser)}))
        if browser.login is not None:
            return RedirectResponse(go_on, status_code=303)
        note = _DONE.get(request.query_params.get("done", ""), "")
        error = _WHY.get(request.query_params.get("why", ""), "")
        return _page(request, browser, go_on, note=note, error=error)

    @routes.post(SIGN_IN)
    async def take(request: Request) -> Response:
        form = await posted(desk, request)
        browser, go_on = form.browser, local_address(form.get("next"))
        caller = caller_of(desk, request, browser)
        try:
            proven = await people.sign_in.by_password(form.text("email"), form.get("password"), caller)
        except (SignInRefused, TooManyAttempts) as error:
            status = 403 if isinstance(error, SignInRefused) else 429
            return _page(request, browser, go_on, email=form.text("email"), error=str(error), status=status)
        if proven.account.has_second_factor:
            await desk.browsers.keep_pending(browser, waiting_for_code(desk, proven.key, go_on))
            return _code_page(request, browser)
        return await enter(desk, request, browser, proven.account, proven.key, go_on=go_on)

    @routes.get(SECOND_FACTOR)
    async def show_code(request: Request) -> Response:
        browser = await desk.browsers.find(request.cookies)
        if browser is None or desk.browsers.pending(browser) is None:
            return RedirectResponse(SIGN_IN, status_code=303)
        return _code_page(request, browser)

    @routes.post(SECOND_FACTOR)
    async def take_code(request: Request) -> Response:
        form = await posted(desk, request)
        browser = form.browser
        kept = desk.browsers.pending(browser)
        pending = None if kept is None else _pending(kept)
        if pending is None or desk.clock.now().timestamp() - pending.since > _PENDING_SECONDS:
            return RedirectResponse(SIGN_IN, status_code=303)
        try:
            await people.sign_in.check_code(pending.account_id, form.text("code"), caller_of(desk, request, browser))
        except (WrongCode, TooManyAttempts) as error:
            return _code_page(request, browser, error=str(error), status=403 if isinstance(error, WrongCode) else 429)
        account = await store.by_id(people.directory.database, pending.account_id)
        if account is None or not account.is_active or account.key_number != pending.key_number:
            return RedirectResponse(SIGN_IN, status_code=303)
        key = UserKey(account.id, pending.key_number, b64decode(pending.key))
        return await enter(desk, request, browser, account, key, go_on=pending.go_on)

    @routes.get("/user/sign-out")
    async def leave(request: Request) -> Response:
        browser = await desk.browsers.find(request.cookies)
        if browser is not None and desk.is_foreign(request):
            go_on = request.query_params.get("next", "")
            return people.pages.form(
                FormPage(
                    title="Sign out?",
                    intro=("A link on another site led here.",),
                    action="/user/sign-out",
                    entries=(Entry("next", "", kind="hidden", value=go_on),),
                    submit="Sign out",
                    links=(("Stay signed in", "/"),),
                ),
                browser,
                reader=request,
            )
        return await _sign_out(browser, request.query_params.get("next", ""))

    @routes.post("/user/sign-out")
    async def leave_after_asking(request: Request) -> Response:
        form = await posted(desk, request)
        return await _sign_out(form.browser, form.get("next"))

    async def _sign_out(browser: Browser | None, wanted: str) -> Response:
        if browser is not None and browser.is_stored:
            await desk.browsers.end(browser)
        signed_out = f"{SIGN_IN}?{urlencode({'done': 'signed-out'})}"
        outside = desk.links.unsealed(wanted)
        if outside is None:
            go_on = local_address(wanted, otherwise=signed_out)
        else:  # an interview of ours leads there
            go_on = address_to_go_to(outside, otherwise=signed_out)
        response = RedirectResponse(go_on, status_code=303)
        desk.browsers.clear_cookies(response)
        return response

    def _page(
        request: Request,
        browser: Browser,
        go_on: str,
        *,
        email: str = "",
        error: str = "",
        note: str = "",
        status: int = 200,
    ) -> Response:
        again = urlencode({"next": go_on}) if go_on != AFTER_SIGN_IN else ""
        links = [("I have forgotten my password", "/user/forgot-password")]
        if people.may_register:
            links.append(("Make an account", f"/user/register?{again}".rstrip("?")))
        if people.provider_label:
            links.append((people.provider_label, f"/user/elsewhere?{again}".rstrip("?")))
        page = FormPage(
            title="Sign in",
            action=SIGN_IN,
            entries=(
                Entry("email", "E-mail", kind="email", value=email, autocomplete="username"),
                Entry("password", "Password", kind="password", autocomplete="current-password"),
                Entry("next", "", kind="hidden", value=go_on),
            ),
            submit="Sign in",
            error=error,
            note=note,
            links=links,
        )
        return _with_cookies(browser, people.pages.form(page, browser, status=status, reader=request))

    def _code_page(request: Request, browser: Browser, *, error: str = "", status: int = 200) -> Response:
        page = FormPage(
            title="Type the code",
            action="/user/second-factor",
            intro=("Your authenticator shows a code of six digits. If you have lost it, type a recovery code.",),
            entries=(Entry("code", "Code", autocomplete="one-time-code"),),
            submit="Sign in",
            error=error,
            links=(("Begin again", SIGN_IN),),
        )
        return _with_cookies(browser, people.pages.form(page, browser, status=status, reader=request))

    def _with_cookies(browser: Browser, response: Response) -> Response:
        desk.browsers.set_cookies(browser, response, even_if_new=True)
        return response

    return routes
