"""From a screen to what a browser gets: a whole page, the JSON of an ajax answer, or the JSON form of the screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from services.gateway.addresses import naming, sign_in_before
from services.gateway.browser_sessions import Browser
from services.gateway.control_fields import control_fields
from services.gateway.names import encoded_name
from services.gateway.rendering import macros_saying, script_json
from services.gateway.screen_data import screen_data
from services.gateway.tokens import PageTokens
from services.gateway.wording import for_scripts, wording
from shared.contracts.question_data import question_data
from shared.contracts.screen import Field, Screen
from shared.contracts.visitor import RequestFacts
from shared.kernel.ids import new_id

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9]+")
_SCRIPT_TAGS = re.compile(r"</?script[^>]*>", re.IGNORECASE)
_SCRIPT_BEGINS = re.compile(r"<script(?=[\s>/])(?! type=\"application/json\")", re.IGNORECASE)
_EMBEDDED = re.compile(r'<span class="da-embedded-field" data-input-name="([^"]+)"></span>')
_TAGS = re.compile(r"<[^>]+>")
_FILE_TYPES = frozenset({"file", "files", "camera", "user", "environment", "camcorder", "microphone"})
_WITHOUT_PLACE = frozenset({"hidden", "note", "html", "raw html"})
_SMALLEST_RELOAD_SECONDS = 4.0
_MOST_WORDINGS = 24
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen, and the session and browser it is shown in."""

    screen: Screen
    browser: Browser
    interview: str
    session_code: str
    session_id: str
    version: int
    steps: int
    request: RequestFacts


