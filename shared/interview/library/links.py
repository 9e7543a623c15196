"""Links into this interview and others, and buttons made of them (spec/area1 §2.4, spec/area2 §6)."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.runtime import names
from shared.interview.runtime.run import Run, current_run

__all__ = [
    "action_button_html",
    "action_menu_item",
    "interview_url",
    "interview_url_action",
    "interview_url_action_as_qr",
    "interview_url_as_qr",
    "qr_code",
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


def _full_reference(run: Run, reference: str) -> str:
    """A reference to an interview, completed with the package of this one."""
    if ":" in reference:
        return reference
    name = reference.removeprefix("data/questions/")
    return f"{run.interview.package}:data/questions/{name}"


def interview_url(**parameters: Any) -> str:
    """An address of this session, or with `i` of another interview (spec/area2 §6.1).

    Special parameters: i, session, local, new_session, reset, style. All others become `url_args`.
    """
    return _address(current_run(), parameters, None)


def interview_url_action(action: str, **parameters: Any) -> str:
    """An address that runs an action in this session from anywhere (spec/area2 §6.2).

    Special parameters: i, session, local, new_session, reset, style, _forget_prior. All others are arguments.
    """
    names_of_address = ("i", "session", "local", "new_session", "reset", "style", "temporary", "once_temporary")
    address = {name: parameters.pop(name) for name in names_of_address if name in parameters}
    return _address(current_run(), address, _request(action, parameters))


def _address(run: Run, parameters: dict[str, Any], action: str | None) -> str:
    for name in ("temporary", "once_temporary"):
        if parameters.pop(name, None):
            raise DAError(f"Links that expire ({name}) are not available on this server yet")
    parameters.pop("style", None)
    is_local = bool(parameters.pop("local", False))
    query: dict[str, Any] = {}
    other = parameters.pop("i", None)
    reference = run.context.interview if other is None else _full_reference(run, str(other))
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
    query.update(parameters)
    if action is not None:
        query["action"] = action
    path = "interview?" + urlencode({name: _text(value) for name, value in query.items()})
    root = run.context.request.url_root
    return (urlsplit(root).path or "/") + path if is_local else root + path


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def qr_code(text: Any, width: str | None = None, alt_text: str | None = None) -> str:
    """The markup of a QR code."""
    extra = [str(item) for item in (width or ("None" if alt_text else None), alt_text) if item]
    return "[QR " + ", ".join([str(text), *extra]) + "]"


def interview_url_as_qr(**parameters: Any) -> str:
    """The address of `interview_url()` as a QR code; `alt_text` and `width` describe the picture."""
    alt_text, width = parameters.pop("alt_text", None), parameters.pop("width", None)
    return qr_code(interview_url(**parameters), width, alt_text)


def interview_url_action_as_qr(action: str, **parameters: Any) -> str:
    """The address of `interview_url_action()` as a QR code; `alt_text` and `width` describe the picture."""
    alt_text, width = parameters.pop("alt_text", None), parameters.pop("width", None)
    return qr_code(interview_url_action(action, **parameters), width, alt_text)


def url_of(name: str, **parameters: Any) -> str:
    """The address of a page of this server (`login`, `exit`, `interviews` …), or of a static file (spec/area4 §7.6).

    `package:data/static/file`, `package:file`, or a file name alone, looked for in the interview's own package.
    `_external=True` gives an absolute address, `_attachment=True` one that downloads.
    """
    run = current_run()
    is_external = bool(parameters.pop("_external", False))
    is_download = bool(parameters.pop("_attachment", False))
    parameters.pop("_package", None)
    root = run.context.request.url_root
    base = root if is_external else (urlsplit(root).path or "/")
    match name:
        case "help":
            return "javascript:daShowHelpTab()"
        case "interview" | "flex_interview" | "run" | "run_new" | "run_dispatch" | "run_new_dispatch":
            query = {"i": _full_reference(run, str(parameters.pop("i", run.context.interview))), **parameters}
            if name.startswith("run_new"):
                query["new_session"] = 1
            return f"{base}interview?{urlencode(query)}"
        case _ if name in _SESSION_PAGES:
            query = {"i": run.context.interview, **parameters}
            if name == "leave":
                query.pop("i")
            return base + _SESSION_PAGES[name] + (f"?{urlencode(query)}" if query else "")
        case _ if name in _PAGES:
            return base + _PAGES[name] + (f"?{urlencode(parameters)}" if parameters else "")
        case "temp_url" | "login_url":
            raise DAError(f"url_of('{name}') is not available on this server yet")
        case _ if re.match(r"https?://|mailto:|tel:|javascript:|/|#", name):
            return name
    return base + static_path(run, name) + ("?attachment=1" if is_download else "")


def static_path(run: Run, name: str) -> str:
    """Path of a static file of an interview package, below the root of the server."""
    package, colon, rest = name.partition(":")
    if not colon:
        package, rest = run.interview.package, name
    rest = rest.removeprefix("data/static/")
    return f"packagestatic/{quote(package)}/{quote(rest)}"


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
