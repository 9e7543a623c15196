"""What authors know but this server cannot do yet: each name exists and says so when it is used.

A function that pretended would lose mail and data silently; one that is missing would be sought as a variable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject

_SMS = (
    "it needs interviews that are answered by text message, which this server does not have. send_sms() sends messages,"
    " and expect_texts() of colloquy.interview takes the replies"
)
_IN_A_MODULE = "it comes with its package (docs/operators/packages.md)"

UNAVAILABLE_FUNCTIONS: dict[str, str] = {
    "send_fax": (
        "it needs a service that sends faxes, for which there is no setting. send_email() with the document as an"
        " attachment reaches services that make faxes of mail"
    ),
    "get_sms_session": _SMS,
    "initiate_sms_session": _SMS,
    "terminate_sms_session": _SMS,
}
"""What each of these functions would need, and what to do instead."""

UNAVAILABLE_CLASSES: dict[str, str] = {
    "DACloudStorage": (
        "it needs a bucket for interviews, for which there is no setting: COLLOQUY_FILES_URL, which may name one, is"
        " where the server keeps files (DAFile), closed to interviews. For a bucket of your own call boto3 or"
        f" azure-storage-blob in a module; {_IN_A_MODULE}"
    ),
    "DAOAuth": (
        "it needs a client at the other service, for which there is no setting. Where that service takes a token or"
        " a password, hand it to DAWeb (auth={'type': 'bearer', 'token': …}); where it asks the person, call Authlib in"
        f" a module; {_IN_A_MODULE}"
    ),
    "DAGoogleAPI": (
        "it needs credentials of a Google service account, for which there is no setting. Call google-auth and"
        f" google-api-python-client, or gspread for sheets, in a module; {_IN_A_MODULE}"
    ),
}


def _refusal(name: str, ability: str) -> DAError:
    return DAError(f"{name} is not available on this server yet: {ability}.")


def _unavailable_function(name: str, ability: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise _refusal(f"{name}()", ability)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raises DAError: {ability}."
    return refuse


def _unavailable_class(name: str, ability: str) -> type[DAObject]:
    def init(self: DAObject, *_: Any, **__: Any) -> None:
        raise _refusal(name, ability)

    return public(type(name, (DAObject,), {"init": init, "__doc__": f"Raises DAError when it is made: {ability}."}))


FUNCTIONS = {name: _unavailable_function(name, ability) for name, ability in UNAVAILABLE_FUNCTIONS.items()}
CLASSES = {name: _unavailable_class(name, ability) for name, ability in UNAVAILABLE_CLASSES.items()}
