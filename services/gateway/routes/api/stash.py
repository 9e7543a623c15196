"""`/api/stash_data`, `/api/retrieve_stashed_data`: data left for others (spec/area2 §11.7)."""

from __future__ import annotations

import base64
from typing import Any

from starlette.responses import Response

from services.gateway.api_answers import ApiRefused, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from shared.contracts.base import Sealed
from shared.contracts.session import SimpleValue, SimplifyValue
from shared.contracts.stashed import as_stashed, stashed_json
from shared.stores import stashes
from shared.stores.stashes import LASTS_SECONDS, LONGEST_SECONDS, StashKeys

_NOT_THERE = "The stashed data could not be retrieved: it is not there, its time is over, or the secret is another."
_UNREADABLE = "The stashed data could not be retrieved: it cannot be read any more."
_LONGEST_KEY = 100


async def keep(call: Call) -> Response:
    """Keep data; gives what opens them."""
    if call.given.get("data") in (None, ""):
        raise ApiRefused("Data must be provided.")
    data: dict[str, Any] = call.structure("data", dict, {}, malformed="Malformed data.", wrong="Malformed data.")
    kept = await stashes.keep(
        call.desk.people.directory.database,
        as_stashed(data, is_converted=not call.flag("raw")),
        seconds=_seconds(call, "expire") or LASTS_SECONDS,
        now=call.desk.clock.now(),
    )
    return said({"stash_key": kept.key, "secret": kept.secret})


async def retrieve(call: Call) -> Response:
    """The data, once more or for the last time."""
    key, secret = call.text("stash_key"), call.text("secret")
    if not key or not secret:
        raise ApiRefused("The stash key and secret parameters are required.")
    if len(key) > _LONGEST_KEY or len(secret) > _LONGEST_KEY:
        raise ApiRefused(_NOT_THERE)
    keys, database, now = StashKeys(key, secret), call.desk.people.directory.database, call.desk.clock.now()
    value = await stashes.find(database, keys, now=now)
    if value is None:
        raise ApiRefused(_NOT_THERE)
    told = await _plain(call, value)
    if call.flag("delete"):
        if not await stashes.spend(database, keys):
            raise ApiRefused(_NOT_THERE)
    elif seconds := _seconds(call, "refresh"):
        await stashes.prolong(database, keys, value, seconds=seconds, now=now)
    return said(told)


async def _plain(call: Call, value: bytes) -> Any:
    """As JSON: a program's data as they came, an interview's by a process that may open them."""
    given = stashed_json(value)
    if given is not None:
        return given[0]
    asked = SimplifyValue(value=Sealed(base64.b64encode(value).decode()))
    reply = await call.desk.sessions.request(asked, SimpleValue)
    if reply.value is None:
        raise ApiRefused(_UNREADABLE)
    return reply.value.value


def _seconds(call: Call, name: str) -> int:
    """A time that cannot be read is none (0)."""
    try:
        return min(max(int(call.text(name) or 0), 0), LONGEST_SECONDS)
    except ValueError:
        return 0


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/stash_data",
        "Leave data for somebody else",
        keep,
        (
            Parameter("data", "What is to be kept.", "object", is_required=True),
            Parameter(
                "raw", "Interviews find texts that look like dates, and JSON forms of objects, as they are.", "flag"
            ),
            Parameter("expire", "Seconds until they are gone; 90 days without.", "number"),
        ),
        answers={200: "`{stash_key, secret}`: both together open it."},
        tag="stash",
    ),
    Endpoint(
        "GET",
        "/api/retrieve_stashed_data",
        "Open what somebody left",
        retrieve,
        (
            Parameter("stash_key", "Its key.", is_required=True),
            Parameter("secret", "Its secret.", is_required=True),
            Parameter("delete", "Nobody gets it again.", "flag"),
            Parameter("refresh", "It lasts so many seconds from now on.", "number"),
        ),
        answers={200: "The data."},
        tag="stash",
    ),
)
