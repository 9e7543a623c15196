"""What authors know but this server cannot do yet: each name exists and says so when it is used.

A function that pretended would lose mail and data silently; one that is missing would be sought as a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.run import current_run

_MAIL = "sending e-mail"
_SMS = "sending text messages"
_SESSIONS = "reaching other sessions"
_ACCOUNTS = "managing accounts"
_STORES = "storing data outside the session"
_DOCUMENTS = "working on documents"

UNAVAILABLE_FUNCTIONS: dict[str, str] = {
    "send_email": _MAIL,
    "send_sms": _SMS,
    "send_fax": "sending faxes",
    "interview_email": "receiving e-mail",
    "get_emails": "receiving e-mail",
    "get_sms_session": _SMS,
    "initiate_sms_session": _SMS,
    "terminate_sms_session": _SMS,
    "create_session": _SESSIONS,
    "get_session_variables": _SESSIONS,
    "set_session_variables": _SESSIONS,
    "run_action_in_session": _SESSIONS,
    "get_question_data": _SESSIONS,
    "go_back_in_session": _SESSIONS,
    "get_user_secret": _SESSIONS,
    "get_user_list": _ACCOUNTS,
    "get_user_info": _ACCOUNTS,
    "set_user_info": _ACCOUNTS,
    "create_user": _ACCOUNTS,
    "invite_user": _ACCOUNTS,
    "manage_privileges": _ACCOUNTS,
    "stash_data": _STORES,
    "retrieve_stashed_data": _STORES,
    "write_record": _STORES,
    "read_records": _STORES,
    "delete_record": _STORES,
    "store_variables_snapshot": _STORES,
    "variables_snapshot_connection": _STORES,
    "variables_snapshot_connect": _STORES,
    "pdf_concatenate": _DOCUMENTS,
    "docx_concatenate": _DOCUMENTS,
    "overlay_pdf": _DOCUMENTS,
    "assemble_docx": _DOCUMENTS,
    "include_docx_template": _DOCUMENTS,
    "zip_file": _DOCUMENTS,
    "ocr_file": "reading text in pictures",
    "ocr_file_in_background": "reading text in pictures",
    "read_qr": "reading text in pictures",
    "run_python_module": "running Python modules as programs",
    "map_of": "showing maps",
}
"""What each of these functions would need."""

UNAVAILABLE_CLASSES: dict[str, str] = {
    "DAStore": _STORES,
    "DARedis": _STORES,
    "DAGlobal": _STORES,
    "DACloudStorage": _STORES,
    "DAWeb": "calling other servers",
    "DAOAuth": "calling other servers",
    "DAGoogleAPI": "calling other servers",
    "DAModel": "machine learning",
    "MachineLearner": "machine learning",
    "SimpleTextMachineLearner": "machine learning",
    "SVMMachineLearner": "machine learning",
    "RandomForestMachineLearner": "machine learning",
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


def sql_names(classes: Iterable[str]) -> dict[str, Any]:
    """The members of `docassemble.base.sql`."""
    ability = "mirroring rows of a database"
    functions = ("alchemy_url", "connect_args", "create_objects", "register_db", "upgrade_db")
    return {name: _unavailable_class(name, ability) for name in classes} | {
        name: _unavailable_function(name, ability) for name in functions
    }


def send_email(*arguments: Any, **options: Any) -> Any:
    """Raises DAError: this server cannot send e-mail yet."""
    return FUNCTIONS["send_email"](*arguments, **options)


def interview_list(**_: Any) -> None:
    """The sessions of the person: None for somebody who has not logged in. Raises DAError for all others."""
    if not current_run().context.user.is_authenticated:
        return
    raise _refusal("interview_list()", "listing sessions")
