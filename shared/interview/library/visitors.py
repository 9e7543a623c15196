"""Who uses the interview, from where, and through what (spec/area2 §12.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.interview.runtime.run import Run, current_run
from shared.kernel.plain_text import strip_markup

__all__ = [
    "current_context",
    "device",
    "get_config",
    "interface",
    "location_known",
    "location_returned",
    "referring_url",
    "user_has_privilege",
    "user_info",
    "user_lat_lon",
    "user_logged_in",
    "user_privileges",
]


def user_logged_in() -> bool:
    """Whether the person has logged in."""
    return current_run().context.user.is_authenticated


def user_privileges() -> list[str]:
    """The privileges of the person; somebody anonymous counts as `user`."""
    user = current_run().context.user
    if not user.is_authenticated:
        return ["user"]
    return list(user.roles) or ["user"]


def user_has_privilege(*privileges: str | Iterable[str]) -> bool:
    """Whether the person has one of the privileges."""
    wanted: list[str] = []
    for item in privileges:
        wanted.extend([item] if isinstance(item, str) else item)
    return any(privilege in wanted for privilege in user_privileges())


class UserInformation:
    """What is known about the person."""

    def __init__(self, run: Run) -> None:
        user, context = run.context.user, run.context
        is_known = user.is_authenticated
        self.first_name: str = user.firstname if is_known else "Anonymous"
        self.last_name: str = user.lastname if is_known else "User"
        self.id: int | None = int(user.the_user_id) if is_known and user.the_user_id.isdigit() else None
        self.email: str | None = user.email if is_known else None
        self.login_method: str | None = user.login_method if is_known else None
        self.country = user.country or None
        self.subdivision_first = user.subdivisionfirst or None
        self.subdivision_second = user.subdivisionsecond or None
        self.subdivision_third = user.subdivisionthird or None
        self.organization = user.organization or None
        self.language = user.language or None
        self.timezone = user.timezone or None
        self.phone_number: str | None = None
        self.privileges = user_privileges()
        self.permissions: list[str] = list(user.permissions)
        self.session, self.filename = context.session_code, context.interview
        self.package = run.interview.package
        self.question_id = _id_of_block(run)
        self.variable = run.sought[-1] if run.sought else None

    def name(self) -> str:
        """The name on the account, else the e-mail address."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or ""

    def __str__(self) -> str:
        return self.name()


def user_info() -> UserInformation:
    """What is known about the person: names, e-mail, language, time zone, privileges."""
    return UserInformation(current_run())


class RequestAddress:
    """The address this run was asked for under."""

    def __init__(self, run: Run) -> None:
        request = run.context.request
        parts = urlsplit(request.url)
        self.url_root, self.base_url, self.url = request.url_root, request.url, request.url
        self.scheme, self.path = parts.scheme, parts.path
        self.full_path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.args: dict[str, str] = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.args.update((name, strip_markup(value)) for name, value in run.context.url_args.items())


class CurrentContext:
    """Where this run stands."""

    def __init__(self, run: Run) -> None:
        self.session, self.filename = run.context.session_code, run.context.interview
        self.package = run.interview.package
        self.current_filename, self.current_package = self.filename, self.package
        self.question_id = _id_of_block(run)
        self.variable = run.sought[-1] if run.sought else None
        self.current_section: str | None = run.internal.get("section", {}).get("current")
        self.inside_of = run.evaluation_context or "standard"
        self.attachment: dict[str, Any] = {}
        self.request_url = RequestAddress(run)


def _id_of_block(run: Run) -> str | None:
    return run.block.removeprefix("ID ") if run.block.startswith("ID ") else None


def current_context() -> CurrentContext:
    """Where this run stands: session, file, question, section, address."""
    return CurrentContext(current_run())


def interface() -> str:
    """Through what the interview is used: web, json, api, worker, cron, sms …"""
    run = current_run()
    return "worker" if run.is_background else run.context.request.interface


class Family:
    """A named kind of browser, system or machine."""

    def __init__(self, family: str) -> None:
        self.family = family

    def __str__(self) -> str:
        return self.family


class Device:
    """What the browser says it is."""

    def __init__(self, description: str) -> None:
        self.ua_string = description
        self.is_bot = re.search(r"bot|crawl|spider|slurp", description, re.I) is not None
        self.is_tablet = re.search(r"iPad|Tablet|Android(?!.*Mobile)", description) is not None
        self.is_mobile = not self.is_tablet and re.search(r"Mobi|iPhone|iPod", description) is not None
        self.is_touch_capable = self.is_mobile or self.is_tablet
        self.is_pc = not (self.is_mobile or self.is_tablet or self.is_bot)
        self.browser = Family(_first(description, _BROWSERS))
        self.os = Family(_first(description, _SYSTEMS))
        self.device = Family(_first(description, _MACHINES))

    def __str__(self) -> str:
        return f"{self.device} / {self.os} / {self.browser}"


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone|iPad|iPod", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac OS X"),
    ("CrOS", "Chrome OS"),
    ("Linux", "Linux"),
)
_MACHINES = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Macintosh", "Mac"))


def _first(description: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((name for pattern, name in table if re.search(pattern, description)), "Other")


def device(ip: bool = False) -> Any:
    """What the browser says it is, or with `ip` where it calls from; None when it is not known."""
    request = current_run().context.request
    if ip:
        return request.client_ip
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Device(headers["user-agent"]) if "user-agent" in headers else None


def get_config(key: str, none_value: Any = None) -> Any:
    """A setting of the server that interviews may see, or the given value."""
    return current_run().context.config.get(key, none_value)


def user_lat_lon() -> tuple[Any, Any]:
    """Latitude and longitude the browser told, or twice why it did not."""
    location = current_run().context.user.location
    if not location:
        return None, None
    if "error" in location:
        return location["error"], location["error"]
    return location.get("latitude"), location.get("longitude")


def location_returned() -> bool:
    """Whether the browser answered where it is."""
    return bool(current_run().context.user.location)


def location_known() -> bool:
    """Whether it is known where the browser is."""
    location = current_run().context.user.location
    return bool(location) and "latitude" in (location or {})


def referring_url(default: str | None = None, current: bool = False) -> str:
    """The page the person came from when the session began; with `current`, the one before this request.

    When none is known: the default, or the server's exit page.
    """
    run = current_run()
    found = run.context.request.referer if current else run.internal.get("referer")
    return str(found or default or get_config("exitpage") or run.context.request.url_root)
