"""Who may use an interview: the rules of its metadata, asked before anything of it is evaluated (spec/area2 §2.8).

They bind whoever comes through a page or a program. Tasks and scheduled actions run for somebody who was let in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.interview.compile.interview import Interview
from shared.interview.runtime.operations import Operation, RunBackgroundAction, RunContext, RunResponseAction
from shared.interview.runtime.outcomes import AccessRefused

_THROUGH_THE_DOOR = frozenset({"web", "json", "vars", "api"})
_ANONYMOUS = "anonymous"


def refusal(interview: Interview, context: RunContext, operation: Operation, *, is_new: bool) -> AccessRefused | None:
    """Why nothing is run; None when they may go on. `is_new`: the run would begin a session."""
    if isinstance(operation, RunBackgroundAction | RunResponseAction):
        return None
    if context.request.interface not in _THROUGH_THE_DOOR:
        return None
    metadata, own = interview.metadata, privileges_of(context)
    is_anonymous = own == {_ANONYMOUS}
    is_unique = is_new and applies_to(metadata.get("sessions are unique"), own)
    asks_who = is_new and bool(metadata.get("sessions are unique"))
    is_barred = not is_listed(metadata, "required privileges", own)
    if is_new and "required privileges for initiating" in metadata:
        wanted = names_in(metadata["required privileges for initiating"])
        is_barred = is_barred or not (own & wanted)
    if is_anonymous and (metadata.get("require login") is True or asks_who or is_barred):
        return AccessRefused(reason="sign_in")
    if is_barred:
        return AccessRefused(reason="forbidden")
    if is_unique and not context.has_looked_for_sessions:
        return AccessRefused(reason="unique")
    return None


def privileges_of(context: RunContext) -> set[str]:
    """What counts for the rules: somebody without any is a `user`, somebody who has not signed in `anonymous`."""
    user = context.user
    return set(user.roles) or {"user"} if user.is_authenticated else {_ANONYMOUS}


def is_listed(metadata: Mapping[str, Any], key: str, own: set[str]) -> bool:
    """Whether one of somebody's privileges is among those that the metadata name; everybody's are, if none is."""
    wanted = names_in(metadata.get(key))
    return not wanted or bool(own & wanted)


def applies_to(value: Any, own: set[str]) -> bool:
    """Whether a rule that is `True`, or a list of privileges, holds for somebody."""
    return value is True or bool(own & names_in(value))


def names_in(value: Any) -> set[str]:
    """Privileges as authors write them: one name, or a list."""
    if isinstance(value, str):
        return {value}
    return {str(name) for name in value} if isinstance(value, list | tuple) else set()
