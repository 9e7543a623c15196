"""Fields that offer choices: radio buttons, menus, groups of boxes, the choice of objects (spec/area4 §2.4, §2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.screen import Choice
from shared.interview.compile.blocks import FieldItem
from shared.interview.compile.expressions import Expression, Text
from shared.interview.library.offering import object_key
from shared.interview.runtime import names
from shared.interview.screen import choices, field_types
from shared.interview.screen.choices import Offer
from shared.interview.screen.defaults import NOTHING, chosen_of
from shared.interview.screen.texts import Scene


@dataclass(frozen=True, kw_only=True)
class Offered:
    """The choices of one field, ready for the page and for reading the post."""

    choices: tuple[Choice, ...] = ()
    keys: tuple[str, ...] = ()
    """Input names of the boxes of a group."""
    options: dict[str, Any] = field(default_factory=dict)
    default: Any = None
    datatype: str = ""
    """`boolean` or `threestate` when the values say so, else the field's own."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to choose."""
        return not self.choices


def offers_anything(item: FieldItem) -> bool:
    """Whether the author gave choices at all, manual, computed or of objects."""
    return bool(item.choices or item.choices_code or item.object_choices) or item.datatype in field_types.OBJECTS


def truths(item: FieldItem, scene: Scene, datatype: str, default: Any) -> Offered:
    """The two or three answers of `yesnoradio`, `yesnomaybe` and kin."""
    is_inverted = item.datatype.startswith("no")
    offers = [
        Offer(value=not is_inverted, label=scene.words_of(scene.word("Yes"))),
        Offer(value=is_inverted, label=scene.words_of(scene.word("No"))),
    ]
    if datatype == "threestate":
        offers.append(Offer(value=None, label=scene.words_of(scene.word("I don't know"))))
    return single(offers, datatype, default)


def available(item: FieldItem, datatype: str, scene: Scene) -> list[Any]:
    """What can be chosen: objects for a field of objects, else offers; without what is excluded.

    Evaluated for every field of a screen before anything else of its fields (spec/area4 §4.5 step 16).
    """
    if datatype in field_types.OBJECTS:
        things = choices.objects(item.object_choices, item.exclude, scene)
        if item.choices_code is not None:
            more = choices.of_code(scene.value(item.choices_code), scene)
            things += [thing for thing in more if thing not in things]
        return scene.shuffled(things) if scene.flag(item.shuffle) else things
    offers = choices.manual(item.choices, scene)
    if item.choices_code is not None:
        offers += choices.computed(scene.value(item.choices_code), scene)
    excluded = [scene.value(expression) for expression in item.exclude]
    if excluded:
        offers = choices.without(offers, excluded)
    return scene.shuffled(offers) if scene.flag(item.shuffle) else offers


def offer(item: FieldItem, datatype: str, default: Any, scene: Scene, found: list[Any]) -> Offered:
    """The choices of a field by its datatype, made of what is `available`."""
    if datatype in field_types.OBJECTS:
        return _objects(item, item.variable, datatype, default, scene, found)
    if datatype in field_types.GROUPS:
        return group(found, item.variable, default)
    return single(found, choices.truth_datatype(found) or datatype, default)


def single(offers: list[Offer], datatype: str, default: Any) -> Offered:
    """One of several."""
    chosen = _chosen_key(offers, default)
    shown = tuple(offer.as_choice(is_selected=offer.key == chosen) for offer in offers)
    return Offered(choices=shown, default=chosen, datatype=datatype)


def group(offers: list[Offer], variable: str, default: Any) -> Offered:
    """Any number of several, each with an input of its own."""
    ticked = [str(value) for value in chosen_of(default)]
    if default is NOTHING:
        ticked = [offer.key for offer in offers if offer.is_default]
    shown = tuple(
        offer.as_choice(input_name=choices.box_name(variable, offer.value), is_selected=offer.key in ticked)
        for offer in offers
    )
    return Offered(
        choices=shown,
        keys=tuple(choice.input_name for choice in shown),
        options={"values": [_storable(offer.value) for offer in offers]},
        default=_ticked([choice.key for choice in shown if choice.selected], default),
    )


def _ticked(keys: list[str], default: Any) -> list[str] | None:
    """What is ticked in a group; None when nobody has said anything yet, which is not the same as "none of them"."""
    return None if default is NOTHING and not keys else keys


def _objects(item: FieldItem, variable: str, datatype: str, default: Any, scene: Scene, things: list[Any]) -> Offered:
    label = _function(item, "object labeler", scene) or str
    help_of, image_of = _function(item, "help generator", scene), _function(item, "image generator", scene)
    offers = [
        Offer(
            value=object_key(thing),
            label=scene.words_of(label(thing)),
            help_html=scene.finish(str(help_of(thing) or "")) if help_of else "",
            image_html=choices.image_html(str(image_of(thing) or ""), scene) if image_of else "",
        )
        for thing in things
    ]
    ticked = {id(thing) for thing in chosen_of(default)}
    chosen = [object_key(thing) for thing in things if id(thing) in ticked]
    by_name = instances(things, scene)
    if datatype not in field_types.GROUPS:
        made = single(offers, datatype, chosen[0] if chosen else NOTHING)
        return Offered(choices=made.choices, default=made.default, datatype=datatype, options={"objects": by_name})
    by_key = {object_key(thing): thing for thing in things}
    shown = tuple(
        offer.as_choice(
            input_name=choices.object_box_name(variable, by_key[offer.value]), is_selected=offer.value in chosen
        )
        for offer in offers
    )
    return Offered(
        choices=shown,
        keys=tuple(choice.input_name for choice in shown),
        options={"objects": by_name, "values": [offer.value for offer in offers]},
        default=_ticked(chosen, default),
    )


def instances(things: list[Any], scene: Scene) -> dict[str, str]:
    """Instance name by key. Objects that cannot be found by name are kept beside the answers until the post."""
    found: dict[str, str] = {}
    selections = scene.run.internal.setdefault("objselections", {})
    for thing in things:
        key, name = object_key(thing), str(getattr(thing, "instanceName", ""))
        is_there, value = names.peek(name, scene.run.answers) if name else (False, None)
        if not is_there or value is not thing:
            selections.setdefault("_kept", {})[key] = thing
        found[key] = name
    return found


def _function(item: FieldItem, modifier: str, scene: Scene) -> Callable[[Any], Any] | None:
    expression = item.options.get(modifier)
    value = scene.value(expression) if isinstance(expression, Expression) else None
    return value if callable(value) else None


def _chosen_key(offers: list[Offer], default: Any) -> str | None:
    if default is NOTHING:
        return next((offer.key for offer in offers if offer.is_default), None)
    values = chosen_of(default) if not isinstance(default, str) else [default]
    wanted = "None" if default is None else (str(values[0]) if values else None)
    return wanted if any(offer.key == wanted for offer in offers) else None


def _storable(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def none_label(item: FieldItem, datatype: str, scene: Scene) -> str | None:
    """Label of "None of the above", or None: boxes have it unless the author says otherwise."""
    wanted = item.none_of_the_above
    if wanted is None:
        wanted = datatype in {"checkboxes", "object_checkboxes"}
    return _label(wanted, "None of the above", scene)


def all_label(item: FieldItem, scene: Scene) -> str | None:
    """Label of "All of the above", or None."""
    return _label(item.all_of_the_above, "All of the above", scene)


def _label(wanted: Text | bool | None, phrase: str, scene: Scene) -> str | None:
    if isinstance(wanted, Text):
        return scene.line_html(wanted)
    return scene.word(phrase) if wanted else None
