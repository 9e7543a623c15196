"""Links into this interview and others, and buttons made of them (spec/area1 §2.4, spec/area2 §6)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from shared.interview.errors import HostRefused
from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.runtime import names
from shared.interview.runtime.host import KeepLink, LinkAnswer, SealAddress
from shared.interview.runtime.people_calls import MakeSignInLink, PeopleAnswer
from shared.interview.runtime.run import Run, current_run
from shared.kernel.errors import Refused
from shared.kernel.ids import new_code
from shared.kernel.interview_path import BadReference, canonical

__all__ = [
    "action_button_html",
    "action_menu_item",
    "interview_url",
    "interview_url_action",
    "interview_url_action_as_qr",
    "interview_url_as_qr",
    "qr_code",
    "static_image",
    "url_action",
    "url_ask",
    "url_of",
]

_VOLATILE = re.compile(r"(?:^x(?:[.\[]|$)|\[[ijklmn]\])")
_PLAIN_COLORS = ("primary", "secondary", "tertiary", "success", "danger", "warning", "info", "light", "dark")
_COLORS = frozenset(("link", *_PLAIN_COLORS, *(f"outline-{color}" for color in _PLAIN_COLORS)))
_PAGES = {
    "root": "",
    "login": "user/sign-in",
    "signin": "user/sign-in",
    "register": "user/register",
    "profile": "user/profile",
    "change_password": "user/change-password",
    "logout": "user/sign-out",
    "interviews": "interviews",
    "interview_list": "interviews",
    "dispatch": "list",
    "manage": "user/manage",
    "configuration": "config",
}
_SESSION_PAGES = {
    "exit": "exit",
    "leave": "leave",
    "exit_logout": "exit_logout",
    "restart": "restart_session",
    "new_session": "new_session",
}


def encoded_action(action: str, arguments: dict[str, Any]) -> str:
    """An action as it travels in an address: base64 of its JSON, without padding. Raises DAError."""
    try:
        text = json.dumps({"action": action, "arguments": arguments})
    except (TypeError, ValueError) as error:
        raise DAError(
            f"The arguments of the action {action} cannot be part of a link: {error}. Pass texts, numbers and lists, "
            "e.g. the name of an object instead of the object"
        ) from error
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=").replace("-", "+").replace("_", "/")


def _checked(action: Any) -> str:
    if not isinstance(action, str) or not action:
        raise DAError(f"An action is named by a text, not by {action!r}")
    if _VOLATILE.search(action):
        raise DAError(
            f"The action {action} has a name that will stand for something else when the link is clicked: "
            "use the full name, e.g. x.attr_name('…')"
        )
    return action


def _request(action: str, arguments: dict[str, Any]) -> str:
    """The action in its parameter's form; `_forget_prior` drops the visitor's pending actions first."""
    action = _checked(action)
    if arguments.pop("_forget_prior", False):
        return encoded_action("_da_priority_action", {"_action": action, "_arguments": arguments})
    return encoded_action(action, arguments)


def _page(run: Run) -> str:
    """Path of this interview's page, as the visitor called it."""
    return urlsplit(run.context.request.url).path or "/interview"


def _query_of_interview(run: Run, page: str) -> dict[str, str]:
    """`i=…` where the path does not say it."""
    return {"i": run.context.interview} if page.rstrip("/").endswith("/interview") else {}


def url_action(action: str, **arguments: Any) -> str:
    """A link that runs an action in this session. Raises DAError for names that mean something else later."""
    run = current_run()
    page = _page(run)
    return f"{page}?{urlencode({**_query_of_interview(run, page), 'action': _request(action, arguments)})}"


def url_ask(data: Any) -> str:
    """A link that asks for variables, one after the other. Raises DAError for what cannot be asked."""
    return url_action("_da_force_ask", variables=checked_asks(data, _lasting_name))


