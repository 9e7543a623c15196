"""What can be chosen: manual, computed and object choices, filtered and labelled (spec/area4 §2.4)."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shared.contracts.screen import Choice
from shared.interview.compile.blocks import ChoiceItem
from shared.interview.compile.expressions import Expression, Text
from shared.interview.errors import EvaluationError
from shared.interview.library.offering import flattened, object_key
from shared.interview.library.variables import decode_name
from shared.interview.runtime import names
from shared.interview.screen.markup import encoded, is_icon_name
from shared.interview.screen.texts import Scene, Words

_LABEL_KEYS = frozenset({"label", "value", "default", "help", "image", "css class", "color", "group", "show if", "key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that can be chosen, with the value it stands for."""

    value: Any
    label: Words
    is_default: bool = False
    help_html: str = ""
    image_html: str = ""
    group: str = ""
    color: str = ""
    css_class: str = ""
    index: int = 0
    """Its place among the author's choices, before filtering."""

    @property
    def key(self) -> str:
        """What the form posts for it."""
        return str(self.value)

    def as_choice(self, *, key: str | None = None, input_name: str = "", is_selected: bool = False) -> Choice:
        """As the page shows it."""
        return Choice(
            key=self.key if key is None else key,
            label_html=self.label.html,
            label_text=self.label.text,
            input_name=input_name,
            selected=is_selected,
            help_html=self.help_html,
            image_html=self.image_html,
            group=self.group,
            color=self.color,
            css_class=self.css_class,
        )


# -- Manual choices -------------------------------------------------------------------------------------------------


def manual(items: Sequence[ChoiceItem], scene: Scene) -> list[Offer]:
    """The author's list, with `code` items spliced in and `show if` items dropped."""
    offers: list[Offer] = []
    for index, item in enumerate(items):
        if item.show_if is not None and not scene.value(item.show_if):
            continue
        if item.code is not None:
            offers += [replace(offer, index=index) for offer in computed(scene.value(item.code), scene)]
        else:
            offers.append(_of_item(item, index, scene))
    return offers


def _of_item(item: ChoiceItem, index: int, scene: Scene) -> Offer:
    value = scene.resolve(item.value)
    label = scene.words(item.label) if item.label is not None else scene.words_of(value)
    default = item.default
    return Offer(
        value=value,
        label=label,
        is_default=bool(scene.plain(default)) if isinstance(default, Text) else bool(default),
        help_html=scene.block_html(item.help),
        image_html=image_html(scene.plain(item.image), scene),
        group=scene.plain(item.group),
        color=scene.plain(item.color),
        css_class=scene.plain(item.css_class),
        index=index,
    )


def image_html(reference: str, scene: Scene) -> str:
    """A small picture beside a label, by registered name or file; else the icon of that name, where names are icons."""
    if not reference:
        return ""
    url = scene.pictures.url(reference)
    if url:
        return f'<img class="daiconimage" alt="" src="{url}">'
    return (is_icon_name(reference) and scene.pictures.icon(reference)) or ""


# -- Computed choices -----------------------------------------------------------------------------------------------


def computed(given: Any, scene: Scene) -> list[Offer]:
    """Choices that code made: scalars, {value: label}, {value:…, label:…}, [value, label, default, help] or a mapping.

    Computed mappings are value → label, the other way round than the author's own. Raises EvaluationError when
    the value cannot be read as choices.
    """
    if given is None:
        return []
    elements = getattr(given, "elements", None)
    if isinstance(given, Mapping) or isinstance(elements, Mapping):
        pairs = list(given.items())
        if not _is_ordered(given):
            pairs.sort(key=lambda pair: str(pair[1]))
        return [offer for value, label in pairs for offer in _pair(value, label, scene)]
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise EvaluationError(f"Choices must be a list or a dictionary; the code gave {type(given).__name__}")
    return [offer for entry in given for offer in _entry(entry, scene)]


def _is_ordered(given: Any) -> bool:
    return isinstance(given, OrderedDict) or "Ordered" in type(given).__name__ or bool(getattr(given, "ordered", False))


