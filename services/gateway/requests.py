"""Facts about a browser's request: who asks, from where, for which interview, with which arguments."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import HTTPConnection

from services.gateway.browser_sessions import Browser
from shared.contracts.session import NamedAction
from shared.contracts.visitor import Interface, RequestFacts, Visitor
from shared.kernel.errors import Malformed, NotAllowed, NotFound
from shared.kernel.ids import new_id
from shared.kernel.interview_path import BadReference, canonical
from shared.kernel.plain_text import strip_markup

KEPT = "_kept"
"""Set when a form is taken that was sent before signing in."""
SESSION_KEY = "session_key"
"""Of a link that opens an encrypted session."""
RESERVED = frozenset(
    {"i", "json", "js_target", "from_list", "session", "cache", "reset", "new_session", "action", KEPT, SESSION_KEY}
)
"""Query parameters that never become `url_args` (spec/area2 §2.3)."""

_PRIVATE_HEADERS = frozenset({"cookie", "authorization", "proxy-authorization", "x-api-key", "x-csrf-token"})
_LONGEST_HEADER = 1024
_OPERATION = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
_CODE = re.compile(r"[A-Za-z0-9]{32}\Z")


class BadParameter(Malformed):
    """A parameter of this address is not what it should be."""


class NotAnInterview(NotFound):
    """This is no interview's name, which is like `package:data/questions/file.yml`; choose one from the list."""


class UnreadableAction(Malformed):
    """What this link or button asks for cannot be read; nothing was done. Reload the page and try again."""


class NotFromElsewhere(NotAllowed):
    """A link on a page of another site may not ask for this; nothing was done."""


def interview_in(parameters: Mapping[str, str]) -> str:
    """The interview that an address or a page names in `i`, in its canonical form; empty when it names none.

    Raises NotAnInterview.
    """
    given = parameters.get("i", "")
    try:
        return canonical(given) if given else ""
    except BadReference:
        raise NotAnInterview from None


def interview_of_state(parameters: Mapping[str, str]) -> str:
    """The interview before the `^` in `state`, which a provider of sign-ins brings back; empty when there is none."""
    given = parameters.get("state", "")
    try:
        said = base64.b64decode(given.replace("-", "+").replace("_", "/") + "=" * (-len(given) % 4)).decode()
        name, caret, _ = said.partition("^")
        return canonical(name) if caret else ""
    except (ValueError, BadReference):
        return ""


def whole_number(parameters: Mapping[str, str], name: str) -> int:
    """A parameter such as `reset`. Raises BadParameter."""
    text = parameters.get(name, "")
    try:
        return int(text) if text else 0
    except ValueError:
        raise BadParameter(f"{name} must be a whole number.") from None


def url_args_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What the interview finds in `url_args`: of a repeated parameter the first value counts."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in RESERVED:
            found.setdefault(name, value)
    return found


def action_in(encoded: str) -> NamedAction | None:
    """The action of a link or a button: base64 of `{"action": …, "arguments": {…}}`; None when it cannot be read."""
    try:
        raw = base64.b64decode(encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4))
        said: Any = orjson.loads(raw)
    except (binascii.Error, ValueError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("action"), str):
        return None
    arguments = said.get("arguments")
    return NamedAction(action=said["action"], arguments=arguments if isinstance(arguments, dict) else {})


def without_markup(call: NamedAction) -> NamedAction:
    """The action of a link that a page of another site made: its texts are data of strangers (spec/area4 §5.4)."""
    return NamedAction(action=call.action, arguments={name: _bare(value) for name, value in call.arguments.items()})


def is_inner(call: NamedAction) -> bool:
    """Whether an action works on variables directly, as links do that an interview made for its own pages."""
    named = call.action
    if named == "_da_priority_action":
        named = str(call.arguments.get("_action", ""))
    return (named.startswith("_da_") and named != "_da_exit") or named == "need"


def _bare(value: Any) -> Any:
    match value:
        case str():
            return strip_markup(value)
        case list():
            return [_bare(part) for part in value]
        case dict():
            return {name: _bare(part) for name, part in value.items()}
        case _:
            return value


def operation_id(given: str) -> str:
    """The id the page made for this intent; one of ours when it made none."""
    return given if _OPERATION.match(given) else new_id()


def session_code(given: str) -> str | None:
    """A session's code as a page or an address carries it; None when there is none. Raises BadParameter."""
    if not given:
        return None
    if not _CODE.match(given):
        raise BadParameter("This is not the code of a session.")
    return given


def url_root(connection: HTTPConnection, public_url: str) -> str:
    """Where links start; ends with a slash."""
    root = public_url or f"{connection.url.scheme}://{connection.url.netloc}"
    return root.rstrip("/") + "/"


def visitor_of(
    connection: HTTPConnection, browser: Browser, *, public_url: str, interface: Interface = "web", method: str = "GET"
) -> Visitor:
    """Everything a run may know of who asks; cookies and passwords in headers stay here."""
    facts = request_facts(connection, public_url=public_url, interface=interface, method=method)
    return Visitor(user=browser.user, request=facts, keys=browser.keys)


def request_facts(
    connection: HTTPConnection, *, public_url: str, interface: Interface, method: str = "GET"
) -> RequestFacts:
    """What a run may know of the request."""
    root = url_root(connection, public_url)
    headers = {
        name: value[:_LONGEST_HEADER]
        for name, value in connection.headers.items()
        if name not in _PRIVATE_HEADERS and not name.startswith("sec-")
    }
    return RequestFacts(
        interface=interface,
        url_root=root,
        url=root + "interview",
        client_ip=connection.client.host if connection.client else None,
        method=method,
        headers=headers,
        referer=headers.get("referer"),
    )