def names_a_variable(name: Any) -> str:
    """The name itself. Raises DAError when a variable cannot be called so."""
    if not isinstance(name, str) or not names.is_legal(name):
        raise DAError(f"{name!r} is not the name of a variable")
    return name


def _lasting_name(name: Any) -> str:
    return _checked(names_a_variable(name))


_CONTROLS = ("undefine", "invalidate", "recompute", "set", "follow up")


def checked_asks(data: Any, check: Callable[[Any], str] = names_a_variable) -> list[Any]:
    """Names and control items of `url_ask()` and `force_ask()`. Raises DAError for what cannot be asked."""
    items = data if isinstance(data, list | tuple) else [data]
    return [_checked_ask(item, check) for item in items]


def _checked_ask(item: Any, check: Callable[[Any], str]) -> Any:
    if isinstance(item, str):
        return check(item)
    if not isinstance(item, dict):
        raise DAError(f"A variable name or a dictionary is needed, not {item!r}")
    if "action" in item:
        arguments = item.get("arguments") or {}
        if set(item) - {"action", "arguments"} or not isinstance(arguments, dict):
            raise DAError(f"An action is given as {{'action': name, 'arguments': dictionary}}, not {item!r}")
        return {"action": check(item["action"]), "arguments": dict(arguments)}
    control = next((name for name in _CONTROLS if name in item), None)
    if control is None or len(item) != 1 or not isinstance(item[control], list | tuple):
        raise DAError(f"One of {', '.join(_CONTROLS)} with a list is needed, not {item!r}")
    for entry in item[control]:
        if control != "set":
            check(entry)
        elif isinstance(entry, dict):
            for name in entry:
                check(name)
        else:
            raise DAError(f"`set` needs a list of {{variable: value}}, not {entry!r}")
    return {control: list(item[control])}


# -- Links from anywhere ---------------------------------------------------------------------------------------------


def full_reference(run: Run, reference: str) -> str:
    """A reference to an interview, completed with the package of this one."""
    if ":" in reference:
        return reference
    name = reference.removeprefix("data/questions/")
    return f"{run.interview.package}:data/questions/{name}"


def interview_url(**parameters: Any) -> str:
    """An address of this session, or with `i` of another interview (spec/area2 §6.1).

    Special parameters: i, session, local, new_session, reset, style, temporary (the address ends after so many hours,
    24 for True), once_temporary (and after one visit). All others become `url_args`.
    """
    return _address(current_run(), parameters, None)


def interview_url_action(action: str, **parameters: Any) -> str:
    """An address that runs an action in this session from anywhere (spec/area2 §6.2).

    Special parameters: those of `interview_url()` and _forget_prior. All others are arguments.
    """
    names_of_address = ("i", "session", "local", "new_session", "reset", "style", "temporary", "once_temporary")
    address = {name: parameters.pop(name) for name in names_of_address if name in parameters}
    return _address(current_run(), address, _request(action, parameters))


def _address(run: Run, parameters: dict[str, Any], action: str | None) -> str:
    hours, once_hours = parameters.pop("temporary", None), parameters.pop("once_temporary", None)
    style = parameters.pop("style", None)
    is_local = bool(parameters.pop("local", False))
    query: dict[str, Any] = {}
    other = parameters.pop("i", None)
    reference = run.context.interview if other is None else full_reference(run, str(other))
    query["i"] = reference
    if "session" in parameters:
        session = parameters.pop("session")
    elif reference == run.context.interview and other is None:
        session = run.context.session_code
    else:
        session = None
        if action is None:
            query["from_list"] = 1
    if parameters.get("new_session"):
        session = None
    if session:
        query["session"] = session
        if run.context.links_open_session and (reference, session) == (run.context.interview, run.context.session_code):
            query[_KEY_PARAMETER] = run.internal.setdefault(LINK_SECRET, new_code(_LINK_SECRET_LETTERS))
    query.update(parameters)
    if action is not None:
        query["action"] = action
    path = _short_path(run, reference, query, style) if style in ("short", "short_package") else None
    if path is None:
        path = "interview"
    else:
        query.pop("i")
    path += "?" + urlencode({name: _text(value) for name, value in query.items()}) if query else ""
    root = run.context.request.url_root
    if hours or once_hours:
        seconds = _seconds_of(once_hours or hours)
        return _temporary(run, root + path, seconds=seconds, is_once=bool(once_hours), is_local=is_local)
    return (urlsplit(root).path or "/") + path if is_local else root + path


