"""The value one field of a form gets from what was posted (spec/area4 §5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts.screen import FormField
from shared.interview.errors import Signal
from shared.interview.evaluate import forms_convert
from shared.interview.evaluate.forms_convert import ConversionRefused, convert
from shared.interview.evaluate.forms_limits import complaint
from shared.interview.evaluate.forms_posted import Posted
from shared.interview.library.datatypes import CustomDataType, checked
from shared.interview.library.dates import as_datetime
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.languages import word
from shared.interview.library.objects.files import DAFile, DAFileList
from shared.interview.library.objects.models import DAModel
from shared.interview.library.pictures import made_smaller
from shared.interview.runtime.operations import PostedFile
from shared.interview.runtime.run import Run, missing_of
from shared.interview.runtime.signals import InvalidInput
from shared.interview.screen.custom_types import class_of
from shared.interview.screen.empty import box_dictionary, empty_value, object_list
from shared.interview.screen.messages import INVALID_VALUE
from shared.kernel.plain_text import strip_markup

UNTOUCHED = object()
"""The variable keeps the value it has, or stays undefined."""

_WRONG_KIND = "Please upload a file with a valid file format."
_STALE_OBJECT = "This choice is no longer available."


def value_of(field: FormField, literal: str, posted: Posted, run: Run) -> Any:
    """The value for the variable `literal`, or UNTOUCHED. Raises ConversionRefused with a message for the person."""
    if field.options.get("is_empty"):
        made = empty_value(field.datatype, literal)
        return UNTOUCHED if made is None and run.is_defined(literal) else made
    if field.datatype in forms_convert.BOX_DICTIONARIES:
        return _boxes(field, literal, posted, run)
    if field.datatype in forms_convert.OBJECT_LISTS:
        return _object_boxes(field, literal, posted, run)
    if field.datatype in forms_convert.FILES:
        return _files(field, literal, posted, run)
    if field.datatype == "signature":
        return _signature(field, literal, posted, run)
    text, was_posted = posted.text(field)
    if text is None:
        return UNTOUCHED
    if field.datatype in forms_convert.OBJECTS:
        return _object(field, literal, text, posted, run)
    if text == "None" and (not was_posted or field.options.get("none_is_a_choice")):
        return None
    custom = class_of(field.datatype, run)
    if custom is not None:
        return _accepted(custom, text, literal, field)
    value = _converted(field.datatype, text, run)
    if was_posted and (message := complaint(field, text, value)):
        raise ConversionRefused(message)
    if learning := field.options.get("learning"):
        return DAModel(literal, text=value, **learning)
    return value


def _accepted(cls: type[CustomDataType], text: str, literal: str, field: FormField) -> Any:
    """The value an author's datatype makes of a text, or the message it has against it."""
    try:
        return checked(cls, strip_markup(text), literal, dict(field.options.get("parameters") or {}))
    except InvalidInput as refusal:
        raise ConversionRefused(refusal.message) from refusal
    except Signal:
        raise
    except Exception as error:  # an author's method says by raising what is wrong
        if missing_of(error) is not None:
            raise
        raise ConversionRefused(str(error) or word(INVALID_VALUE)) from error


def _converted(datatype: str, text: str, run: Run) -> Any:
    try:
        return convert(datatype, text, timezone=run.context.user.timezone or run.timezone, make_date=as_datetime)
    except ConversionRefused as refusal:
        raise ConversionRefused(word(str(refusal))) from refusal


def _boxes(field: FormField, literal: str, posted: Posted, run: Run) -> Any:
    ticked = posted.ticked(field)
    if ticked is None:
        return UNTOUCHED
    given = dict(zip(field.options.get("values", []), ticked, strict=True))
    before = getattr(run.peek(literal), "elements", None)
    kept = dict(before) if isinstance(before, dict) else {}
    return box_dictionary(literal, {**kept, **given})


def _object_boxes(field: FormField, literal: str, posted: Posted, run: Run) -> Any:
    ticked = posted.ticked(field)
    if ticked is None:
        return UNTOUCHED
    before = getattr(run.peek(literal), "elements", None)
    things = list(before) if isinstance(before, list) else []
    for key, is_ticked in zip(field.options.get("values", []), ticked, strict=True):
        thing = _find(field, str(key), run)
        if is_ticked and not any(thing is other for other in things):
            things.append(thing)
        elif not is_ticked:
            things = [other for other in things if other is not thing]
    return object_list(literal, things)


