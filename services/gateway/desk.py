"""What every route needs: the parts of the gateway, put together once by `app.build`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from services.gateway.asking import Sessions
from services.gateway.browser_sessions import Browser, Browsers
from services.gateway.feed import Feed
from services.gateway.foreign_links import AskFirst
from services.gateway.forms import Posted, read_form
from services.gateway.front_door import FrontDoor
from services.gateway.kept_forms import KeptForms
from services.gateway.letter_box import LetterBox
from services.gateway.live import Hub
from services.gateway.notices import NoticePages
from services.gateway.overseeing import Overseer
from services.gateway.pages import Pages
from services.gateway.parked import ParkedAnswers
from services.gateway.peers import address_of, comes_from_elsewhere, is_loopback, subscriber
from services.gateway.people import People
from services.gateway.quarantine import Quarantine
from services.gateway.repeats import Repeats
from services.gateway.requests import interview_in, session_code, visitor_of
from services.gateway.security import RateLimit, RequestKind
from services.gateway.settings import GatewaySettings
from services.gateway.sign_in_links import SignInLinks
from services.gateway.start import StartPage
from services.gateway.task_desk import TaskDesk
from services.gateway.tokens import PageTokens
from services.gateway.uploads import UploadReader, file_inputs, has_files
from shared.contracts.base import Sealer
from shared.contracts.visitor import Interface, Visitor
from shared.files.room import FileRoom
from shared.kernel.clock import Clock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.kernel.telemetry import Metrics
from shared.mailbox.deliveries import Deliveries
from shared.mailbox.opt_outs import OptOuts
from shared.mailbox.webhooks import Webhooks
from shared.people.api_keys import ApiKeys
from shared.stores.links import Links

if TYPE_CHECKING:
    from shared.mailbox.transport_twilio import TextTransport


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
    links: Links
    parked: ParkedAnswers
    kept_forms: KeptForms
    people: People
    clock: Clock
    start: StartPage
    front_door: FrontDoor
    ask_first: AskFirst
    hub: Hub
    interviews: InterviewPath
    rates: RateLimit
    metrics: Metrics
    tasks: TaskDesk
    overseer: Overseer
    quarantine: Quarantine
    api_keys: ApiKeys
    repeats: Repeats
    sign_in_links: SignInLinks
    feed: Feed
    webhooks: Webhooks
    opt_outs: OptOuts
    deliveries: Deliveries
    texts: TextTransport | None
    letter_box: LetterBox | None
    """For who runs everything on one machine; None elsewhere."""
    templates: jinja2.Environment
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
        self._check_csrf(request, posted.control, browser)
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
            self._check_csrf(request, control, browser)
            if browser is None:
                raise AssertionError
            code = session_code(control.get("_session", "")) or browser.current_code or ""
            form = control.get("_form")
            return file_inputs(self.tokens.open_form(form, interview, code)) if form else frozenset()

        return await self.uploads.read(request, admit)

    def _check_csrf(self, request: Request, control: Mapping[str, str], browser: Browser | None) -> None:
        """Raises ForeignForm. What was typed before signing in, in another tab, is not lost by it."""
        token = control.get("csrf_token") or request.headers.get("x-csrf-token", "")
        self.tokens.check_csrf(token, browser, accepts_former=not self.is_foreign(request))

    async def admit(self, kind: RequestKind, connection: HTTPConnection) -> None:
        """Count one request of its sender; this machine's own are not counted. Raises TooManyRequests.

        Where proxies are trusted, they say who sent it, and there are no others to make an exception for.
        """
        address = address_of(connection)
        if self.settings.trusted_proxies or not is_loopback(address):
            await self.rates.admit(kind, subscriber(address))

    def is_foreign(self, request: Request) -> bool:
        """Whether a page of another site led here; front ends that our operator named are ours."""
        if request.headers.get("origin", "").lower() in self.settings.origins:
            return False
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