LINK_SECRET = "link_secret"  # noqa: S105 - where it is, no secret itself
"""Where the answers hold what opens the session from a link (spec/area2 §0 D1)."""
_KEY_PARAMETER = "session_key"
_LINK_SECRET_LETTERS = 32
_QUESTIONS = ":data/questions/"
_COMMON_PREFIX = "docassemble."


def _short_path(run: Run, reference: str, query: dict[str, Any], style: str) -> str | None:
    """`run/name/` or `run/package/file/`, with `start` for a new session; None when there is none of this interview."""
    reference = canonical(reference)
    package, _, file = reference.partition(_QUESTIONS)
    named = None
    offered = run.context.config.get("dispatch")
    if style == "short" and isinstance(offered, dict):
        named = next((str(name) for name, one in offered.items() if _is_same(one, reference)), None)
    if named is None and file.endswith(".yml"):
        named = f"{_shortest(run, package, file)}/{file.removesuffix('.yml')}"
    if named is None:
        return None
    return f"{'start' if query.pop('new_session', None) else 'run'}/{quote(named)}/"


def _is_same(given: Any, reference: str) -> bool:
    try:
        return canonical(str(given)) == reference
    except BadReference:
        return False


def _shortest(run: Run, package: str, file: str) -> str:
    """A package without the common prefix, unless that names another interview."""
    short = package.removeprefix(_COMMON_PREFIX)
    if short != package and run.path is not None:
        try:
            run.path.find(f"{short}{_QUESTIONS}{file}")
        except Refused:
            return short
        return package
    return short


_HOUR = 3600.0
_DAY = 24 * _HOUR
_LONGEST_SECONDS = 3660 * _DAY


def _seconds_of(hours: Any) -> float:
    """A number of hours; anything else that was given is a day."""
    is_number = isinstance(hours, int | float) and not isinstance(hours, bool) and hours > 0
    return min(hours * _HOUR, _LONGEST_SECONDS) if is_number else _DAY


def _temporary(run: Run, url: str, *, seconds: float, is_once: bool, is_local: bool) -> str:
    """A short address that leads there for a while. In one run the same lasting link is made only once."""
    key = ("temporary link", url, seconds)
    code = None if is_once else run.memo.get(key)
    if code is None:
        answer, _ = run.host.call(KeepLink(url=url, seconds=seconds, is_once=is_once))
        assert isinstance(answer, LinkAnswer)
        code = run.memo[key] = answer.code
    root = run.context.request.url_root
    return f"{(urlsplit(root).path or '/') if is_local else root}goto?c={code}"


def _temporary_redirect(run: Run, parameters: dict[str, Any]) -> str:
    """`url_of('temp_url', url=…, expire=seconds, one_time=…, local=…)`: 90 days when no time is given."""
    url, expire = parameters.get("url"), parameters.get("expire", 90 * _DAY)
    if not isinstance(url, str) or not url:
        raise DAError("url_of('temp_url') needs the url that the link leads to")
    try:
        seconds = float(expire)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise DAError(f"url_of('temp_url'): expire is a number of seconds, not {expire!r}")
    return _temporary(
        run,
        url,
        seconds=seconds,
        is_once=bool(parameters.get("one_time")),
        is_local=bool(parameters.get("local")),
    )