def _entry(entry: Any, scene: Scene) -> Iterable[Offer]:
    if isinstance(entry, Mapping):
        if "value" in entry and "label" in entry:
            yield from _described(entry, scene)
            return
        extra = {key: entry[key] for key in entry if key in _LABEL_KEYS}
        for value, label in entry.items():
            if value not in extra:
                for offer in _pair(value, label, scene):
                    yield _with_extra(offer, extra, scene)
        return
    if isinstance(entry, list | tuple):
        if not entry:
            return
        value = entry[0]
        label = entry[1] if len(entry) > 1 else entry[0]
        for offer in _pair(value, label, scene):
            yield replace(
                offer,
                is_default=bool(entry[2]) if len(entry) > 2 else False,
                help_html=scene.finish(str(entry[3])) if len(entry) > 3 and entry[3] else "",
            )
        return
    yield Offer(value=entry, label=scene.words_of(entry))


def _described(entry: Mapping[Any, Any], scene: Scene) -> Iterable[Offer]:
    if entry.get("show if", True):
        offer = Offer(value=entry["value"], label=scene.words_of(entry["label"]))
        yield _with_extra(offer, entry, scene)


def _with_extra(offer: Offer, extra: Mapping[Any, Any], scene: Scene) -> Offer:
    return replace(
        offer,
        is_default=bool(extra.get("default")),
        help_html=scene.finish(str(extra["help"])) if extra.get("help") else "",
        image_html=image_html(str(extra["image"]), scene) if extra.get("image") else "",
        group=str(extra.get("group") or ""),
        color=str(extra.get("color") or ""),
        css_class=str(extra.get("css class") or ""),
    )


def _pair(value: Any, label: Any, scene: Scene) -> Iterable[Offer]:
    """A label that is a truth value says whether the choice is there at all."""
    if label is False:
        return
    yield Offer(value=value, label=scene.words_of(value if label is True else label))


# -- Objects --------------------------------------------------------------------------------------------------------


def objects(expressions: Sequence[Expression], exclude: Sequence[Expression], scene: Scene) -> list[Any]:
    """The objects that can be chosen, each once: lists are opened, what `exclude` gives is left out."""
    left_out = {id(thing) for expression in exclude for thing in flattened(scene.value(expression))}
    found: dict[int, Any] = {}
    for expression in expressions:
        for thing in flattened(scene.value(expression)):
            if thing is not None and id(thing) not in left_out:
                found.setdefault(id(thing), thing)
    return list(found.values())


def of_code(given: Any, scene: Scene) -> list[Any]:
    """The objects that code offers, itself or as `selections()`; what is neither an object nor names one is left."""
    if not isinstance(given, list | tuple):
        return list(flattened(given))
    return [
        thing
        for entry in given
        for thing in ([_named(entry, scene)] if isinstance(entry, Mapping) and "value" in entry else flattened(entry))
    ]


def _named(entry: Mapping[Any, Any], scene: Scene) -> Any:
    name = decode_name(str(entry["value"]))
    if not names.is_legal(name):
        raise EvaluationError(f"{name!r} is not the name of an object")
    return scene.run.evaluate(name)


# -- Names of boxes -------------------------------------------------------------------------------------------------


def box_name(variable: str, value: Any) -> str:
    """The input name of one box of a group: the variable indexed with the encoded value (spec/area4 §5.1)."""
    if isinstance(value, str):
        return encoded(f"{variable}[B'{_base64(value)}']")
    return encoded(f"{variable}[R'{_base64(repr(value))}']")


def object_box_name(variable: str, thing: Any) -> str:
    """The input name of one object's box."""
    return encoded(f"{variable}[O'{object_key(thing)}']")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def truth_datatype(offers: Sequence[Offer]) -> str | None:
    """`boolean` or `threestate` when the values are nothing but True, False (and None).

    Authors write `I don't know: None`, which is a text for YAML; beside True and False it can only mean the value.
    """
    has_truth = any(isinstance(offer.value, bool) for offer in offers)
    values = [None if has_truth and offer.value == "None" else offer.value for offer in offers]
    if not values or not all(value is None or isinstance(value, bool) for value in values):
        return None
    return "threestate" if None in values else "boolean"


def without(offers: Sequence[Offer], excluded: Sequence[Any]) -> list[Offer]:
    """The offers whose value `exclude` does not name."""
    left_out = [value for given in excluded for value in _values_of(given)]
    return [offer for offer in offers if offer.value not in left_out]


def _values_of(given: Any) -> Iterable[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    return list(given)