class Pages:
    """Renders screens."""

    def __init__(self, *, templates: jinja2.Environment, tokens: PageTokens, check_in_seconds: float) -> None:
        self._tokens, self._check_in_seconds = tokens, check_in_seconds
        self._templates = templates
        self._spoken: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def document(self, shown: Shown, nonce: str) -> str:
        """A whole HTML page; its scripts, ours and the author's, carry the nonce.

        What a person typed has no tags left or is escaped by now: a script in a screen is its author's.
        """
        page = self._page(shown)
        body = self._body(shown, page)
        say = wording(shown.screen.phrases)
        made = self._templates.get_template("document.html").render(
            screen=shown.screen, page=page, body=body, page_json=script_json(page), say=say
        )
        return _SCRIPT_BEGINS.sub(f'<script nonce="{nonce}"', made)

    def ajax(self, shown: Shown) -> dict[str, Any]:
        """The answer to a script's post: the new inside of `#dabody` with everything around it (spec/area1 §16.3)."""
        page = self._page(shown)
        return {"action": "body", "body": str(self._body(shown, page)), **page}

    def data(self, shown: Shown) -> dict[str, Any]:
        """The JSON form of a screen (spec/area2 §6.6)."""
        screen = shown.screen
        return screen_data(
            screen,
            self._page(shown),
            interview=shown.interview,
            form=self._form_token(shown) or "",
            exit_url=_exit_url(shown) if screen.exit_link else "",
        )

    def _body(self, shown: Shown, page: dict[str, Any]) -> Markup:
        screen = shown.screen
        embedded = _embedded(screen)
        macros = self._macros(screen)
        context = {
            **macros,
            "screen": screen,
            "page": page,
            "embedded": frozenset(field.number for field in embedded.values()),
            "subquestion": self._with_inputs(screen, embedded, macros["inputs"]),
            "help_parts": (*screen.help, *screen.interview_help),
            "form_token": self._tokens.form(screen.form, shown.interview, shown.session_code)
            if screen.form is not None
            else "",
            "control_fields": control_fields(screen.form, shown.version) if screen.form is not None else {},
            "has_files": any(field.input_type in _FILE_TYPES for field in screen.fields),
            "exit_label": screen.exit_label_text if screen.exit_link else "",
            "exit_url": _exit_url(shown) if screen.exit_link else "",
            "sign_in_url": sign_in_before(shown.interview),
        }
        return Markup(self._templates.get_template("body.html").render(context))  # noqa: S704 - made by our templates

    def _form_token(self, shown: Shown) -> str | None:
        form = shown.screen.form
        return None if form is None else self._tokens.form(form, shown.interview, shown.session_code)

    def _macros(self, screen: Screen) -> dict[str, Any]:
        """What templates say and draw with: made once for every wording that screens have."""
        key = tuple(sorted(screen.phrases.items()))
        made = self._spoken.get(key)
        if made is None:
            if len(self._spoken) >= _MOST_WORDINGS:
                self._spoken.clear()
            made = self._spoken[key] = macros_saying(wording(screen.phrases), self._templates)
        return made

    @staticmethod
    def _with_inputs(screen: Screen, embedded: dict[str, Field], macros: Any) -> Markup:
        """Put embedded inputs (`[FIELD …]`) where the engine left room for them."""
        left = dict(embedded)

        def put(match: re.Match[str]) -> str:
            field = left.pop(match[1], None)  # an input can stand at one place only
            return str(macros.embedded(field)) if field is not None else ""

        return Markup(_EMBEDDED.sub(put, screen.subquestion_html))  # noqa: S704 - HTML made by the engine and by us

    def _page(self, shown: Shown) -> dict[str, Any]:
        """What the browser's modules must know; also part of every ajax answer."""
        screen = shown.screen
        query = naming(shown.interview)
        features, say = screen.features, wording(screen.phrases)
        page: dict[str, Any] = {
            "browser_title": screen.tab_title_text or _TAGS.sub("", screen.title_html) or say("Interview"),
            "lang": screen.language or "en",
            "phrases": for_scripts(screen.phrases),
            "dir": direction_of(screen.language),
            "bodyclass": _body_class(screen),
            "reload_after": _reload_milliseconds(screen),
            "livehelp": {"availability": "unavailable", "mode": "help", "roles": [], "partner_roles": []},
            "csrf_token": self._tokens.csrf(shown.browser),
            "do_action": screen.check_in or None,
            "steps": shown.steps,
            "allow_going_back": screen.may_go_back,
            "message_log": [{"message": message, "priority": priority} for priority, message in screen.log],
            "id_dict": {"id": screen.question_id, "name": screen.question_name},
            "extra_scripts": [{"type": "custom", "script": _SCRIPT_TAGS.sub("", screen.script)}]
            if screen.script
            else [],
            "extra_css": [screen.css_html] if screen.css_html else [],
            "session": shown.session_code,
            "interview": shown.interview,
            "version": shown.version,
            "watch": self._tokens.watch(shown.session_id, shown.browser),
            "operation": new_id(),
            "back_operation": new_id(),
            "post_url": f"/interview?{query}",
            "check_in_url": f"/checkin?{query}",
            "check_in_seconds": self._check_in_seconds if screen.check_in_seconds is None else screen.check_in_seconds,
            "waits_for_tasks": screen.waits_for_tasks,
            "has_inputs": screen.has_inputs,
            "user_id": shown.browser.user.the_user_id,
            "is_user": shown.browser.user.is_authenticated,
        }
        if screen.tracks_location:
            page["track_location"] = True
        if features.get("go full screen"):
            page["full_screen"] = features["go full screen"]
        if features.get("send question data"):
            page["question_data"] = question_data(
                screen,
                shown.steps,
                user=shown.browser.user,
                request=shown.request,
                session_code=shown.session_code,
            )
        return page


def _embedded(screen: Screen) -> dict[str, Field]:
    """The fields that stand within the text, by the encoded name of their variable."""
    wanted = frozenset(_EMBEDDED.findall(screen.subquestion_html))
    found: dict[str, Field] = {}
    for field in screen.fields if wanted else ():
        if (name := encoded_name(field.variable)) in wanted and field.input_type not in _WITHOUT_PLACE:
            found.setdefault(name, field)
    return found


def direction_of(language: str) -> str:
    """How a language is written: `rtl` or `ltr`, as HTML's `dir` says it."""
    return "rtl" if language.partition("-")[0].partition("_")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def _body_class(screen: Screen) -> str:
    own = (
        screen.css_class
        or f"question-{_NOT_IN_IDS.sub('-', screen.question_id or screen.question_name).strip('-').lower()}"
    )
    kind = "dasignature" if screen.kind == "signature" else "dabody"
    return f"{kind} da-pad-for-navbar {own}"


def _reload_milliseconds(screen: Screen) -> int:
    if screen.reload_seconds is None:
        return 0
    return int(max(screen.reload_seconds, _SMALLEST_RELOAD_SECONDS) * 1000)


def _exit_url(shown: Shown) -> str:
    how = "exit" if "exit" in shown.screen.exit_link else "leave"
    return f"/{how}?{urlencode({'i': shown.interview, 'session': shown.session_code})}"
