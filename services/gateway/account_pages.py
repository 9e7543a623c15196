"""Pages about accounts: forms and notes, all by one template. What stands on them is said by the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jinja2
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from services.gateway.browser_sessions import Browser
from services.gateway.spoken import Phrase, Words, language_of, said, speaking
from services.gateway.tokens import PageTokens
from services.gateway.wording import Say

_HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of a form."""

    name: str
    label: Words
    kind: str = "text"
    """A type of HTML inputs, or `select`, `check`, `hidden`."""
    value: str = ""
    autocomplete: str = ""
    help: Words = ""
    is_required: bool = True
    options: Sequence[tuple[str, str]] = ()
    """(value, label) of a `select`."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page with a form on it, or none."""

    title: Words
    action: str = ""
    entries: Sequence[Entry] = ()
    submit: str = ""
    intro: Sequence[Words] = ()
    """Paragraphs above the form."""
    warning: str = ""
    error: Words = ""
    """What was wrong with what was sent."""
    note: str = ""
    """What was done."""
    links: Sequence[tuple[Words, str]] = ()
    """(label, address) below the form."""
    qr_svg: str = ""
    """A `data:` address of a picture."""
    codes: Sequence[str] = ()
    is_danger: bool = False
    facts: Mapping[str, Words] = field(default_factory=dict)
    """By name. Of what is told, only a `Phrase` is said in other languages."""


def spoken(page: FormPage, say: Say) -> FormPage:
    """A page in another language; what has no translation, as a name or an address, stays."""
    return replace(
        page,
        title=said(page.title, say),
        submit=say(page.submit),
        intro=tuple(said(text, say) for text in page.intro),
        warning=say(page.warning),
        error=said(page.error, say),
        note=say(page.note),
        entries=tuple(
            replace(entry, label=said(entry.label, say), help=said(entry.help, say)) for entry in page.entries
        ),
        links=tuple((said(label, say), address) for label, address in page.links),
        facts={say(name): told if isinstance(told, str) else told.said(say) for name, told in page.facts.items()},
    )


class AccountPages:
    """Renders them."""

    def __init__(self, *, templates: jinja2.Environment, tokens: PageTokens) -> None:
        self._templates, self._tokens = templates, tokens

    def form(
        self, page: FormPage, browser: Browser | None, *, status: int = 200, reader: HTTPConnection | None = None
    ) -> HTMLResponse:
        """A page with a form; `browser` is whose it is, `reader` whose language it speaks (English without)."""
        say = speaking(language_for(reader))
        shown = spoken(page, say)
        return self.render("account_form.html", browser, status=status, reader=reader, page=shown, title=shown.title)

    def render(
        self,
        template: str,
        browser: Browser | None,
        *,
        status: int = 200,
        reader: HTTPConnection | None = None,
        **content: Any,
    ) -> HTMLResponse:
        """Any of the templates about accounts; what it says, and every `Phrase`, is in the language of its reader."""
        language = language_for(reader)
        say = speaking(language)
        told = {name: value.said(say) if isinstance(value, Phrase) else value for name, value in content.items()}
        html = self._templates.get_template(template).render(
            csrf_token=self._tokens.csrf(browser) if browser is not None else "",
            account=menu_of(browser),
            language=language,
            say=say,
            **told,
        )
        return HTMLResponse(html, status_code=status, headers=_HEADERS)


def language_for(reader: HTTPConnection | None) -> str:
    """The language that a reader's browser asks for; English when nobody is known."""
    return language_of(reader.headers.get("accept-language", "")) if reader is not None else "en"


def menu_of(browser: Browser | None) -> dict[str, Any]:
    """What the bar at the top says of who has signed in."""
    if browser is None or browser.login is None:
        return {"name": "", "is_admin": False, "may_list": False}
    account = browser.login.account
    return {"name": account.name, "is_admin": account.is_admin, "may_list": account.may("access_user_info")}
