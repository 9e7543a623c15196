"""One call of the HTTP API: who calls, with what, and what is said in return (spec/area2 §11.1)."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.api_answers import ApiRefused
from services.gateway.desk import Desk
from services.gateway.requests import request_facts
from shared.contracts.session import Upload
from shared.contracts.visitor import SECRET_LETTERS, KeyHolder, RequestFacts, UserFacts, Visitor, secret_holder
from shared.crypto.aead import SealBroken
from shared.kernel.interview_path import BadReference, canonical
from shared.people.api_keys import ApiKey
from shared.people.facts import facts_of_account
from shared.people.records import Account

T = TypeVar("T")

_FALSE = frozenset({"0", "false", "f", "none", "null"})
_USER_SECRET = "user secret"  # noqa: S105 - what is sealed, no secret itself


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint."""

    name: str
    description: str
    kind: Literal["text", "flag", "number", "object", "list", "file"] = "text"
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the API, and what its page says of it."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    summary: str
    handle: Handle
    parameters: tuple[Parameter, ...] = ()
    needs: str = ""
    """The permission it asks for; empty: any key."""
    answers: Mapping[int, str] = field(default_factory=lambda: {204: "Done."})
    tag: str = "sessions"
    makes: bool = False
    """Whether it is a GET that makes something all the same."""

    @property
    def has_body(self) -> bool:
        """Whether parameters may come in a body."""
        return self.method != "GET"

    @property
    def is_write(self) -> bool:
        """Whether it changes something: then a repeated one is told by its Idempotency-Key."""
        return self.makes or self.method != "GET"


@dataclass(slots=True)
class Call:
    """One call that was let in."""

    desk: Desk
    request: Request
    account: Account
    """Whose key it is, as limited by the key."""
    key: ApiKey
    given: Mapping[str, Any]
    """Parameters of the query and the body, by name."""
    query: tuple[tuple[str, str], ...]
    operation_id: str
    uploads: tuple[Upload, ...] = ()
    digests: tuple[bytes, ...] = ()
    """SHA-256 of the contents of each upload."""

    def text(self, name: str, *others: str) -> str:
        """A parameter as text; empty when it is not there. `others` are further names of the same."""
        for each in (name, *others):
            value = self.given.get(each)
            if value is not None and value != "":
                if isinstance(value, str | int | float):
                    return str(value)
                raise ApiRefused(f"{each} must be text.")
        return ""

    def needed(self, name: str, message: str) -> str:
        """A parameter that must be there. Raises ApiRefused."""
        value = self.text(name)
        if not value:
            raise ApiRefused(message)
        return value

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """Yes or no: 0, false, f and None say no, everything else yes (spec/area2 §11.1)."""
        if name not in self.given or self.given[name] is None:
            return otherwise
        value = self.given[name]
        if isinstance(value, str):
            return value.strip().lower() not in _FALSE
        return bool(value)

    def number(self, name: str, otherwise: int, message: str, *, low: int = 1, high: int = 10**9) -> int:
        """A whole number. Raises ApiRefused."""
        text = self.text(name)
        try:
            value = int(text) if text else otherwise
        except ValueError:
            raise ApiRefused(message) from None
        if not low <= value <= high:
            raise ApiRefused(message)
        return value

    def structure(self, name: str, kind: type[T], otherwise: T, *, malformed: str, wrong: str) -> T:
        """An object or a list; in forms it is JSON as text. Raises ApiRefused."""
        value = self.given.get(name)
        if value is None or value == "":
            return otherwise
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                raise ApiRefused(malformed) from None
        if not isinstance(value, kind):
            raise ApiRefused(wrong)
        return value

    def names(self, name: str, *, malformed: str, wrong: str) -> tuple[str, ...]:
        """A list of texts. Raises ApiRefused."""
        found = self.structure(name, list, [], malformed=malformed, wrong=wrong)
        if not all(isinstance(one, str) for one in found):
            raise ApiRefused(wrong)
        return tuple(found)

    def interview(self, *, message: str = "Parameter i is required.") -> str:
        """The interview in `i`, in its canonical form. Raises ApiRefused."""
        try:
            return canonical(self.needed("i", message))
        except BadReference:
            raise ApiRefused("NotAnInterview: There is no interview of this name.") from None

    async def visitor(self, secret: str = "") -> Visitor:
        """Who asks, for the session service: the owner of the key, and what opens sessions for them."""
        return Visitor(user=self.user_facts(), request=self.request_facts(), keys=await self._keys(secret))

    def user_facts(self) -> UserFacts:
        """The owner of the key."""
        return facts_of_account(self.account, session_uid=self.account.email or f"key {self.account.id}")

    def request_facts(self) -> RequestFacts:
        """The request, as interview code knows it."""
        return request_facts(
            self.request, public_url=self.desk.settings.public_url, interface="api", method=self.request.method
        )

    async def _keys(self, secret: str) -> tuple[KeyHolder, ...]:
        found: list[KeyHolder] = []
        if secret:
            found.append(self._opened(secret))
        if self.account.server_opens:
            try:
                key = await self.desk.people.directory.key_without_password(self.account)
                found.append(KeyHolder(holder=key.holder, key=base64.b64encode(key.key).decode()))
            except SealBroken:
                pass
        return tuple(found)

    def _opened(self, secret: str) -> KeyHolder:
        """What a secret opens: that of one session, or of somebody who has shown a password."""
        if len(secret) <= SECRET_LETTERS:
            return secret_holder(secret)
        try:
            raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
            told = orjson.loads(self.desk.file_links.open(raw, purpose=_USER_SECRET))
        except (ValueError, SealBroken):
            raise ApiRefused("Unable to decrypt interview dictionary") from None
        if told["ends"] < self.desk.clock.now().timestamp():
            raise ApiRefused("Unable to decrypt interview dictionary: the secret is too old; get another one.")
        return KeyHolder(holder=told["holder"], key=told["key"])


Handle = Callable[[Call], Awaitable[Response]]


def user_secret(desk: Desk, holder: KeyHolder, *, seconds: float) -> str:
    """What opens the sessions of somebody who has shown their password, for some time and on this server only."""
    told = {"holder": holder.holder, "key": holder.key, "ends": desk.clock.now().timestamp() + seconds}
    sealed = desk.file_links.seal(orjson.dumps(told), purpose=_USER_SECRET)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
