"""Buttons: yes and no, choices as buttons, embedded choices and commands, action buttons (spec/area4 §2.3, §2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.screen import Button, Choice, Field, FormField
from shared.interview.compile.blocks import ActionButton, ChoiceQuestion, EmbeddedChoices, QuestionBlock, YesNo
from shared.interview.compile.choices import COMMANDS
from shared.interview.compile.expressions import Text
from shared.interview.errors import EvaluationError
from shared.interview.library.links import icon_class
from shared.interview.library.offering import flattened, object_key
from shared.interview.screen import choices, field_choices, field_types
from shared.interview.screen.choices import Offer
from shared.interview.screen.defaults import default_of
from shared.interview.screen.empty import empty_value
from shared.interview.screen.field_choices import Offered
from shared.interview.screen.links import action_of
from shared.interview.screen.markup import encoded, is_icon_name
from shared.interview.screen.messages import Messages
from shared.interview.screen.texts import Scene, encoded_action

MULTIPLE_CHOICE = "_multiple_choice"
"""Name under which the index of an embedded choice is posted."""
_SELECT = "You need to select one."
_SELECT_OR_TYPE = "You need to select one or type in a new value."
COMMAND_COLORS = {
    "restart": "warning",
    "exit": "danger",
    "logout": "danger",
    "exit_logout": "danger",
    "leave": "warning",
    "new_session": "warning",
    "refresh": "primary",
    "continue": "primary",
    "signin": "info",
    "register": "primary",
}
_MORE_COLORS_WRITTEN = (
    "primary secondary success danger warning info light dark link outline-primary outline-secondary outline-success "
    "outline-danger outline-warning outline-info outline-dark outline-light "
)
_MORE_COLORS = frozenset(_MORE_COLORS_WRITTEN.split())


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How a question is answered: its buttons or its one field, and what the form may post."""

    buttons: tuple[Button, ...] = ()
    field: Field | None = None
    form: FormField | None = None
    empty: tuple[str, Any] | None = None
    """The variable that has nothing to choose from, and its value."""


def yes_no(style: YesNo, scene: Scene) -> Answering:
    """Two buttons, or three with "I don't know"."""
    name = encoded(style.variable)
    answers = [("Yes", not style.is_inverted, "primary"), ("No", style.is_inverted, "secondary")]
    buttons = [
        Button(label_html=scene.word(word), label_text=scene.word(word), name=name, value=str(value), color=color)
        for word, value, color in answers
    ]
    if style.has_maybe:
        words = scene.words_of(scene.word("I don't know"))
        buttons.append(Button(label_html=words.html, label_text=words.text, name=name, value="None", color="warning"))
    datatype = "threestate" if style.has_maybe else "boolean"
    return Answering(
        buttons=tuple(buttons), form=FormField(input_name=name, variable=style.variable, datatype=datatype)
    )


def one_choice(style: ChoiceQuestion, scene: Scene) -> Answering:
    """`field` with choices, as radio buttons, a menu, or a button each."""
    offers = choices.manual(style.choices, scene)
    if scene.flag(style.shuffle):
        offers = scene.shuffled(offers)
    default = default_of(style.variable, style.default, scene)
    datatype = style.datatype or choices.truth_datatype(offers) or "text"
    if style.datatype in field_types.OBJECTS:
        datatype = "object"
        offers, options = _object_offers(offers, scene)
    else:
        options = {}
    if not offers and style.widget not in field_types.OPEN_CHOICES:
        return Answering(empty=(style.variable, empty_value(datatype, scene.literal(style.variable))))
    offered = field_choices.single(offers, datatype, default)
    name = encoded(style.variable)
    form = FormField(input_name=name, variable=style.variable, datatype=datatype, options=options)
    if style.widget == "buttons":
        shown = [_choice_button(offer, choice, name) for offer, choice in zip(offers, offered.choices, strict=True)]
        return Answering(buttons=tuple(shown), form=form)
    messages = Messages(None, scene)
    rule = "combobox required" if style.widget == "combobox" else "multiple choice required"
    phrase = (
        "You need to select one or type in a new value." if style.widget == "combobox" else "You need to select one."
    )
    own = style.validation_messages.get(rule) or style.validation_messages.get("required")
    field = _choice_field(style.variable, name, style.widget, offered)
    required = scene.plain(own) if own is not None else messages.text(rule, phrase)
    return Answering(field=field.model_copy(update={"validation_messages": {"required": required}}), form=form)


def _object_offers(offers: list[Offer], scene: Scene) -> tuple[list[Offer], dict[str, Any]]:
    things = [thing for offer in offers for thing in flattened(offer.value)]
    made = [Offer(value=object_key(thing), label=scene.words_of(thing)) for thing in things]
    return made, {"objects": field_choices.instances(things, scene)}


