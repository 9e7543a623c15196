"""Variables by name: whether they have a value, giving and taking it, seeking it anew (spec/area4 §4.8)."""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Mapping
from typing import Any

from shared.interview.library.actions import name_in_full
from shared.interview.library.faults import DAError
from shared.interview.library.json_form import simplified_answers, transform_json_variables
from shared.interview.runtime import names
from shared.interview.runtime.run import Run, current_run
from shared.interview.runtime.signals import ReRun

__all__ = [
    "all_variables",
    "decode_name",
    "define",
    "defined",
    "dispatch",
    "encode_name",
    "forget_result_of",
    "invalidate",
    "need",
    "re_run_logic",
    "reconsider",
    "set_variables",
    "showif",
    "showifdef",
    "undefine",
    "value",
]


def _checked(name: Any, function: str) -> str:
    if not isinstance(name, str):
        raise DAError(f"{function}() needs the name of a variable as a text, not {name!r}")
    if not names.is_legal(name):
        raise DAError(f"{function}(): {name!r} is not the name of a variable")
    return name


def defined(name: str, prior: bool = False) -> bool:
    """Whether a variable has a value; never asks. With `prior`, before Back was pressed also counts."""
    run = current_run()
    if not isinstance(name, str):
        raise DAError(f"defined() needs the name of a variable as a text, not {name!r}")
    if prior and run.prior is not None and names.is_defined(name, run.prior):
        return True
    return run.is_defined(name)


def value(name: str, prior: bool = False) -> Any:
    """The value of a variable by its name, sought when it has none. With `prior`, the one from before Back."""
    run = current_run()
    _checked(name, "value")
    if prior and run.prior is not None:
        found, earlier = names.peek(name, run.prior)
        if found:
            return earlier
    return run.evaluate(name)


def showifdef(name: str, alternative: Any = "", prior: bool = False) -> Any:
    """The value of a variable, or the alternative when it has none; never asks."""
    run = current_run()
    if prior and run.prior is not None:
        found, earlier = names.peek(name, run.prior)
        if found:
            return earlier
    found, now = names.peek(_checked(name, "showifdef"), run.answers)
    return now if found else alternative


def showif(name: str, condition: Any, alternative: Any = "") -> Any:
    """The value of a variable by its name, sought when it has none, if a condition is true; else the alternative."""
    return value(name) if condition else alternative


def define(name: str, new_value: Any) -> None:
    """Give a variable a value by its name."""
    current_run().define(_checked(name, "define"), new_value)


def undefine(*variables: str, invalidate: bool = False) -> None:
    """Take the values of variables away; with `invalidate` they are kept as defaults for when they are asked again."""
    run = current_run()
    for name in variables:
        _checked(name, "undefine")
        if invalidate:
            run.steering.invalidate(run, name)
        run.undefine(name)


def invalidate(*variables: str) -> None:
    """Take the values of variables away, but keep them as defaults for when they are asked again."""
    undefine(*variables, invalidate=True)


def need(*_: Any) -> bool:
    """Nothing but a place to mention variables, so that they are sought. True."""
    return True


def reconsider(*variables: str, evaluate: bool = False) -> None:
    """Compute or ask variables anew, once in a run."""
    run = current_run()
    for name in variables:
        wanted = name_in_full(run, name) if evaluate else name
        run.steering.reconsider(run, _checked(wanted, "reconsider"))


def forget_result_of(*block_ids: str) -> None:
    """Let blocks count as not answered: mandatory ones run again, embedded choices are asked again."""
    run = current_run()
    for block_id in block_ids:
        run.steering.forget_block(run, str(block_id))


def re_run_logic() -> None:
    """Begin the evaluation again from the top. Raises ReRun."""
    raise ReRun


def dispatch(name: str) -> bool:
    """A menu: seek what the variable names until it names nothing (`Null`), then True."""
    run = current_run()
    _checked(name, "dispatch")
    while (chosen := value(name)) not in (None, "None", "Null", "null", ""):
        value(str(chosen))
        run.undefine(str(chosen))
        run.undefine(name)
    run.undefine(name)
    return True


def set_variables(variables: Mapping[str, Any], process_objects: bool = False) -> None:
    """Give many variables values by their names; with `process_objects` plain data become dates and objects again."""
    run = current_run()
    entries = dict(getattr(variables, "elements", variables))
    if process_objects:
        entries = transform_json_variables(entries)
    for name, new_value in entries.items():
        run.define(_checked(name, "set_variables"), new_value)


def tags_of(run: Run) -> set[str]:
    """The tags of the session, at first those of the interview's metadata, as a set of the caller's own."""
    tags = run.internal.get("tags")
    if tags is not None:
        return set(tags)
    declared = run.interview.metadata.get("tags") or []
    return {declared} if isinstance(declared, str) else {str(tag) for tag in declared}


def all_variables(
    simplify: bool = True, include_internal: bool = False, special: Any = False, make_copy: bool = False
) -> Any:
    """All variables: as plain data, or with `simplify=False` as they are. `special`: metadata, titles or tags."""
    run = current_run()
    match special:
        case "metadata":
            return copy.deepcopy(run.interview.metadata)
        case "titles":
            return _titles(run)
        case "tags":
            return tags_of(run)
    if simplify:
        return simplified_answers(run.answers, includes_internal=include_internal)
    found = run.snapshot()
    if not include_internal:
        found.pop("_internal", None)
        found.pop("nav", None)
    return copy.deepcopy(found) if make_copy else found


def _titles(run: Run) -> dict[str, Any]:
    """The titles of the interview, those set by code first."""
    wanted = ("title", "short title", "subtitle", "tab title", "logo", "short logo", "exit link", "exit label")
    found = {name: run.interview.metadata[name] for name in wanted if name in run.interview.metadata}
    own = run.internal.get("screen_parts", {})
    found.update({name: own[name] for name in wanted if name in own})
    return {name.replace(" ", "_"): entry for name, entry in found.items()}


def encode_name(name: str) -> str:
    """The name of a variable as inputs of the page carry it."""
    return base64.b64encode(name.encode()).decode().rstrip("=")


def decode_name(encoded: str) -> str:
    """The name of a variable from the name of an input. Raises DAError when it is none."""
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise DAError(f"{encoded!r} is not an encoded name") from error