def _sign_in_address(run: Run, parameters: dict[str, Any]) -> str:
    """`url_of('login_url', username=…, password=…, …)`: an address that signs somebody in, once (spec/area2 §6.5)."""
    arguments = parameters.get("url_args") or {}
    if not isinstance(arguments, dict):
        raise DAError("url_of('login_url'): url_args is a dictionary")
    go_on = _text(parameters.get("next")) or "/interviews"
    if parameters.get("i"):
        query = {"i": full_reference(run, str(parameters["i"]))}
        if parameters.get("session"):
            query["session"] = str(parameters["session"])
        elif not parameters.get("resume_existing"):
            query["new_session"] = "1"
        query |= {str(name): str(value) for name, value in arguments.items() if name not in query}
        go_on = f"/interview?{urlencode(query)}"
    try:
        call = MakeSignInLink(
            email=_text(parameters.get("username")),
            password=_text(parameters.get("password")),
            go_on=go_on,
            seconds=parameters.get("expire", 15),
        )
    except ValueError:
        raise DAError("url_of('login_url'): expire is a number of seconds, a day at most") from None
    try:
        answer, _ = run.host.call(call)
    except HostRefused as error:
        raise DAError(f"url_of('login_url'): {error.message}") from None
    assert isinstance(answer, PeopleAnswer)
    return f"{run.context.request.url_root}user/autologin?key={answer.text}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def qr_code(text: Any, width: str | None = None, alt_text: str | None = None) -> str:
    """The markup of a QR code."""
    return _picture("QR", str(text), width, alt_text)


def _picture(kind: str, reference: str, width: str | None, alt_text: str | None) -> str:
    """The markup of a picture: `[QR text, width, alternative]`."""
    extra = [str(item) for item in (width or ("None" if alt_text else None), alt_text) if item]
    return f"[{kind} " + ", ".join([reference, *extra]) + "]"


def interview_url_as_qr(**parameters: Any) -> str:
    """The address of `interview_url()` as a QR code; `alt_text` and `width` describe the picture."""
    alt_text, width = parameters.pop("alt_text", None), parameters.pop("width", None)
    return qr_code(interview_url(**parameters), width, alt_text)


def interview_url_action_as_qr(action: str, **parameters: Any) -> str:
    """The address of `interview_url_action()` as a QR code; `alt_text` and `width` describe the picture."""
    alt_text, width = parameters.pop("alt_text", None), parameters.pop("width", None)
    return qr_code(interview_url_action(action, **parameters), width, alt_text)


def url_of(name: Any, **parameters: Any) -> str:
    """The address of a page of this server (`login`, `exit`, `interviews` …), of a file, or of a static file by its
    name (spec/area4 §7.6).

    `package:data/static/file`, `package:file`, or a file name alone, looked for in the interview's own package.
    `_external=True` gives an absolute address, `_attachment=True` one that downloads.
    """
    run = current_run()
    is_external = bool(parameters.pop("_external", False))
    is_download = bool(parameters.pop("_attachment", False))
    parameters.pop("_package", None)
    if callable(getattr(name, "url_for", None)):
        return str(name.url_for(external=is_external, attachment=is_download))
    root = run.context.request.url_root
    base = root if is_external else (urlsplit(root).path or "/")
    match name:
        case "help":
            return "javascript:daShowHelpTab()"
        case "interview" | "flex_interview" | "run" | "run_new" | "run_dispatch" | "run_new_dispatch":
            query = {"i": full_reference(run, str(parameters.pop("i", run.context.interview))), **parameters}
            if name.startswith("run_new"):
                query["new_session"] = 1
            return f"{base}interview?{urlencode(query)}"
        case _ if name in _SESSION_PAGES:
            query = {"i": run.context.interview, **parameters}
            if name == "leave":
                query.pop("i")
            _seal_next(run, query)
            return base + _SESSION_PAGES[name] + (f"?{urlencode(query)}" if query else "")
        case _ if name in _PAGES:
            if name == "logout":
                _seal_next(run, parameters)
            return base + _PAGES[name] + (f"?{urlencode(parameters)}" if parameters else "")
        case "temp_url":
            return _temporary_redirect(run, parameters)
        case "login_url":
            return _sign_in_address(run, parameters)
        case _ if re.match(r"https?://|mailto:|tel:|javascript:|/|#", name):
            return str(name)
    return base + static_path(run, name) + ("?attachment=1" if is_download else "")


