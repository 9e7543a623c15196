"""The answers of a new session, and what is put into answers for one run and taken out again (spec/area4 §4.1)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.objects.remembered import DADeviceLocal, DANav, DASessionLocal, DAUserLocal
from shared.interview.runtime.namespace import LOCALS, Answers
from shared.interview.runtime.operations import RunContext
from shared.kernel.plain_text import strip_markup

_LOCAL_CLASSES = {"session_local": DASessionLocal, "device_local": DADeviceLocal, "user_local": DAUserLocal}


def fresh_answers(context: RunContext) -> Answers:
    """What a session begins with, before `complete`."""
    moment = context.now
    internal: dict[str, Any] = {
        "accessroles": {},
        "accesstime": {accessor(context): moment},
        "answered": set(),
        "answers": {},
        "device_local": {},
        "dirty": {},
        "doc_cache": {},
        "docvar": {},
        "event_stack": {},
        "gather": [],
        "informed": {},
        "livehelp": {"availability": "unavailable", "mode": "help", "roles": [], "partner_roles": []},
        "misc": {},
        "modtime": moment,
        "objselections": {},
        "progress": 0,
        "referer": context.request.referer,
        "session_local": {},
        "starttime": moment,
        "steps": 1,
        "steps_offset": 0,
        "tasks": {},
        "tracker": 0,
        "user_local": {},
    }
    return {"_internal": internal, "url_args": {}}


def accessor(context: RunContext) -> int:
    """Whose access it is: the account's number, or -1 for somebody anonymous."""
    number = context.user.the_user_id
    return int(number) if number.isdigit() else -1


def restarted_answers(old: Answers, context: RunContext) -> Answers:
    """Fresh answers that keep what the session was opened with."""
    answers = fresh_answers(context)
    answers["url_args"] = dict(old.get("url_args") or {})
    answers["_internal"]["referer"] = old["_internal"].get("referer")
    return answers


def complete(answers: Answers, context: RunContext) -> bool:
    """Put into loaded or fresh answers what every run finds there; True when a URL argument changed.

    Anybody can make a link, and authors write arguments into their pages: they lose their markup like what is typed.
    """
    internal = answers["_internal"]
    for name, value in fresh_answers(context)["_internal"].items():
        internal.setdefault(name, value)
    if "nav" not in answers:
        answers["nav"] = DANav()
    _bind_locals(answers, context)
    url_args = answers.setdefault("url_args", {})
    given = {strip_markup(name): strip_markup(value) for name, value in context.url_args.items()}
    changed = {name: value for name, value in given.items() if url_args.get(name) != value}
    url_args.update(changed)
    return bool(changed)


def _bind_locals(answers: Answers, context: RunContext) -> None:
    """Make the objects of this browser session, device and user top-level names for the run."""
    user = context.user
    of_users = answers["_internal"]["user_local"]
    if user.former_id in of_users and user.the_user_id not in of_users:
        of_users[user.the_user_id] = of_users.pop(user.former_id)  # they have signed in since
    keys = {"session_local": user.session_uid, "device_local": user.device_id, "user_local": user.the_user_id}
    for name in LOCALS:
        kept = answers["_internal"][name]
        key = str(keys[name])
        if key not in kept:
            kept[key] = _LOCAL_CLASSES[name](name)
        answers[name] = kept[key]


def forget_empty_locals(answers: Answers) -> None:
    """Objects nobody put anything into are not stored."""
    for name in LOCALS:
        kept: dict[str, Any] = answers["_internal"][name]
        for key in [key for key, thing in kept.items() if not _has_content(thing)]:
            del kept[key]


def _has_content(thing: Any) -> bool:
    return bool(set(vars(thing)) - {"instanceName", "has_nonrandom_instance_name", "attrList"})
