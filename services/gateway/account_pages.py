"""Pages about accounts: forms and notes, all by one template. What stands on them is said by the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jinja2
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from services.gateway.browser_sessions import Browser
from services.gateway.spoken import language_of, speaking
from services.gateway.tokens import PageTokens
from services.gateway.wording import Say

_HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of a form."""

    name: str
    label: str
    kind: str = "text"
    """A type of HTML inputs, or `select`, `check`, `hidden`."""
    value: str = ""
    autocomplete: str = ""
    help: str = ""
    is_required: bool = True
    options: Sequence[tuple[str, str]] = ()
    """(value, label) of a `select`."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page with a form on it, or none."""

    title: str
    action: str = ""
    entries: Sequence[Entry] = ()
    submit: str = ""
    intro: Sequence[str] = ()
    """Paragraphs above the form."""
    warning: str = ""
    error: str = ""
    """What was wrong with what was sent."""
    note: str = ""
    """What was done."""
    links: Sequence[tuple[str, str]] = ()
    """(label, address) below the form."""
    qr_svg: str = ""
    """A `data:` address of a picture."""
    codes: Sequence[str] = ()
    is_danger: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


def spoken(page: FormPage, say: Say) -> FormPage:
    """A page in another language; what has no translation, as a name or an address, stays."""
    return replace(
        page,
        title=say(page.title),
        submit=say(page.submit),
        intro=tuple(say(text) for text in page.intro),
        warning=say(page.warning),
        error=say(page.error),
        note=say(page.note),
        entries=tuple(replace(entry, label=say(entry.label), help=say(entry.help)) for entry in page.entries),
        links=tuple((say(label), address) for label, address in page.links),
    )


class AccountPages:
    """Renders them."""

    def __init__(self, *, templates: jinja2.Environment, tokens: PageTokens) -> None:
        self._templates, self._tokens = templates, tokens

    def form(
        self, page: FormPage, browser: Browser | None, *, status: int = 200, reader: HTTPConnection | None = None
    ) -> HTMLResponse:
        """A page with a form; `browser` is whose it is, `reader` whose language it speaks (English without)."""
        language = language_of(reader.headers.get("accept-language", "")) if reader is not None else "en"
        say = speaking(language)
        return self.render(
            "account_form.html",
            browser,
            status=status,
            page=spoken(page, say),
            title=say(page.title),
            language=language,
            optional=say("(optional)"),
        )

    def render(self, template: str, browser: Browser | None, *, status: int = 200, **content: Any) -> HTMLResponse:
        """Any of the templates about accounts."""
        html = self._templates.get_template(template).render(
            csrf_token=self._tokens.csrf(browser) if browser is not None else "",
            account=menu_of(browser),
            **content,
        )
        return HTMLResponse(html, status_code=status, headers=_HEADERS)


def menu_of(browser: Browser | None) -> dict[str, Any]:
    """What the bar at the top says of who has signed in."""
    if browser is None or browser.login is None:
        return {"name": "", "is_admin": False, "may_list": False}
    account = browser.login.account
    return {"name": account.name, "is_admin": account.is_admin, "may_list": account.may("access_user_info")}
