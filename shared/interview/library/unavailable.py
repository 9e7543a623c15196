"""What authors know but this server cannot do yet: each name exists and says so when it is used.

A function that pretended would lose mail and data silently; one that is missing would be sought as a variable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject

_SMS = "interviews that are answered by text message, which this server does not have (send_sms() it has)"
_DOCUMENTS = "working on documents"

UNAVAILABLE_FUNCTIONS: dict[str, str] = {
    "send_fax": "sending faxes",
    "get_sms_session": _SMS,
    "initiate_sms_session": _SMS,
    "terminate_sms_session": _SMS,
}
"""What each of these functions would need."""

UNAVAILABLE_CLASSES: dict[str, str] = {
    "DACloudStorage": "a cloud storage of its own, which is not configured",
    "DAOAuth": "an OAuth client, which is not configured",
    "DAGoogleAPI": "credentials of Google, which are not configured",
}


def _refusal(name: str, ability: str) -> DAError:
    return DAError(f"{name} is not available on this server yet: it needs {ability}")


def _unavailable_function(name: str, ability: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise _refusal(f"{name}()", ability)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raises DAError: this server cannot do it yet ({ability})."
    return refuse


def _unavailable_class(name: str, ability: str) -> type[DAObject]:
    def init(self: DAObject, *_: Any, **__: Any) -> None:
        raise _refusal(name, ability)

    return public(type(name, (DAObject,), {"init": init, "__doc__": f"Raises DAError when it is made ({ability})."}))


FUNCTIONS = {name: _unavailable_function(name, ability) for name, ability in UNAVAILABLE_FUNCTIONS.items()}
CLASSES = {name: _unavailable_class(name, ability) for name, ability in UNAVAILABLE_CLASSES.items()}
