"""`map_of()`: where people and things are, as markup. Pages show addresses; they ask no map service for pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.objects.addresses import Address
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList

__all__ = ["map_of"]


def map_of(*things: Any, **_: Any) -> str:
    """`[MAP …]` of the people, addresses and lists of such; empty without any. Seeks what their addresses lack.

    Raises DAError for what has no address.
    """
    places = [_place(thing) for given in things for thing in _opened(given)]
    if not places:
        return ""
    text = json.dumps({"places": places}, ensure_ascii=False)
    return f"[MAP {base64.b64encode(text.encode()).decode()}]"


def _opened(given: Any) -> Iterator[Any]:
    if isinstance(given, DAList | list | tuple):
        for thing in given:
            yield from _opened(thing)
    else:
        yield given


def _place(thing: Any) -> dict[str, str]:
    if isinstance(thing, Address):
        return {"name": "", "address": thing.on_one_line()}
    if isinstance(thing, DAObject) and isinstance(thing.__dict__.get("address"), Address):
        return {"name": str(thing), "address": thing.address.on_one_line()}
    raise DAError(f"map_of() shows people and addresses; {type(thing).__name__} is neither")
