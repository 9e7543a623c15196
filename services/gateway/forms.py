"""Read what a page posted: the control fields, which are ours, and the inputs, which are the interview's."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared.contracts.session import Input, NamedAction, Upload
from shared.kernel.errors import Malformed

CONTROL_FIELDS = frozenset(
    {
        "csrf_token", "ajax", "json", "i", "informed", "_session", "_step", "_operation", "_form", "_action",
        "_readonly", "_back_one", "_visible", "_question_name", "_event", "_tracker", "_datatypes", "_varnames",
        "_checkboxes", "_empties", "_track_location", "_list_collect_list", "_refresh",
    }
)  # fmt: skip


_WHOLE = re.compile(r"-?[0-9]{1,15}\Z")
"""A number that fits wherever one is kept."""


_COORDINATES = {"latitude": 90, "longitude": 180}
"""With the most that each can be, in degrees, to either side."""
_LONGEST_REASON = 200
_URL_ENCODED = "application/x-www-form-urlencoded"
_LARGEST_FIELD_BYTES = 1024 * 1024
_MOST_AWAITED = 64


class FormUnreadable(Malformed):
    """The posted form could not be read; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A form post, taken apart."""

    control: dict[str, str] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    visible: tuple[str, ...] | None = None
    uploads: tuple[Upload, ...] = ()
    digests: tuple[bytes, ...] = ()
    """SHA-256 of the contents of each upload, which lie sealed elsewhere by now."""

    def get(self, name: str) -> str:
        """A control field; empty when it was not posted."""
        return self.control.get(name, "")

    @property
    def wants_json(self) -> bool:
        """Whether a script waits for the answer."""
        return self.get("ajax") == "1"

    @property
    def location(self) -> dict[str, Any] | None:
        """Where the browser is: `latitude` and `longitude`, or `error` that says why it is not known.

        None when the page was not asked for it, or did not say it in this form.
        """
        try:
            told = orjson.loads(self.get("_track_location") or "null")
        except ValueError:
            return None
        if not isinstance(told, dict):
            return None
        if "error" in told:
            return {"error": str(told["error"])[:_LONGEST_REASON]}
        place: dict[str, Any] = {name: told.get(name) for name in _COORDINATES}
        are_numbers = all(type(degrees) in (int, float) for degrees in place.values())
        return place if are_numbers and all(abs(place[name]) <= most for name, most in _COORDINATES.items()) else None

    @property
    def step(self) -> int:
        """The step the page was made from; 0 when it did not say. Raises FormUnreadable."""
        return _whole(self.get("_step"), "_step")


async def read_form(request: Request, *, max_fields: int) -> Posted:
    """Read a body without files. Raises FormUnreadable."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().lower() == _URL_ENCODED:
        return posted_of(_pairs(await request.body(), max_fields), (), max_fields=max_fields)
    try:
        form = await request.form(max_files=0, max_fields=max_fields)
    except HTTPException as error:
        raise FormUnreadable(str(error.detail)) from None
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return posted_of(texts, (), max_fields=max_fields)


def _pairs(body: bytes, most: int) -> list[tuple[str, str]]:
    """Names and values of a form as browsers write it (https://url.spec.whatwg.org/#urlencoded-parsing).

    The library's parser goes through the body piece by piece, in many more steps. Raises FormUnreadable.
    """
    text = body.decode("latin-1")
    if text.count("&") > most or len(parts := [part for part in text.split("&") if part]) > most:
        raise FormUnreadable(f"It has more than {most} fields.")
    if any(len(part) > _LARGEST_FIELD_BYTES for part in parts):
        raise FormUnreadable(f"A field is larger than {_LARGEST_FIELD_BYTES // 1024} KiB.")
    pairs = [part.partition("=") for part in parts]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def posted_of(texts: Iterable[tuple[str, str]], uploads: tuple[Upload, ...], *, max_fields: int) -> Posted:
    """Tell control fields from inputs. Raises FormUnreadable."""
    control: dict[str, str] = {}
    inputs: list[Input] = []
    for name, value in texts:
        if name in CONTROL_FIELDS:
            control.setdefault(name, value)
        else:
            inputs.append(Input(name=name, value=value))
    if len(inputs) > max_fields:
        raise FormUnreadable(f"It has more than {max_fields} fields.")
    return Posted(control, tuple(inputs), _visible(control.get("_visible", "")), uploads)


def check_in_call(posted: Posted) -> NamedAction | None:
    """The action a check-in asks for, with the values of the form as its arguments. Raises FormUnreadable."""
    values = {one.name: one.value for one in posted.inputs}
    action = values.get("do_action", "")
    if not action:
        return None
    parameters = _json(values.get("parameters") or "{}", "parameters")
    if not isinstance(parameters, dict):
        raise FormUnreadable("parameters must be a JSON object.")
    return NamedAction(action=action, arguments=parameters)


def acknowledged_notices(posted: Posted) -> tuple[int, ...]:
    """The numbers of the notices that the page has executed. Raises FormUnreadable."""
    text = next((one.value for one in posted.inputs if one.name == "acknowledged"), "")
    return tuple(_whole(number, "acknowledged") for number in text.split(",") if number)[:1000]


def awaited_tasks(posted: Posted) -> tuple[str, ...]:
    """The ids of the tasks that the page's screen waits for, the newest ones where there are very many."""
    text = next((one.value for one in posted.inputs if one.name == "awaited"), "")
    return tuple(each for each in text.split(",") if each)[-_MOST_AWAITED:]


def known_notices(posted: Posted) -> int | None:
    """Up to which number the page knows the notices; None when it was just opened. Raises FormUnreadable."""
    text = next((one.value for one in posted.inputs if one.name == "notices_after"), "")
    return _whole(text, "notices_after") if text else None


def _visible(encoded: str) -> tuple[str, ...] | None:
    if not encoded:
        return None
    try:
        names = _json(base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode(), "_visible")
    except (binascii.Error, UnicodeDecodeError):
        raise FormUnreadable("_visible is not base64.") from None
    if not isinstance(names, list):
        raise FormUnreadable("_visible must be a list.")
    return tuple(str(name) for name in names)


def _json(text: str, name: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise FormUnreadable(f"{name} is not JSON.") from None


def _whole(text: str, name: str) -> int:
    if not text:
        return 0
    if not _WHOLE.match(text):
        raise FormUnreadable(f"{name} must be a whole number.")
    return int(text)