def _seal_next(run: Run, query: dict[str, Any]) -> None:
    """An address elsewhere as `next` goes sealed: our pages send people nowhere that no interview has named."""
    url = query.get("next")
    if not isinstance(url, str) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", url):
        return
    root = run.context.request.url_root
    if url.startswith(root):
        query["next"] = (urlsplit(root).path or "/") + url.removeprefix(root)
        return
    key = ("sealed address", url)
    if key not in run.memo:
        answer, _ = run.host.call(SealAddress(url=url))
        assert isinstance(answer, LinkAnswer)
        run.memo[key] = answer.code
    query["next"] = run.memo[key]


def static_path(run: Run, name: str) -> str:
    """Path of a static file of an interview package, below the root of the server."""
    package, colon, rest = name.partition(":")
    if not colon:
        package, rest = run.interview.package, name
    rest = rest.removeprefix("data/static/")
    return f"packagestatic/{quote(package)}/{quote(rest)}"


def static_image(name: str, width: str | None = None, alt_text: str | None = None) -> str:
    """The markup of a picture among the static files: `package:file`, or a file of the interview's own package."""
    package, colon, rest = name.partition(":")
    if not colon:
        package, rest = current_run().interview.package, name
    return _picture("FILE", f"{package}:data/static/{rest.removeprefix('data/static/')}", width, alt_text)


# -- Buttons and menus -----------------------------------------------------------------------------------------------


def action_menu_item(label: str, action: str, _screen_size: str | None = None, **arguments: Any) -> dict[str, Any]:
    """An entry for `menu_items` that runs an action; `_screen_size` small or large limits where it is shown."""
    item: dict[str, Any] = {"label": label, "url": url_action(action, **arguments)}
    return item | ({"screen_size": _screen_size} if _screen_size in ("small", "large") else {})


def action_button_html(
    url: str,
    icon: str | None = None,
    color: str = "success",
    size: str = "sm",
    block: bool = False,
    label: Any = "Edit",
    classname: str | None = None,
    new_window: bool | str | None = None,
    id_tag: str | None = None,
) -> str:
    """HTML of a link that looks like a button."""
    text = word(label) if isinstance(label, str) else word("Edit")
    return button_html(
        url,
        text,
        icon=icon,
        color=color,
        size=size,
        block=block,
        classname=classname,
        new_window=new_window,
        id_tag=id_tag,
    )


def button_html(
    url: str,
    text: str,
    *,
    icon: str | None = None,
    color: str = "success",
    size: str = "sm",
    block: bool = False,
    classname: str | None = None,
    new_window: bool | str | None = None,
    id_tag: str | None = None,
) -> str:
    """HTML of a link that looks like a button; `icon` is a Font Awesome name with or without its style prefix."""
    classes = [
        "btn",
        f"btn-{size if size in ('sm', 'md', 'lg') else 'sm'}",
        f"btn-{color if color in _COLORS else 'dark'}",
    ]
    classes += ["btn-block"] * bool(block) + ["btn-darevisit", *(classname or "").split()]
    attributes = {"href": url, "class": " ".join(classes)}
    if id_tag:
        attributes["id"] = id_tag
    if new_window:
        attributes["target"] = new_window if isinstance(new_window, str) else "_blank"
    listed = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    picture = f'<i class="{html.escape(icon_class(icon))}"></i> ' if icon else ""
    return f"<a {listed}>{picture}{text}</a> "


def icon_class(icon: str) -> str:
    """The classes of an icon: `plus` is `fa-solid fa-plus`, `fab-fa-github` keeps its style."""
    match = re.match(r"(fa[a-z])-fa-(.+)", icon)
    return f"{match.group(1)} fa-{match.group(2)}" if match else f"fas fa-{icon}"
