"""The hidden fields of a form that tell scripts of authors what its inputs mean (spec/area4 §5.2, spec/area1 §16.8).

They only tell: what a posted form may write is said by the signed form beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.gateway.names import encoded_name
from shared.contracts.screen import Form

_ALTERNATIVE = encoded_name("_field_")[:8]
"""How the encoded names of inputs begin that are called by their number."""


def control_fields(form: Form, tracker: int) -> dict[str, str]:
    """Value by name. All but `_tracker` are base64 of JSON."""
    encoded = {field.input_name: encoded_name(field.variable) for field in form.fields if field.variable}
    found: dict[str, Mapping[str, Any] | Sequence[str] | str] = {
        "_event": form.sought,
        "_datatypes": {encoded_name(field.variable): field.datatype for field in form.fields if field.variable},
        "_varnames": {name: own for name, own in encoded.items() if name.startswith(_ALTERNATIVE) and name != own},
        "_checkboxes": _absent(form),
        "_empties": {
            encoded_name(field.variable): field.datatype for field in form.fields if field.options.get("is_empty")
        },
    }
    if form.list_collect:
        found["_list_collect_list"] = str(form.list_collect["list"])
    return {"_tracker": str(tracker)} | {
        name: encoded_name(orjson.dumps(value).decode()) for name, value in found.items()
    }


def _absent(form: Form) -> dict[str, str]:
    """What is assumed of inputs that a browser does not send because nobody has ticked them."""
    found: dict[str, str] = {}
    for field in form.fields:
        if field.absent is not None and not field.options.get("always"):
            found.update(dict.fromkeys(field.keys or (field.input_name,), field.absent))
    return found
