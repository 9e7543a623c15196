"""Pages and JSON that are no screen of an interview: errors, things that are gone, a server that is busy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import jinja2
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response

from services.gateway.rates import TooManyRequests
from services.gateway.security import BodyTooLarge, BodyTooSlow
from services.gateway.spoken import language_of, speaking
from services.gateway.wording import Say
from shared.bus.port import RequestRefused
from shared.contracts.session import Problem
from shared.kernel.errors import ColloquyError, Malformed, NotAllowed, NotFound, Retryable
from shared.kernel.ids import new_code

log = structlog.get_logger()

Links = tuple[tuple[str, str], ...]
_HOME: Links = (("All interviews", "/"),)
_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """What went wrong, in words for the person who sees it."""

    status: int
    title: str
    message: str
    icon: str = "exclamation-triangle"
    where: str = ""
    nearest: tuple[str, ...] = ()
    sought: tuple[str, ...] = ()
    source_line: str = ""
    trace: str = ""
    help_html: str = ""
    """What the author of the interview says to whoever meets an error."""
    number: str = ""
    """Under which our log tells of it."""
    links: Links = _HOME
    retry_seconds: int = 0
    """The page asks again by itself after this time."""
    reason: str = ""
    """A word for programs."""


BUSY = Notice(
    503,
    "One moment, please",
    "The server is busy or a part of it does not answer at the moment. Nothing is lost; this page tries again by"
    " itself.",
    icon="hourglass-split",
    retry_seconds=_RETRY_SECONDS,
    reason="busy",
)
_DAMAGED = "What is stored of it was changed or is damaged. It has been noted; please tell who runs this server."
_REFUSED = "The server could not use what was sent; nothing was changed. Go back, reload the page and try again."

_CODE_FAILED = (
    "This interview has an error and cannot go on from here. Your answers are kept as they were on the last page. Tell"
    " whoever made the interview what stands below."
)

UNKNOWN_INTERVIEW = Notice(
    404,
    "Not found",
    "There is no such interview or session here. Its address may be incomplete, or it was deleted meanwhile: choose an"
    " interview from the list, or ask for a new link.",
    icon="compass",
    reason="not_found",
)
LOCKED_OUT = Notice(
    403,
    "This session is closed to you",
    "Its answers are encrypted, and this browser does not have the key. They can be opened in the browser in which they"
    " were given, until it is closed.",
    icon="lock",
    reason="locked_out",
)


NEEDS_SIGN_IN = Notice(
    401,
    "Please sign in",
    "You need to be logged in to access this interview.",
    icon="person-lock",
    links=(("Sign in", "/user/sign-in"), *_HOME),
    reason="sign_in",
)
FORBIDDEN = Notice(
    403,
    "Not allowed",
    "You are not allowed to access this interview. Whoever runs this server can give you the privilege it asks for.",
    icon="lock",
    reason="forbidden",
)


def of_problem(problem: Problem, *, shows_details: bool) -> Notice:
    """What interview code or the interview itself did wrong.

    Everybody is told file, line, block and names of variables. The author's own lines, traces and the texts of
    exceptions of interview code are `details`: they may hold keys and passwords that stand in the code, or answers.
    Who is not shown them gets a number, under which our log tells the place, and never what was answered.
    """
    number = new_code(8)
    log.warning("gateway.interview_error", number=number, file=problem.file, line=problem.line, block=problem.block)
    message = problem.message if shows_details or not problem.is_from_code else _CODE_FAILED
    where = f"{problem.file}, line {problem.line}" if problem.file and problem.line else problem.file or ""
    if problem.block:
        where = f"{where} ({problem.block})" if where else problem.block
    return Notice(
        500,
        "Error",
        message if shows_details else f"{message.rstrip('.')}. The number of this error is {number}.",
        number=number,
        where=where,
        nearest=problem.nearest,
        sought=problem.sought,
        source_line=problem.source_line if shows_details else "",
        trace=problem.trace or "" if shows_details else "",
        help_html=problem.help_html,
        reason="interview_error",
    )


def of_error(error: BaseException) -> Notice:
    """What one of our errors means to the person before the page."""
    match error:
        case HTTPException(status_code=404):
            words = "There is no page at this address. Check it, or choose an interview from the list."
            return Notice(404, "Not found", words, icon="compass", reason="not_found")
        case HTTPException(status_code=405):
            words = "This address does not take what was sent. Open it in a browser instead."
            return Notice(405, "This did not work", words, reason="refused")
        case HTTPException():
            return Notice(error.status_code, "This did not work", str(error.detail), reason="refused")
        case TooManyRequests():
            return Notice(429, "One moment, please", str(error), icon="hourglass-split", reason="too_many_requests")
        case RequestRefused(is_retryable=True) | Retryable():
            return BUSY
        case BodyTooSlow():
            return Notice(408, "Too slow", str(error), icon="hourglass-split", reason="too_slow")
        case BodyTooLarge():
            return Notice(413, "Too large", str(error), icon="box-seam", reason="too_large")
        case NotFound():
            return Notice(404, "Not found", str(error), icon="compass", reason="not_found")
        case NotAllowed():
            return Notice(403, "Not allowed", str(error), icon="lock", reason="not_allowed")
        case RequestRefused(error="RowPutBack" | "SealBroken" | "DictionaryMissing"):
            return Notice(500, "This session cannot be opened", _DAMAGED, reason="damaged")
        case RequestRefused():
            return Notice(400, "This could not be understood", _REFUSED, reason="malformed")
        case Malformed() | ColloquyError():
            return Notice(400, "This could not be understood", str(error), reason="malformed")
        case _:
            return Notice(
                500, "Something went wrong", "The server made a mistake. It has been noted.", reason="internal"
            )


class NoticePages:
    """Renders notices as what the request wants: a page, or JSON for scripts and programs."""

    def __init__(self, *, templates: jinja2.Environment) -> None:
        self._templates = templates

    def answer(self, connection: HTTPConnection, notice: Notice, *, wants_json: bool | None = None) -> Response:
        """The response; a script's is JSON that also holds the body to show (spec/area1 §16.1, `daPageError`)."""
        as_json = prefers_json(connection) if wants_json is None else wants_json
        language = language_of(connection.headers.get("accept-language", ""))
        notice = spoken(notice, speaking(language))
        headers = {"cache-control": "no-store"}
        if notice.retry_seconds:
            headers["retry-after"] = str(notice.retry_seconds)
        if as_json:
            return JSONResponse(self.data(notice, language=language), status_code=notice.status, headers=headers)
        html = self._templates.get_template("notice_page.html").render(
            notice=notice, language=language, say=speaking(language)
        )
        return HTMLResponse(html, status_code=notice.status, headers=headers)

    def data(self, notice: Notice, *, language: str = "en") -> dict[str, Any]:
        """The JSON form of a notice that is said in this language already."""
        said = {name: value for name, value in asdict(notice).items() if name not in ("icon", "links", "retry_seconds")}
        return {
            "success": False,
            "action": "error",
            "error": said,
            "is_retryable": notice.status == 503,
            "body": self._templates.get_template("notice_body.html").render(notice=notice, say=speaking(language)),
        }


def spoken(notice: Notice, say: Say) -> Notice:
    """A notice in another language; what has no translation, as the words of an interview's error, stays."""
    message = say(notice.message)
    told = f" The number of this error is {notice.number}."
    if notice.number and notice.message.endswith(told):
        message = f"{say(notice.message.removesuffix(told))} {say('The number of this error is %s.') % notice.number}"
    links = tuple((say(label), address) for label, address in notice.links)
    return replace(notice, title=say(notice.title), message=message, links=links)


def prefers_json(connection: HTTPConnection) -> bool:
    """Whether a script or a program asks."""
    if getattr(connection.state, "wants_json", False):
        return True
    headers, query = connection.headers, connection.query_params
    if headers.get("x-requested-with") == "XMLHttpRequest" or query.get("json", "0") not in ("", "0"):
        return True
    accept = headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
