"""The items of `fields` as a page shows them and as their post is read back (spec/area4 §2.5, §4.5 step 16)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from shared.contracts.screen import Choice, Field, FormField, InputType
from shared.interview.compile.blocks import FieldItem
from shared.interview.library.datatypes import CustomDataType
from shared.interview.library.dates import as_datetime
from shared.interview.library.numbers import currency_symbol
from shared.interview.library.objects.files import account_names
from shared.interview.library.objects.models import DAModel
from shared.interview.runtime.run import missing_of
from shared.interview.screen import conditions, custom_types, field_choices, field_types
from shared.interview.screen.computed_fields import read_computed
from shared.interview.screen.defaults import MOMENTS, NOTHING, as_text, default_of, moment_as_text
from shared.interview.screen.empty import empty_value
from shared.interview.screen.field_choices import Offered
from shared.interview.screen.form import LIMITS
from shared.interview.screen.markdown import to_plain_text
from shared.interview.screen.markup import encoded
from shared.interview.screen.messages import Messages, box_limits, limits_of
from shared.interview.screen.texts import Scene, as_json

_WHOLE_NUMBERS = ("rows", "trigger at")


@dataclass(kw_only=True)
class BuiltFields:
    """What became of a list of items."""

    shown: list[Field] = field(default_factory=list)
    form: list[FormField] = field(default_factory=list)
    empties: list[tuple[str, Any]] = field(default_factory=list)
    """Variables that have nothing to choose from, with the value they get."""

    @property
    def asks_nothing(self) -> bool:
        """Whether every variable on the screen is one without a choice: then there is no question."""
        return bool(self.empties) and all(entry.options.get("is_empty") for entry in self.form)


def build_fields(items: Iterable[FieldItem], scene: Scene, *, list_index: int | None = None) -> BuiltFields:
    """Build every item in order. Raises Undefined and kin as their texts and expressions do."""
    built = BuiltFields()
    for prepared in [_prepared(item, scene) for item in _expanded(items, scene)]:
        item = prepared.item
        scene.run.place = item.position
        if not conditions.is_on_screen(item.conditions, scene):
            continue
        if item.kind != "field":
            built.shown.append(_passage(item, scene))
        else:
            _add(prepared, scene, built, list_index)
    scene.run.place = None
    return built


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """An item whose choices are known: those of all fields are looked for before anything else of one."""

    item: FieldItem
    custom: type[CustomDataType] | None = None
    datatype: str = ""
    input_type: InputType = "text"
    has_choices: bool = False
    found: list[Any] | None = None
    """What can be chosen; None when there is nothing to choose by its kind."""

    @property
    def is_empty(self) -> bool:
        """Whether it takes one of several things, and there are none."""
        return self.found == [] and self.input_type not in field_types.OPEN_CHOICES


def _prepared(item: FieldItem, scene: Scene) -> _Prepared:
    if item.kind != "field":
        return _Prepared(item=item)
    scene.run.place = item.position
    custom = custom_types.class_of(item.datatype, scene.run)
    if custom is not None:
        item = custom_types.with_input(item, custom)
    datatype = field_types.datatype_of(item)
    has_choices = field_choices.offers_anything(item)
    input_type = field_types.input_type_of(item, has_choices=has_choices)
    is_choice = has_choices or input_type in field_types.CHOICE_INPUTS
    found = None
    if is_choice and not _is_truth(item, datatype, input_type, has_choices=has_choices):
        found = field_choices.available(item, datatype, scene)
    return _Prepared(
        item=item, custom=custom, datatype=datatype, input_type=input_type, has_choices=has_choices, found=found
    )


def _is_truth(item: FieldItem, datatype: str, input_type: str, *, has_choices: bool) -> bool:
    """Whether it is answered with yes and no, and perhaps with not knowing."""
    if item.datatype in field_types.TRUTH_RADIOS | field_types.MAYBE_RADIOS:
        return True
    return datatype in {"boolean", "threestate"} and input_type == "radio" and not has_choices


def _expanded(items: Iterable[FieldItem], scene: Scene) -> Iterator[FieldItem]:
    """The items, with computed ones in the place of the `code` that makes them."""
    for item in items:
        if item.kind == "code" and item.code is not None:
            yield from read_computed(scene.value(item.code), item, scene)
        else:
            yield item


def _passage(item: FieldItem, scene: Scene) -> Field:
    """A note or a piece of HTML between the fields."""
    content = item.content or item.note
    is_raw = item.kind != "note"
    return Field(
        number=item.number,
        input_type=cast("Any", item.kind),
        label_html=None,
        required=False,
        html=scene.finish_raw(scene.plain(content)) if is_raw else scene.block_html(content),
        conditions=conditions.watched(item.conditions, scene),
        css_class=scene.plain(item.css_class),
        grid=as_json(scene.resolve(item.options.get("grid"))),
    )


def _add(prepared: _Prepared, scene: Scene, built: BuiltFields, list_index: int | None) -> None:
    """Build one field. The order decides what is asked first of what its parts lack (spec/area4 §4.5 step 16)."""
    item, custom, datatype, input_type = prepared.item, prepared.custom, prepared.datatype, prepared.input_type
    input_name = _input_name(item)
    if prepared.is_empty:
        built.empties.append((item.variable, empty_value(datatype, scene.literal(item.variable))))
        built.form.append(
            FormField(
                input_name=input_name, variable=item.variable, datatype=datatype, required=False,
                number=item.number, options={"is_empty": True},
            )
        )  # fmt: skip
        return
    all_label = field_choices.all_label(item, scene)
    none_label = field_choices.none_label(item, item.datatype, scene)
    is_required = scene.flag(item.required, field_types.is_required_by_default(item, input_type))
    own = custom_types.parameters_of(custom) if custom is not None else frozenset()
    options = {
        name: scene.resolve(value) for name, value in item.options.items() if not _is_function(name) and name not in own
    }
    css_class, group, under = scene.plain(item.css_class), scene.plain(item.group), scene.block_html(item.under_text)
    messages = Messages(item, scene)
    _try_validation(item, datatype, scene)
    label_html = scene.line_html(item.label, has_terms=True) if item.has_label else None
    watched = conditions.watched(item.conditions, scene)
    note = None if item.note is None else scene.block_html(item.note)
    limits = _limits(item, input_type, scene)
    look = {} if custom is None else custom_types.look_of(item, custom, scene)
    is_disabled = scene.flag(item.disabled) or not conditions.is_enabled(item.conditions, scene)
    default = default_of(item.variable, item.default, scene, names_objects=datatype in field_types.OBJECTS)
    if custom is not None and default is not NOTHING and default is not None:
        default = custom.default_for(default)
    offered = _offered(prepared, default, scene)
    if offered is not None:
        datatype = offered.datatype or datatype
        if none_label is not None and input_type == "radio":
            offered = _with_none(offered, none_label, default)
            none_label = None
    shown = Field(
        number=item.number,
        variable=item.variable,
        input_name=input_name,
        datatype=item.datatype,
        input_type=input_type,
        label_html=label_html,
        label_text=to_plain_text(label_html or ""),
        required=is_required and not is_disabled,
        default=_shown_default(datatype, input_type, default, offered),
        hint=scene.plain(item.hint),
        help_html=scene.block_html(item.help),
        choices=() if offered is None else offered.choices,
        conditions=watched,
        disabled=is_disabled,
        disable_others=item.disable_others,
        uncheck_others=item.uncheck_others,
        check_others=item.check_others,
        none_of_the_above=none_label,
        all_of_the_above=all_label,
        minimum=limits.get("min"),
        maximum=limits.get("max"),
        minlength=_whole(limits.get("minlength")),
        maxlength=_whole(limits.get("maxlength")),
        step=limits.get("step"),
        scale=limits.get("scale"),
        under_html=under,
        css_class=css_class,
        group=group,
        parameters=box_limits(limits, input_type)
        | _image_limits({**_usual_images(scene), **options}, input_type)
        | _file_look(options),
        list_index=list_index,
        **_look({**_usual_look(scene), **options}, input_type),
    )
    if look:
        shown = shown.model_copy(update=look)
    said = messages.of_field(shown, limits)
    if custom is not None:
        rules = custom_types.rule_messages(messages, custom)
        shown, said = shown.model_copy(update={"rules": tuple(rules)}), said | rules
    if said:
        shown = shown.model_copy(update={"validation_messages": said})
    built.shown.append(shown)
    if note is not None:
        built.shown.append(
            Field(number=f"{item.number}_note", input_type="note", label_html=None, html=note,
                  required=False, conditions=watched)
        )  # fmt: skip
    built.form.append(_form_field(item, shown, datatype, offered, scene))


def _form_field(item: FieldItem, shown: Field, datatype: str, offered: Offered | None, scene: Scene) -> FormField:
    options: dict[str, Any] = dict(offered.options) if offered is not None else {}
    if item.validate is not None:
        options["validates"] = True
    if limits := limits_of(shown):
        options[LIMITS] = limits
    if shown.parameters and custom_types.class_of(item.datatype, scene.run) is not None:
        options["parameters"] = shown.parameters
    if shown.input_type in field_types.FILES:
        options |= _file_options(item, shown, scene)
    if item.datatype in field_types.LEARNING:
        options["learning"] = _learning(item, scene)
    absent = field_types.absent_value(datatype, shown.input_type, is_required=shown.required)
    return FormField(
        input_name=shown.input_name,
        variable=item.variable,
        datatype=datatype,
        required=shown.required,
        keys=() if offered is None else offered.keys,
        absent="False" if offered is not None and offered.keys else absent,
        number=item.number,
        options=options,
    )


def _file_options(item: FieldItem, shown: Field, scene: Scene) -> dict[str, Any]:
    """What is done with the files that come in: which kinds are taken, who may see them, how long they stay."""
    options: dict[str, Any] = {"accept": shown.accept} if shown.accept else {}
    given = _usual_images(scene) | {name: scene.resolve(value) for name, value in item.options.items()}
    options |= _image_limits(given, shown.input_type)
    for name in ("persistent", "private"):
        if item.options.get(name) is not None:
            value = scene.resolve(item.options[name])
            options[name] = str(value).strip().lower() in {"true", "yes", "1"}
    for name in ("allow users", "allow privileges"):
        if item.options.get(name) is not None:
            options[name] = account_names(scene.resolve(item.options[name]))
    return options


def _file_look(options: Mapping[str, Any]) -> dict[str, Any]:
    """`file css class`: classes of the file input; the word None leaves the browser's own input, without our button."""
    classes = options.get("file css class")
    return {} if classes is None else {"file_css_class": "" if str(classes) == "None" else str(classes).strip()}


