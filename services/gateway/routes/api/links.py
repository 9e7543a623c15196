"""`/api/resume_url`, `/api/temp_url`, `/api/secret`, `/api/list`: ways into interviews (spec/area2 §11.3)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from services.gateway.api_answers import ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter, user_secret
from services.gateway.entering import AFTER_SIGN_IN
from services.gateway.peers import address_of, subscriber
from services.gateway.requests import RESERVED, url_root
from shared.contracts.visitor import KeyHolder
from shared.people.records import SignInRefused, TooManyAttempts
from shared.people.sign_in import Caller, Proven

_EXPIRES_SECONDS = 3600
_LONGEST_SECONDS = 400 * 24 * 3600
_SIGN_IN_SECONDS = 15
_LONGEST_SIGN_IN_SECONDS = 24 * 3600
_SECRET_SECONDS = 30 * 24 * 3600.0
_BAD_SECONDS = "Invalid number of seconds."
_DENIED = "Incorrect username or password."


async def resume_url(call: Call) -> Response:
    """A short address that leads into a session, or begins one."""
    interview = call.interview(message="No filename supplied.")
    arguments: dict[str, Any] = call.structure(
        "url_args", dict, {}, malformed="Malformed URL arguments", wrong="Malformed URL arguments"
    )
    parameters = {"i": interview}
    code = call.text("session", "session_id")
    parameters |= {"session": code} if code else {"new_session": "1"}
    parameters |= {str(name): str(value) for name, value in arguments.items() if name not in parameters}
    root = url_root(call.request, call.desk.settings.public_url)
    return await _kept(call, f"{root}interview?{urlencode(parameters)}", path="launch")


async def temp_url(call: Call) -> Response:
    """A short address that leads to another one for some time."""
    return await _kept(call, call.needed("url", "No url supplied."), path="goto")


async def _kept(call: Call, url: str, *, path: str) -> Response:
    seconds = call.number("expire", _EXPIRES_SECONDS, _BAD_SECONDS, high=_LONGEST_SECONDS)
    if not url.startswith(("http://", "https://", "/")) or url.startswith("//"):
        raise ApiRefused("An address starts with http:// or https://.")
    code = await call.desk.links.add(url, seconds=seconds, is_once=call.flag("one_time"))
    return said(f"{url_root(call.request, call.desk.settings.public_url)}{path}?c={code}")


async def secret(call: Call) -> Response:
    """What opens the sessions of somebody, for who has their password."""
    proven = await _proven(call)
    holder = KeyHolder(holder=proven.key.holder, key=base64.b64encode(proven.key.key).decode())
    return said(user_secret(call.desk, holder, seconds=_SECRET_SECONDS))


async def login_url(call: Call) -> Response:
    """An address that signs somebody in, once, for who has their password."""
    seconds = call.number("expire", _SIGN_IN_SECONDS, _BAD_SECONDS, high=_LONGEST_SIGN_IN_SECONDS)
    arguments: dict[str, Any] = call.structure(
        "url_args", dict, {}, malformed="Malformed URL arguments", wrong="Malformed URL arguments"
    )
    go_on = call.text("next") or AFTER_SIGN_IN
    if call.text("i"):
        parameters = {"i": call.interview()}
        if code := call.text("session"):
            parameters["session"] = code
        elif not call.flag("resume_existing"):
            parameters["new_session"] = "1"
        parameters |= {str(name): str(value) for name, value in arguments.items() if name not in RESERVED}
        go_on = f"/interview?{urlencode(parameters)}"
    proven = await _proven(call)
    key = await call.desk.sign_in_links.make(proven.account, proven.key, go_on, seconds=seconds)
    return said(f"{url_root(call.request, call.desk.settings.public_url)}user/autologin?key={key}")


async def _proven(call: Call) -> Proven:
    """Somebody whose password came along. Raises ApiRefused."""
    username = call.needed("username", "A username and password must be supplied")
    password = call.needed("password", "A username and password must be supplied")
    people = call.desk.people
    caller = Caller(address=subscriber(address_of(call.request)), device="")
    try:
        proven = await people.sign_in.by_password(username, password, caller)
    except (SignInRefused, TooManyAttempts) as error:
        raise ApiRefused(_DENIED if isinstance(error, SignInRefused) else str(error), 403) from None
    if proven.account.has_second_factor:
        raise ApiRefused("Secret will not be supplied because two factor authentication is enabled", 403)
    return proven


async def listed(call: Call) -> Response:
    """Interviews that can be started."""
    roles = call.account.privileges or ("user",)
    entries = await call.desk.sessions.interviews(call.account.profile.language or "en", tuple(roles))
    root = url_root(call.request, call.desk.settings.public_url) if call.flag("absolute_urls", otherwise=True) else "/"
    tag = call.text("tag")
    return said(
        [
            {
                "filename": one.reference,
                "title": one.title,
                "subtitle": one.description or None,
                "tags": list(one.tags),
                "link": f"{root}interview?i={quote(one.reference)}",
                "package": one.reference.partition(":")[0],
            }
            for one in entries
            if not one.problem and (not tag or tag in one.tags)
        ]
    )


async def clear_cache(call: Call) -> Response:
    """Changed sources are noticed without it."""
    if not (call.account.may("playground_control") or "developer" in call.account.privileges):
        raise ApiRefused("Access denied.", 403)
    return nothing()


_ONCE = Parameter("one_time", "It opens once.", "flag")
_EXPIRE = Parameter("expire", "After so many seconds it ends; 3600 without.", "number")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/resume_url",
        "A short address into a session",
        resume_url,
        (
            Parameter("i", "The interview.", is_required=True),
            Parameter("session", "The session; without one, a new one begins."),
            Parameter("url_args", "Further parameters of the address.", "object"),
            _ONCE,
            _EXPIRE,
        ),
        answers={200: "The address."},
        tag="links",
    ),
    Endpoint(
        "GET",
        "/api/temp_url",
        "A short address to another one",
        temp_url,
        (Parameter("url", "Where it leads.", is_required=True), _ONCE, _EXPIRE),
        answers={200: "The address."},
        tag="links",
        makes=True,
    ),
    Endpoint(
        "POST",
        "/api/login_url",
        "An address that signs somebody in, once",
        login_url,
        (
            Parameter("username", "Their e-mail address.", is_required=True),
            Parameter("password", "Their password.", is_required=True),
            Parameter("i", "The interview it leads to; without one, to `next` or the list of their sessions."),
            Parameter("session", "A session of it."),
            Parameter("resume_existing", "Without a session: the one they are in, instead of a new one.", "flag"),
            Parameter("url_args", "Further parameters of the address of the interview.", "object"),
            Parameter("next", "Another page of this server that it leads to."),
            Parameter("expire", "After so many seconds it ends; 15 without, a day at most.", "number"),
        ),
        needs="log_user_in",
        answers={200: "The address."},
        tag="links",
    ),
    Endpoint(
        "GET",
        "/api/secret",
        "What opens somebody's encrypted sessions",
        secret,
        (
            Parameter("username", "Their e-mail address.", is_required=True),
            Parameter("password", "Their password.", is_required=True),
        ),
        answers={200: "The secret: it works for thirty days, on this server only."},
        tag="links",
    ),
    Endpoint(
        "GET",
        "/api/list",
        "Interviews that can be started",
        listed,
        (
            Parameter("absolute_urls", "Links with the name of the server.", "flag"),
            Parameter("tag", "Only those with this tag."),
        ),
        answers={200: "`[{filename, title, subtitle, tags, link, package}]`"},
        tag="links",
    ),
    Endpoint("POST", "/api/clear_cache", "Forget what was read of sources", clear_cache, tag="links"),
)