def _object(field: FormField, literal: str, text: str, posted: Posted, run: Run) -> Any:
    """The chosen object. "None of these" means None, unless other fields of the form describe the object themselves."""
    if text == "":
        return UNTOUCHED
    if text != "None":
        return _find(field, text, run)
    if not any(other.variable.startswith((f"{field.variable}.", f"{field.variable}[")) for other in posted.form.fields):
        return None
    present = run.peek(literal)
    if present is not None and getattr(present, "instanceName", literal) != literal:
        run.undefine(literal)  # it stood for an object chosen before: the one to be described is made anew
    return UNTOUCHED


def _find(field: FormField, key: str, run: Run) -> Any:
    """The object behind a key: by its name, or among those kept for this screen. Only what was offered is found."""
    offered = field.options.get("objects", {})
    if key in offered:
        kept = run.internal.get("objselections", {}).get("_kept", {})
        if key in kept:
            return kept[key]
        thing = run.peek(offered[key]) if offered[key] else None
        if thing is not None:
            return thing
    raise ConversionRefused(word(_STALE_OBJECT))


def _files(field: FormField, literal: str, posted: Posted, run: Run) -> Any:
    """The uploads of an input as a list of files; None when the person chose none.

    Raises ConversionRefused for a file of a kind the field does not accept.
    """
    files = posted.files(field)
    if not files:
        return None if posted.is_visible(field) else UNTOUCHED
    accept = str(field.options.get("accept") or "")
    if not all(is_accepted(file.filename, file.mimetype, accept) for file in files):
        raise ConversionRefused(word(_WRONG_KIND))
    for file in files:
        FileDesk.of(run).receive(
            file.number,
            file.filename,
            file.mimetype,
            is_private=field.options.get("private"),
            is_persistent=field.options.get("persistent"),
        )
    made = [
        DAFile(f"{literal}[{place}]", **_picture_within_limits(field, file, run)) for place, file in enumerate(files)
    ]
    for file_made in made:
        if users := field.options.get("allow users"):
            file_made.user_access(*users)
        if privileges := field.options.get("allow privileges"):
            file_made.privilege_access(*map(str, privileges))
    return DAFileList(literal, elements=made)


def received(files: Sequence[PostedFile], literal: str, run: Run) -> Any:
    """Uploads that belong to no field, as a list of files of this name."""
    for file in files:
        FileDesk.of(run).receive(file.number, file.filename, file.mimetype, is_private=None, is_persistent=None)
    made = [
        DAFile(f"{literal}[{place}]", number=file.number, filename=file.filename, mimetype=file.mimetype)
        for place, file in enumerate(files)
    ]
    return DAFileList(literal, elements=made)


def _picture_within_limits(field: FormField, file: PostedFile, run: Run) -> dict[str, Any]:
    """Number, name and kind of an upload; a picture that is larger than the field allows is made smaller first."""
    facts = {"number": file.number, "filename": file.filename, "mimetype": file.mimetype}
    side, kind = field.options.get("maximagesize"), str(field.options.get("imagetype") or "")
    if not (side or kind) or not file.mimetype.startswith("image/"):
        return facts
    desk = FileDesk.of(run)
    path = desk.path(file.number)
    smaller = made_smaller(path, longest_side=side, kind=kind)
    if smaller is None:
        return facts
    contents, ending, mimetype = smaller
    path.write_bytes(contents)
    name = f"{file.filename.rpartition('.')[0] or file.filename}.{ending}"
    desk.rename(file.number, name, mimetype)
    return facts | {"filename": name, "mimetype": mimetype}


def is_accepted(filename: str, mimetype: str, accept: str) -> bool:
    """Whether a file is of one of the kinds that an input names: endings, MIME types, `image/*`."""
    kinds = [kind.strip().lower() for kind in accept.split(",") if kind.strip()]
    name, group = filename.lower(), mimetype.partition("/")[0]
    return not kinds or any(
        name.endswith(kind) if kind.startswith(".") else kind in (mimetype, f"{group}/*", "*/*") for kind in kinds
    )


def _signature(field: FormField, literal: str, posted: Posted, run: Run) -> Any:
    """The drawn signature, which the server has stored as a file before the form came here; None when it may be left
    out and was.
    """
    files = posted.files(field)
    if files:
        file = files[-1]
        FileDesk.of(run).receive(file.number, file.filename, file.mimetype)
        return DAFile(literal, number=file.number, filename=file.filename, mimetype=file.mimetype)
    if field.required:
        raise ConversionRefused(word("You must sign your name to continue."))
    return None