def _learning(item: FieldItem, scene: Scene) -> dict[str, Any]:
    """Which examples the text is held against, and whether it becomes one of them."""
    keeps = scene.resolve(item.options.get("keep for training"))
    return {
        "group_id": str(scene.resolve(item.options.get("using")) or item.variable).strip(),
        "use_for_training": keeps is None or str(keeps).strip().lower() in {"true", "yes", "1"},
    }


def _offered(prepared: _Prepared, default: Any, scene: Scene) -> Offered | None:
    item, datatype, input_type = prepared.item, prepared.datatype, prepared.input_type
    if _is_truth(item, datatype, input_type, has_choices=prepared.has_choices):
        return field_choices.truths(item, scene, datatype, default)
    if prepared.found is None:
        return None
    offered = field_choices.offer(item, datatype, default, scene, prepared.found)
    if datatype not in field_types.OBJECTS | field_types.GROUPS and offered.default is None and default is not NOTHING:
        free = as_text(default, datatype) if input_type in field_types.OPEN_CHOICES else None
        return Offered(choices=offered.choices, datatype=offered.datatype, options=offered.options, default=free)
    return offered


def _limits(item: FieldItem, input_type: str, scene: Scene) -> dict[str, str]:
    """What `min`, `max` and kin say."""
    limits = {name: scene.plain(text) for name, text in item.limits.items()}
    limits = {name: text for name, text in limits.items() if text not in {"", "None"}}
    if input_type == "date":
        limits = _usual_dates(scene) | limits
    if input_type in MOMENTS:
        limits = {name: moment_as_text(text, input_type) for name, text in limits.items()}
    return limits


