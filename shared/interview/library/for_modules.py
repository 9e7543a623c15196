"""What authors' Python modules ask for beside what texts use: where they run, and what is there (spec/area4 §6.1).

An unmodified module imports many names at once; one that were missing would keep the whole module from loading.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import us
from jinja2 import Undefined as JinjaUndefined

from shared.interview.library.faults import DAError
from shared.interview.library.languages import get_country, get_language
from shared.interview.library.named import public
from shared.interview.library.visitors import device, interface
from shared.interview.runtime.names import is_legal
from shared.interview.runtime.run import Run, current_run, current_run_or_none

__all__ = [
    "chat_partners_available",
    "ensure_definition",
    "from_b64_json",
    "get_chat_log",
    "illegal_variable_name",
    "interview_path",
    "prevent_dependency_satisfaction",
    "raw",
    "server_capabilities",
    "this_thread",
    "us",
    "verify_email",
]

F = TypeVar("F", bound=Callable[..., Any])

_CAPABILITIES = (
    "sms", "fax", "google_login", "facebook_login", "twitter_login", "auth0_login", "keycloak_login", "zitadel_login",
    "authentik_login", "miniorange_login", "azure_login", "phone_login", "voicerss", "s3", "azure", "github", "pypi",
    "googledrive", "google_maps", "onedrive",
)  # fmt: skip


def server_capabilities() -> dict[str, bool]:
    """What this server is set up for, by its usual name; what the operator has not named in `capabilities` is not."""
    run = current_run_or_none()
    told = run.context.config.get("capabilities", {}) if run is not None else {}
    given = told if isinstance(told, Mapping) else dict.fromkeys(told, True)
    return {name: bool(given.get(name, False)) for name in _CAPABILITIES}


def interview_path() -> str | None:
    """The interview that runs, as `package:data/questions/file.yml`; None outside of one."""
    run = current_run_or_none()
    return None if run is None else run.interview.reference


def ensure_definition(*values: Any) -> None:
    """Seek what a Word template handed over without its having a value. Raises Undefined and kin."""
    for one in values:
        if isinstance(one, JinjaUndefined):
            str(one)


class ChatPartners(int):
    """How many people there are to talk to, together and of each kind. Chat is left out here: nobody."""

    peer = 0
    help = 0


def chat_partners_available(*_: Any, **__: Any) -> ChatPartners:
    """How many people could be talked to. Chat is left out here: nobody."""
    return ChatPartners(0)


def get_chat_log(*_: Any, **__: Any) -> list[dict[str, Any]]:
    """What was said in the chat of this session. Chat is left out here: nothing."""
    return []


def from_b64_json(text: Any) -> Any:
    """What a text of base64 holds as JSON; None for None. Raises DAError when it is no such text."""
    if text is None:
        return None
    try:
        return json.loads(base64.b64decode(str(text) + "=" * (-len(str(text)) % 4)))
    except ValueError as error:
        raise DAError(f"from_b64_json(): this is not JSON in base64: {error}") from error


def verify_email(email: Any) -> bool:
    """Whether somebody with this address may have an account, by the setting `authorized registration domains`."""
    name, at, domain = str(email).strip().lower().rpartition("@")
    if not (name and at and domain):
        return False
    given = current_run().context.config.get("authorized registration domains") or []
    allowed = [str(one).lower().lstrip("@") for one in ([given] if isinstance(given, str) else given)]
    return not allowed or any(domain == one or domain.endswith(f".{one}") for one in allowed)


def illegal_variable_name(name: Any) -> bool:
    """Whether nothing can be saved under this name."""
    return not (isinstance(name, str) and is_legal(name))


def prevent_dependency_satisfaction(function: F) -> F:
    """Decorator: a name that is missing inside the function is an error there, and not sought."""

    @functools.wraps(function)
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except (NameError, AttributeError, LookupError) as error:
            raise DAError(f"Reference to undefined variable in {function.__name__}(): {error}") from error

    return guarded  # type: ignore[return-value]


@public
class RawValue:
    """A value that a document gets as it is, instead of as text."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(self.value)


def raw(value: Any) -> RawValue:
    """The value as it is, for a field of a document that would otherwise get it as text."""
    return value if isinstance(value, RawValue) else RawValue(value)


# -- The run -----------------------------------------------------------------------------------------------------------


@public
class ThisThread:
    """What modules look up about the run that is going on."""

    def __reduce__(self) -> str:
        """There is one: a variable that holds it is stored by its name."""
        return "this_thread"

    @property
    def language(self) -> str:
        """The language of the run."""
        return get_language()

    @property
    def country(self) -> str:
        """The country of the run."""
        return get_country()

    @property
    def locale(self) -> str:
        """The locale of the run."""
        return current_run().locale

    @property
    def evaluation_context(self) -> str | None:
        """What texts are rendered for: None for the screen, else `docx`, `pdf`, `pandoc`."""
        run = current_run_or_none()
        return None if run is None else run.evaluation_context

    @property
    def internal(self) -> dict[str, Any]:
        """What is remembered beside the variables."""
        return current_run().internal

    @property
    def user_dict(self) -> dict[str, Any]:
        """The variables."""
        return current_run().answers

    @property
    def interview(self) -> Any:
        """The interview: its `reference`, `package`, `metadata`."""
        return current_run().interview

    @property
    def current_package(self) -> str:
        """The package of the interview."""
        return current_run().interview.package

    @property
    def current_variable(self) -> list[str]:
        """What is being sought, outermost first."""
        return list(current_run().sought)

    @property
    def current_info(self) -> Mapping[str, Any]:
        """Who asks, from where, for what; to be read only."""
        return MappingProxyType(_information(current_run()))

    @property
    def misc(self) -> dict[Any, Any]:
        """Room for what a module wants to keep as long as the run lasts."""
        kept: dict[Any, Any] = current_run().memo.setdefault("misc", {})
        return kept


this_thread = ThisThread()
"""The run that is going on."""


def _information(run: Run) -> dict[str, Any]:
    user, request = run.context.user, run.context.request
    is_known = user.is_authenticated
    return {
        "user": {
            "is_anonymous": not is_known,
            "is_authenticated": is_known,
            "theid": user.the_user_id,
            "the_user_id": user.the_user_id,
            "email": user.email if is_known else None,
            "roles": list(user.roles) or ["user"],
            "firstname": user.firstname,
            "lastname": user.lastname,
            "country": user.country,
            "subdivisionfirst": user.subdivisionfirst,
            "subdivisionsecond": user.subdivisionsecond,
            "subdivisionthird": user.subdivisionthird,
            "organization": user.organization,
            "timezone": user.timezone,
            "language": user.language,
            "location": user.location,
            "session_uid": user.session_uid,
        },
        "session": run.context.session_code,
        "yaml_filename": run.interview.reference,
        "url": request.url,
        "url_root": request.url_root,
        "interface": interface(),
        "clientip": request.client_ip,
        "headers": dict(request.headers),
        "action": run.action,
        "arguments": dict(run.arguments),
        "user_agent": str(device() or ""),
    }