def embedded(style: EmbeddedChoices, block_name: str, scene: Scene) -> Answering:
    """Choices that lead to blocks or commands: what is posted is the choice's place in the author's list.

    Choices that code makes stand in one place together; the number of each follows it. One whose value is the name of a
    command is that command.
    """
    offers: list[tuple[str, Offer, dict[str, Any]]] = []
    for index, choice in enumerate(style.choices):
        for number, offer in enumerate(choices.manual((choice.item,), scene)):
            command = choice.command or ""
            if choice.item.code is not None and str(offer.value) in COMMANDS:
                command = str(offer.value)
            meaning: dict[str, Any] = {"command": command, **({"place": index} if number else {})}
            if choice.url is not None:
                meaning["url"] = scene.plain(choice.url)
            if choice.block is None and not command:
                meaning["is_value"] = True
            offers.append((f"{index}_{number}" if number else str(index), offer, meaning))
    if not offers:
        raise EvaluationError(f"{block_name} has no choice left to offer: each one's `show if` is false")
    name = encoded(MULTIPLE_CHOICE)
    form = FormField(
        input_name=name,
        variable=MULTIPLE_CHOICE,
        datatype="embedded",
        options={"choices": {key: meaning for key, _, meaning in offers}},
    )
    if style.widget == "buttons":
        buttons = tuple(
            _choice_button(offer, offer.as_choice(key=key), name, str(meaning["command"]))
            for key, offer, meaning in offers
        )
        return Answering(buttons=buttons, form=form)
    shown = tuple(offer.as_choice(key=key, is_selected=offer.is_default) for key, offer, _ in offers)
    default = next((choice.key for choice in shown if choice.selected), None)
    return Answering(field=_choice_field("", name, style.widget, Offered(choices=shown, default=default)), form=form)


def _choice_button(offer: Offer, choice: Choice, name: str, command: str = "") -> Button:
    return Button(
        label_html=choice.label_html,
        label_text=choice.label_text,
        name=name,
        value=choice.key,
        color=button_color(offer.color, COMMAND_COLORS.get(command, "primary")),
        css_class=choice.css_class,
        icon_html=choice.image_html,
        help_html=choice.help_html,
        selected=choice.selected,
    )


def _choice_field(variable: str, name: str, widget: str, offered: Offered) -> Field:
    return Field(
        number="0",
        variable=variable or MULTIPLE_CHOICE,
        input_name=name,
        datatype=offered.datatype or "text",
        input_type="dropdown" if widget == "dropdown" else "combobox" if widget == "combobox" else "radio",
        label_html=None,
        required=True,
        default=offered.default,
        choices=offered.choices,
    )


def button_color(wanted: str, default: str) -> str:
    """A colour the page knows, or the default."""
    return wanted if wanted in _MORE_COLORS else default


# -- Action buttons -------------------------------------------------------------------------------------------------


def action_buttons(block: QuestionBlock, scene: Scene) -> tuple[Button, ...]:
    """The extra buttons of `action buttons`, manual and computed."""
    return tuple(button for item in block.action_buttons for button in _action_buttons(item, scene))


def _action_buttons(item: ActionButton, scene: Scene) -> list[Button]:
    if item.show_if is not None and not scene.value(item.show_if):
        return []
    if item.code is not None:
        given = scene.value(item.code)
        entries = [given] if isinstance(given, Mapping) else list(given or ())
        return [_computed_button(entry, scene) for entry in entries if entry.get("show if", True)]
    label = scene.words(item.label)
    new_window = scene.plain(item.new_window) if isinstance(item.new_window, Text) else scene.flag(item.new_window)
    return [
        _action_button(
            label.html,
            label.text,
            scene.plain(item.action),
            scene.resolve(item.arguments),
            scene,
            color=button_color(scene.plain(item.color), "primary"),
            icon=scene.plain(item.icon),
            css_class=scene.plain(item.css_class),
            placement=scene.plain(item.placement),
            new_window=new_window,
            forgets_prior=scene.flag(item.forgets_prior),
        )
    ]


def _computed_button(entry: Mapping[str, Any], scene: Scene) -> Button:
    if "label" not in entry or "action" not in entry:
        raise EvaluationError("Each item that the code of `action buttons` gives needs a label and an action")
    label = scene.words_of(entry["label"])
    return _action_button(
        label.html,
        label.text,
        str(entry["action"]),
        entry.get("arguments") or {},
        scene,
        color=button_color(str(entry.get("color", "")), "primary"),
        icon=str(entry.get("icon") or ""),
        css_class=str(entry.get("css class") or ""),
        placement=str(entry.get("placement") or ""),
        new_window=entry.get("new window") or False,
        forgets_prior=bool(entry.get("forget prior")),
    )


def _action_button(
    label_html: str,
    label_text: str,
    action: str,
    arguments: Mapping[str, Any],
    scene: Scene,
    *,
    color: str,
    icon: str,
    css_class: str,
    placement: str,
    new_window: bool | str,
    forgets_prior: bool,
) -> Button:
    is_url = action.startswith(("http://", "https://", "/", "?", "mailto:", "tel:", "javascript:"))
    encoded_call = action_of(action, scene.site) if is_url else _encoded(action, arguments, forgets_prior)
    return Button(
        label_html=label_html,
        label_text=label_text,
        color=color,
        css_class=css_class,
        icon_html=icon_html(icon, scene),
        url=action if is_url and not encoded_call else "",
        action=encoded_call,
        new_window=new_window,
        placement="before" if placement == "before" else "after",
    )


def _encoded(action: str, arguments: Mapping[str, Any], forgets_prior: bool) -> str:
    if forgets_prior:
        return encoded_action("_da_priority_action", {"_action": action, "_arguments": dict(arguments)})
    return encoded_action(action, arguments)


def icon_html(icon: str, scene: Scene) -> str:
    """A registered image, or an icon of the page's icon font by name."""
    if not icon:
        return ""
    if scene.pictures.is_registered(icon):
        return choices.image_html(icon, scene)
    name = icon.strip()
    return f'<i class="{icon_class(name.removeprefix("fa-"))}" aria-hidden="true"></i>' if is_icon_name(name) else ""
