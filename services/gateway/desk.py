"""What every route needs: the parts of the gateway, put together once by `app.build`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from services.gateway.asking import Sessions
from services.gateway.browser_sessions import Browser, Browsers
from services.gateway.foreign_links import AskFirst
from services.gateway.forms import Posted, read_form
from services.gateway.live import Hub
from services.gateway.notices import NoticePages
from services.gateway.pages import Pages
from services.gateway.peers import address_of, comes_from_elsewhere, is_loopback, subscriber
from services.gateway.requests import interview_in, session_code, visitor_of
from services.gateway.security import RateLimit, RequestKind
from services.gateway.settings import GatewaySettings
from services.gateway.start import StartPage
from services.gateway.tokens import PageTokens
from services.gateway.uploads import UploadReader, file_inputs, has_files
from shared.contracts.base import Sealer
from shared.contracts.visitor import Interface, Visitor
from shared.files.room import FileRoom
from shared.kernel.clock import Clock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.kernel.telemetry import Metrics


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts of the gateway behind its routes, and the few steps that most routes begin with."""

    settings: GatewaySettings
    sessions: Sessions
    browsers: Browsers
    tokens: PageTokens
    pages: Pages
    notices: NoticePages
    uploads: UploadReader
    files: FileRoom
    file_links: Sealer
    """What seals temporary addresses of files."""
    clock: Clock
    start: StartPage
    ask_first: AskFirst
    hub: Hub
    interviews: InterviewPath
    rates: RateLimit
    metrics: Metrics
    static_version: str
    services: Callable[[], Sequence[Service]]
    """What must be well for `/health/ready` to say so."""

    async def posted(self, request: Request) -> tuple[Posted, Browser, str]:
        """A form post of one of our pages: its fields, its browser, its interview.

        Raises TooManyRequests, FormUnreadable, BodyTooLarge, and ForeignForm when the page was not made for this
        browser.
        """
        await self.admit("post", request)
        posted = await self._read(request)
        if posted.wants_json or posted.get("json") not in ("", "0"):
            request.state.wants_json = True
        interview = interview_in(request.query_params) or interview_in(posted.control)
        browser = await self.browsers.find(request.cookies, interview)
        self.tokens.check_csrf(posted.get("csrf_token") or request.headers.get("x-csrf-token", ""), browser)
        if browser is None:  # the check above has refused it already
            raise AssertionError
        return posted, browser, interview

    async def _read(self, request: Request) -> Posted:
        if not has_files(request):
            return await read_form(request, max_fields=self.settings.max_fields)

        async def admit(control: Mapping[str, str]) -> frozenset[str]:
            """Files are taken from pages of this browser only, for the inputs that its screen has."""
            interview = interview_in(request.query_params) or interview_in(control)
            browser = await self.browsers.find(request.cookies, interview)
            self.tokens.check_csrf(control.get("csrf_token") or request.headers.get("x-csrf-token", ""), browser)
            if browser is None:
                raise AssertionError
            code = session_code(control.get("_session", "")) or browser.current_code or ""
            form = control.get("_form")
            return file_inputs(self.tokens.open_form(form, interview, code)) if form else frozenset()

        return await self.uploads.read(request, admit)

    async def admit(self, kind: RequestKind, connection: HTTPConnection) -> None:
        """Count one request of its sender; this machine's own are not counted. Raises TooManyRequests.

        Where proxies are trusted, they say who sent it, and there are no others to make an exception for.
        """
        address = address_of(connection)
        if self.settings.trusted_proxies or not is_loopback(address):
            await self.rates.admit(kind, subscriber(address))

    def is_foreign(self, request: Request) -> bool:
        """Whether a page of another site led here."""
        return comes_from_elsewhere(request, self.settings.public_url)

    def code_of(self, posted: Posted, browser: Browser) -> str:
        """The session a page belongs to: the one it carries, else the browser's current one. Raises BadParameter."""
        return session_code(posted.get("_session")) or browser.current_code or ""

    def visitor(
        self, connection: HTTPConnection, browser: Browser, *, interface: Interface = "web", method: str = "GET"
    ) -> Visitor:
        """Who asks, for the session service."""
        return visitor_of(connection, browser, public_url=self.settings.public_url, interface=interface, method=method)

    def with_cookies(self, browser: Browser, response: Response) -> Response:
        """Let an answer set what its browser has to bring along next time."""
        self.browsers.set_cookies(browser, response)
        return response
