"""`/user/elsewhere`: sign in with an OpenID Connect provider, and connect an account with it (spec/area2 §12.2).

Somebody who comes from there for the first time gets an account of their own. An account that is there already is never
taken over by an address: its owner signs in and connects it.
"""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.account_pages import FormPage
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import SIGN_IN, SignInNeeded, enter, link_to, local_address
from services.gateway.openid import Identity, OpenIdProvider, ProviderRefused, Waiting
from services.gateway.routes.register import RegistrationClosed
from services.gateway.routes.sign_in import SECOND_FACTOR, waiting_for_code
from shared.kernel.errors import NotFound
from shared.people import store
from shared.people.records import AddressMalformed, AddressTaken, Profile, SignInRefused

_CALLBACK = "/user/elsewhere/callback"
_TAKEN = (
    "There is an account with your e-mail address already. Sign in with its password; then you can connect it on the"
    " page of your profile."
)
_NO_ADDRESS = "The place where you signed in does not tell an e-mail address of yours that it has confirmed."
_SOMEBODY_ELSE = "This is how somebody else signs in here."


class NoProvider(NotFound):
    """There is no other place to sign in with on this server."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    people = desk.people
    directory, database = people.directory, people.directory.database

    @routes.get("/user/elsewhere")
    async def leave(request: Request) -> Response:
        provider = _provider()
        await desk.admit("open", request)
        browser = await desk.browsers.find_or_begin(request.cookies)
        connects = 0
        if request.query_params.get("connect"):
            if browser.login is None:
                raise SignInNeeded
            connects = 0 if desk.is_foreign(request) else browser.login.account.id
        url, waiting = await provider.begin(
            redirect_uri=link_to(desk, request, _CALLBACK),
            go_on=local_address(request.query_params.get("next", "")),
            connects=connects,
        )
        await desk.browsers.keep_pending(browser, waiting)
        return desk.with_cookies(browser, RedirectResponse(url, status_code=303))

    @routes.get(_CALLBACK)
    async def come_back(request: Request) -> Response:
        provider, query = _provider(), request.query_params
        browser = await desk.browsers.find(request.cookies)
        kept = None if browser is None else desk.browsers.pending(browser)
        if browser is None or kept is None:
            raise ProviderRefused
        try:
            waiting = Waiting.model_validate_json(kept)
        except ValidationError:
            raise ProviderRefused from None
        await desk.browsers.keep_pending(browser, None)  # whatever comes of it, it is used up
        identity = await provider.finish(
            waiting,
            redirect_uri=link_to(desk, request, _CALLBACK),
            code=query.get("code", ""),
            state=query.get("state", ""),
        )
        if waiting.connects:
            return await _connect(request, browser, provider, identity, waiting.connects)
        return await _sign_in(request, browser, provider, identity, waiting.go_on)

    async def _connect(
        request: Request, browser: Browser, provider: OpenIdProvider, identity: Identity, account_id: int
    ) -> Response:
        if browser.login is None or browser.login.account.id != account_id:
            raise SignInNeeded
        async with database.transaction() as connection:
            if not await directory.connect(connection, provider.issuer, identity.subject, browser.login.key):
                return _told(request, browser, _SOMEBODY_ELSE)
            email = browser.login.account.email
            await people.letters.was_changed(connection, email, "It can be signed in to from elsewhere from now on.")
        people.letters.sent()
        return RedirectResponse("/user/profile?done=connected", status_code=303)

    async def _sign_in(
        request: Request, browser: Browser, provider: OpenIdProvider, identity: Identity, go_on: str
    ) -> Response:
        try:
            account = await people.sign_in.by_identity(database, provider.issuer, identity.subject)
        except SignInRefused:
            return _told(request, browser, "This account is closed.")
        if account is None:
            return await _begin(request, browser, provider, identity, go_on)
        key = await directory.key_without_password(account)
        if account.has_second_factor:
            await desk.browsers.keep_pending(browser, waiting_for_code(desk, key, go_on))
            return RedirectResponse(SECOND_FACTOR, status_code=303)
        return await enter(desk, request, browser, account, key, go_on=go_on)

    async def _begin(
        request: Request, browser: Browser, provider: OpenIdProvider, identity: Identity, go_on: str
    ) -> Response:
        """Somebody who was never here: an account without a password."""
        if not people.may_register:
            raise RegistrationClosed
        if not identity.email or not identity.is_confirmed:
            return _told(request, browser, _NO_ADDRESS)
        try:
            new = await directory.prepare(
                email=identity.email,
                password=None,
                profile=Profile(first_name=identity.first_name, last_name=identity.last_name),
                login_method="openid",
            )
            async with database.transaction() as connection:
                await directory.add(connection, new)
                if not await store.add_identity(connection, provider.issuer, identity.subject, new.id):
                    raise AddressTaken  # they came in twice at once: the other one has made it
        except AddressTaken:
            return _told(request, browser, _TAKEN)
        except AddressMalformed:
            return _told(request, browser, _NO_ADDRESS)
        account = await directory.account(new.id)
        return await enter(desk, request, browser, account, new.key, go_on=go_on)

    def _told(request: Request, browser: Browser, error: str) -> Response:
        page = FormPage(title="This did not work", error=error, links=(("Sign in", SIGN_IN),))
        return people.pages.form(page, browser, status=403, reader=request)

    def _provider() -> OpenIdProvider:
        if people.provider is None:
            raise NoProvider
        return people.provider

    return routes
