"""Who asks, and from where: the facts about a caller that a run of an interview may know (spec/area1 §1.2, §1.3)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.kernel.defaults import empty_dict

Interface = Literal["web", "json", "worker", "cron", "sms", "email", "api", "action", "vars"]


class UserFacts(BaseModel):
    """The person or thing that acts, as interview code sees it through `user_info()` and kin."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    is_anonymous: bool = True
    is_authenticated: bool = False
    session_uid: str = ""
    """Stable id of one browser's visit: whose pending actions these are."""
    device_id: str = ""
    the_user_id: str = "t0"
    """The account's number as text, or `t<number>` for somebody anonymous."""
    former_id: str = ""
    """What they were called in this browser before they signed in: what was theirs then is theirs now."""
    email: str | None = None
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    """What their roles allow besides what every person may do."""
    login_method: str | None = None
    firstname: str = ""
    lastname: str = ""
    nickname: str = ""
    country: str = ""
    subdivisionfirst: str = ""
    subdivisionsecond: str = ""
    subdivisionthird: str = ""
    organization: str = ""
    timezone: str = ""
    language: str = ""
    location: dict[str, Any] | None = None


class RequestFacts(BaseModel):
    """The request that made a run: links are built from it, also inside background code."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    interface: Interface = "web"
    url_root: str = "http://localhost/"
    """Ends with a slash."""
    url: str = "http://localhost/interview"
    """Path that leads back into this interview, without query."""
    client_ip: str | None = None
    method: str = "GET"
    headers: dict[str, str] = empty_dict()
    referer: str | None = None


class KeyHolder(BaseModel):
    """A key somebody brought along, and the name of the wrap it opens (DESIGN §7, Keys)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    holder: str
    """`cookie:<id>` or `user:<id>`."""
    key: str
    """base64 of 32 bytes. Only ever inside Sealed[...]."""


class Visitor(BaseModel):
    """Everything about the caller of one request."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user: UserFacts = UserFacts()
    request: RequestFacts = RequestFacts()
    keys: tuple[KeyHolder, ...] = ()


LINK = "link:"
"""Begins the names of holders that came with a link."""


SECRET_LETTERS = 16
"""How long the secret of one session is, as programs and code get it."""


def secret_holder(secret: str) -> KeyHolder:
    """The key that a session's secret of 16 letters stands for."""
    key = hashlib.sha256(b"colloquy secret\0" + secret.encode()).digest()
    name = hashlib.sha256(b"colloquy holder\0" + secret.encode()).hexdigest()[:32]
    return KeyHolder(holder=f"secret:{name}", key=base64.b64encode(key).decode())


def link_holder(secret: str) -> KeyHolder:
    """The key in a link that opens an encrypted session. What is stored of it is a wrap and the holder's name."""
    key = hashlib.sha256(b"colloquy link\0" + secret.encode()).digest()
    name = hashlib.sha256(b"colloquy link holder\0" + secret.encode()).hexdigest()[:32]
    return KeyHolder(holder=f"{LINK}{name}", key=base64.b64encode(key).decode())