def _with_none(offered: Offered, label: str, default: Any) -> Offered:
    none = Choice(key="None", label_html=label, label_text=label, selected=default is None)
    return Offered(
        choices=(*offered.choices, none),
        options={**offered.options, "none_is_a_choice": True},
        default="None" if default is None else offered.default,
        datatype=offered.datatype,
    )


def _shown_default(datatype: str, input_type: str, default: Any, offered: Offered | None) -> Any:
    if offered is not None:
        return offered.default
    if input_type in field_types.FILES:
        return None
    if datatype in {"boolean", "threestate"} and input_type in field_types.SINGLE_BOXES:
        return None if default is NOTHING else _truth(default)
    return as_text(getattr(default, "text", default) if isinstance(default, DAModel) else default, datatype)


def _truth(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None if value is None else bool(value)


def _input_name(item: FieldItem) -> str:
    """Fields the browser hides or disables are called by number: several of them may save the same variable."""
    if conditions.has_watched(item.conditions) or item.disable_others:
        return encoded(f"_field_{item.number}")
    return encoded(item.variable)


def _kinds(accepted: Any) -> str:
    """The kinds of files an input takes, as HTML writes them: with commas between."""
    many = accepted if isinstance(accepted, list | tuple | set | frozenset) else [accepted or ""]
    return ",".join(str(one).strip().strip("'\"") for one in many)


def _look(options: dict[str, Any], input_type: str) -> dict[str, Any]:
    """The modifiers that only change how a field looks or helps."""
    whole = {name: _whole(options.get(name)) for name in _WHOLE_NUMBERS}
    look: dict[str, Any] = {
        "rows": whole["rows"],
        "accept": _kinds(options.get("accept")),
        "label_above": options.get("label above field"),
        "floating_label": options.get("floating label"),
        "is_typed_as_text": bool(options.get("typed as text")),
        "grid": as_json(options.get("grid")),
        "item_grid": as_json(options.get("item grid")),
        "inline": bool(options.get("inline")),
        "inline_width": str(options.get("inline width") or ""),
        "ajax_action": str(options.get("action") or ""),
        "trigger_at": max(2, whole["trigger at"] or 4),
        "address_autocomplete": options.get("address autocomplete") or False,
        "metadata": as_json(options.get("field metadata")),
    }
    if input_type == "currency":
        look["currency_symbol"] = str(options.get("currency symbol") or currency_symbol())
    return look


def _image_limits(options: dict[str, Any], input_type: str) -> dict[str, Any]:
    """How large pictures may be, and of what kind, when they are sent."""
    if input_type not in field_types.FILES:
        return {}
    found = {"maximagesize": _whole(options.get("maximum image size")), "imagetype": options.get("image upload type")}
    return {name: value for name, value in found.items() if value}


def _usual_look(scene: Scene) -> dict[str, Any]:
    features = scene.run.interview.features
    look: dict[str, Any] = {"floating label": True} if features.get("floating labels") is True else {}
    if features.get("labels above fields") is False:
        look["label above field"] = False
    if features.get("numeric inputs") is False:
        look["typed as text"] = True
    return look


def _usual_images(scene: Scene) -> dict[str, Any]:
    """How large pictures may be, and of what kind, where their field does not say."""
    features = scene.run.interview.features
    return {name: features[name] for name in ("maximum image size", "image upload type") if features.get(name)}


def _usual_dates(scene: Scene) -> dict[str, str]:
    """The first and last date that fields take which say nothing else."""
    usual = {name: scene.run.interview.features.get(f"default date {name}") for name in ("min", "max")}
    return {name: str(date) for name, date in usual.items() if date is not None}


def _is_function(modifier: str) -> bool:
    return modifier in {"object labeler", "help generator", "image generator"}


def _whole(value: Any) -> int | None:
    if value is None:  # nearly always, and an error costs more than a look
        return None
    with contextlib.suppress(TypeError, ValueError):
        return int(float(str(value)))
    return None


def _try_validation(item: FieldItem, datatype: str, scene: Scene) -> None:
    """Call the `validate` function once with a dummy, so that what it lacks is asked before this screen."""
    if item.validate is None:
        return
    function = scene.value(item.validate)
    try:
        function(_dummy(datatype))
    except Exception as error:
        if missing_of(error) is not None:
            raise


def _dummy(datatype: str) -> Any:
    if datatype in {"boolean", "threestate"}:
        return True
    if datatype in {"date", "datetime"}:
        return as_datetime("2000-01-01")
    if datatype in field_types.NUMBERS:
        return 0
    return [] if datatype in field_types.GROUPS | field_types.FILES else ""
