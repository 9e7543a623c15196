"""Links from elsewhere that would delete answers, or give them to an account: the person is asked first, a program is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.notices import prefers_json
from services.gateway.spoken import language_of, speaking
from services.gateway.tokens import PageTokens
from shared.kernel.errors import NotAllowed

Loss = Literal["exit", "restart_session", "user/autologin"]
"""The address that does it."""

_NOT_TAKEN_ALONG = frozenset({"reset", "new_session", "action"})


class ForeignLink(NotAllowed):
    """A link from elsewhere tried to end or give away a session; nothing was changed. Use the link in the interview."""


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    message: str
    label: str


_WORDS: dict[Loss, _Words] = {
    "exit": _Words("Leave and delete?", "If you go on, your answers in this interview are deleted.", "Delete"),
    "restart_session": _Words(
        "Start over?", "If you go on, the interview begins anew and your answers are deleted.", "Start over"
    ),
    "user/autologin": _Words(
        "Sign in?",
        "If you go on, you are signed in to the account of whoever this link was made for, and your answers in this "
        "browser go to that account. Do so only if it is yours.",
        "Sign in",
    ),
}


class AskFirst:
    """Makes the page that asks; its button posts to the address of the same name."""

    def __init__(self, *, templates: jinja2.Environment, tokens: PageTokens) -> None:
        self._templates, self._tokens = templates, tokens

    def page(self, request: Request, browser: Browser, loss: Loss) -> Response:
        """The page. Raises ForeignLink for programs."""
        if prefers_json(request):
            raise ForeignLink
        pairs = request.query_params.multi_items()
        kept = urlencode([(name, value) for name, value in pairs if name not in _NOT_TAKEN_ALONG])
        again = urlencode([(name, value) for name, value in pairs if name in ("i", "session")])
        words = _WORDS[loss]
        language = language_of(request.headers.get("accept-language", ""))
        say = speaking(language)
        html = self._templates.get_template("ask_first.html").render(
            language=language,
            say=say,
            title=say(words.title),
            message=say(words.message),
            label=say(words.label),
            address=f"/{loss}?{kept}",
            back=f"/interview?{again}" if again else "/",
            csrf_token=self._tokens.csrf(browser),
        )
        return HTMLResponse(html, headers={"cache-control": "no-store"})
