"""Build the screen of a question, in the order of spec/area4 §4.5.

Every step may raise a missing name: that order decides what is asked first. The evaluation above has done `need`,
`undefine` and `reconsider` before, and does the second half of `need` after.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any, assert_never

from shared.contracts.screen import FormField, Screen
from shared.interview.compile.blocks import (
    ChoiceQuestion,
    ContinueField,
    DeadEnd,
    DocumentsScreen,
    EmbeddedChoices,
    Fields,
    QuestionBlock,
    Review,
    Signature,
    YesNo,
)
from shared.interview.compile.expressions import Text
from shared.interview.library.added_terms import added_terms
from shared.interview.runtime import names
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import CodeExecution
from shared.interview.runtime.sought import Sought
from shared.interview.screen import buttons, help, navigation, parts
from shared.interview.screen.buttons import Answering
from shared.interview.screen.custom_types import scripts_of
from shared.interview.screen.fields import BuiltFields, build_fields
from shared.interview.screen.form import make_form
from shared.interview.screen.list_collect import build_collected
from shared.interview.screen.list_spares import SPARE, believed
from shared.interview.screen.markdown import to_plain_text
from shared.interview.screen.markup import encoded
from shared.interview.screen.phrases import page_phrases
from shared.interview.screen.review import review_items
from shared.interview.screen.social import social_tags
from shared.interview.screen.terms import Terms, normalised
from shared.interview.screen.texts import Scene, as_json

_SCRIPT_TAGS = re.compile(r"</?script\b[^>]*>", re.IGNORECASE)
_SHORTEST_RELOAD = 4
_DEFAULT_RELOAD = 10
_PEN_COLORS = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+")


def build_screen(block: QuestionBlock, run: Run, sought: Sought) -> Screen:
    """The screen that asks this question.

    Raises Undefined and kin for what is missing, CodeExecution when there is nothing to choose, and whatever the
    author's code raises.
    """
    scene = Scene(run, block, sought, is_unseen=run.is_unseen)
    run.internal.get("objselections", {}).pop("_kept", None)
    navigation.enter_section(block, scene)
    question = scene.plain(block.question)
    breadcrumb = scene.plain(block.breadcrumb)
    outer_crumbs = navigation.note_breadcrumb(breadcrumb, run)
    subquestion = scene.plain(block.subquestion)
    is_tabular, table_class = _tabular(block, scene)
    extra_buttons = buttons.action_buttons(block, scene)
    metadata = as_json(scene.resolve(block.metadata))
    shown: dict[str, Any] = {"table_css_class": parts.part_text("table css class", scene)}
    scene.table_class = shown["table_css_class"] or scene.table_class
    shown |= parts.build_parts(scene)
    scene.terms = _terms(block, scene)
    shown |= _styles_and_scripts(scene)
    shown |= _labels(block, scene)
    shown |= _help_and_media(block, scene)
    shown |= _behaviour(block, scene)
    shown |= _style(block, scene)
    shown["script"] = "\n".join([*scripts_of(shown.get("fields", ()), run), *filter(None, [shown["script"]])])
    if shown.get("form") is None:
        shown["submit_html"] = ""
    question_html = scene.finish(question, block.question.source, trims=True)
    shown |= {
        "question_html": question_html,
        "question_text": to_plain_text(question_html),
        "subquestion_html": scene.finish(subquestion, block.subquestion.source if block.subquestion else ""),
        "breadcrumb_html": scene.finish(breadcrumb, trims=True),
        "breadcrumbs": tuple((to_plain_text(scene.finish(crumb, trims=True)), "") for crumb in outer_crumbs),
        "action_buttons": extra_buttons,
        "is_review_tabular": is_tabular,
        "table_css_class": table_class or shown["table_css_class"],
        "metadata": metadata,
        "social": social_tags(scene, shown["tab_title_text"]),
    }
    shown |= surroundings(scene, block)
    terms = scene.terms
    return Screen(question_id=block.id or "", terms=terms.used, auto_terms=terms.used_automatic, **shown)


def _tabular(block: QuestionBlock, scene: Scene) -> tuple[bool, str]:
    """Whether the items of a review stand in a table, and the CSS classes it is given; empty for its usual ones."""
    tabular = block.style.tabular if isinstance(block.style, Review) else False
    if not isinstance(tabular, Text):
        return scene.flag(tabular), ""
    classes = " ".join(scene.plain(tabular).split())
    return bool(classes), classes


def surroundings(scene: Scene, block: QuestionBlock | None = None) -> dict[str, Any]:
    """What belongs to every screen of a session, whatever is asked."""
    run, features = scene.run, scene.run.interview.features
    return {
        "interview": run.interview.reference,
        "question_name": block.name if block else "",
        "language": run.language,
        "phrases": page_phrases(scene),
        "sections": navigation.build_sections(scene),
        "are_sections_horizontal": features.get("navigation") == "horizontal",
        "menu": navigation.build_menu(scene),
        "progress": navigation.move_progress(block, scene) if block else None,
        "shows_progress_percentage": bool(features.get("show progress bar percentage")),
        "attributions_html": help.attributions(scene),
        "messages": tuple(run.messages),
        "log": tuple(run.log_lines),
        "tracks_location": bool(run.peek("track_location")),
        "is_read_aloud": bool(run.peek("speak_text")),
        "waits_for_tasks": tuple(sorted(run.waits_for_tasks)),
        "javascript_files": _files(features.get("javascript"), ".js", scene),
        "css_files": tuple(
            url for key in ("bootstrap theme", "css") for url in _files(features.get(key), ".css", scene)
        ),
        "check_in_seconds": _interval(features.get("checkin interval")),
        "features": {name: value for name, value in as_json(features).items() if name in _SHOWN_FEATURES},
        "shows_standard_menu": not features.get("hide standard menu"),
        "shows_login": run.interview.metadata.get("show login", True) is not False,
        "steps": run.context.steps,
    }


_SHOWN_FEATURES = frozenset(
    {
        "hide navbar", "hide corner interface", "inverse navbar", "bootstrap theme", "centered", "wide side by side",
        "labels above fields", "floating labels", "suppress autofill", "go full screen", "popover trigger",
        "small screen navigation", "question help button", "question back button", "navigation back button",
        "send question data", "disable analytics", "default date min", "default date max", "navigation",
        "debug",
    }
)  # fmt: skip


def with_errors(screen: Screen, result: FormResult) -> Screen:
    """The same screen after its post was refused: what was typed stands in the inputs, messages beside them."""
    screen = _revealed(screen, result.revealed)
    fields = tuple(_with_error(field, result) for field in screen.fields)
    chosen = None if screen.choices_field is None else _with_error(screen.choices_field, result)
    shown = {field.variable for field in (*fields, *([chosen] if chosen else []))}
    elsewhere = [f"<p>{escape(message)}</p>" for name, message in result.errors.items() if name not in shown]
    error_html = "".join(part for part in (result.flash, *elsewhere) if part)
    return screen.model_copy(update={"fields": fields, "choices_field": chosen, "error_html": error_html})


def _revealed(screen: Screen, more: int) -> Screen:
    """The screen of a collected list with so many of its spare elements seen. The form itself stays."""
    if not isinstance(screen.list_collect, dict) or screen.form is None:
        return screen
    more = believed(screen.form, more)
    count = int(screen.list_collect["count"]) + more
    fields = tuple(
        field.model_copy(update={"is_spare": field.is_spare and (field.list_index or 0) >= count})
        for field in screen.fields
    )
    collected = {**screen.list_collect, "count": count, "revealed": more}
    return screen.model_copy(update={"fields": fields, "list_collect": collected})


def _with_error(field: Any, result: FormResult) -> Any:
    update: dict[str, Any] = {"error_text": result.errors.get(field.variable, "")}
    if field.variable in result.typed:
        typed = result.typed[field.variable]
        update["default"] = typed
        ticked = {str(key) for key in typed} if isinstance(typed, list) else {str(typed)}
        update["choices"] = tuple(
            choice.model_copy(update={"selected": choice.key in ticked}) for choice in field.choices
        )
    return field.model_copy(update=update)


# -- Styles of questions --------------------------------------------------------------------------------------------


def _style(block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    """How this question is answered: kind, fields, buttons, form."""
    match block.style:
        case DeadEnd() | DocumentsScreen():
            kind = "continue" if block.continue_field else "deadend"
            return {"kind": kind, **_continue(block, scene)}
        case ContinueField():
            return {"kind": "continue", **_continue(block, scene)}
        case YesNo() as style:
            return _answering("yesno", buttons.yes_no(style, scene), block, scene)
        case ChoiceQuestion() as style:
            kind = "buttons" if style.widget == "buttons" else "choices"
            return _answering(kind, buttons.one_choice(style, scene), block, scene)
        case EmbeddedChoices() as style:
            kind = "buttons" if style.widget == "buttons" else "choices"
            return _answering(kind, buttons.embedded(style, block.name, scene), block, scene)
        case Fields() as style:
            return _fields(style, block, scene)
        case Signature() as style:
            return _signature(style, block, scene)
        case Review() as style:
            return {
                "kind": "review",
                "review": review_items(style, scene),
                **_review_buttons(scene),
                **_continue(block, scene, is_form=True),
            }
        case _ as unknown:
            assert_never(unknown)


def _review_buttons(scene: Scene) -> dict[str, str]:
    """How the interview wants the buttons of its review screens."""
    features = scene.run.interview.features
    return {
        "review_color": buttons.button_color(str(features.get("review button color") or ""), ""),
        "review_icon_html": buttons.icon_html(str(features.get("review button icon") or ""), scene),
    }


def _continue(block: QuestionBlock, scene: Scene, *, is_form: bool = False) -> dict[str, Any]:
    if not block.continue_field:
        return {"form": make_form(block, scene)} if is_form else {}
    return {
        "form": make_form(block, scene),
        "continue_name": encoded(block.continue_field),
        "continue_value": "True",
        "has_inputs": False,
    }


def _answering(kind: str, answering: Answering, block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    if answering.empty is not None:
        name, value = answering.empty
        raise CodeExecution(((scene.literal(name), value),))
    is_embedded = answering.form is not None and answering.form.datatype == "embedded"
    form = make_form(block, scene, [answering.form] if answering.form else [])
    if is_embedded and block.continue_field:
        form = form.model_copy(update={"fields": (_with_continue(form.fields[0], block.continue_field),)})
    return {
        "kind": kind,
        "buttons": answering.buttons,
        "choices_field": answering.field,
        "form": form,
        "has_inputs": answering.field is not None,
    }


def _with_continue(field: FormField, variable: str) -> FormField:
    """`continue button field` beside embedded choices: the choice of command `continue` sets it."""
    return field.model_copy(update={"options": {**field.options, "continue_field": variable}})


def _fields(style: Fields, block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    collected: Any = None
    if style.list_collect is not None:
        built, collected = build_collected(style, scene)
    else:
        built = build_fields(style.items, scene)
    if built.asks_nothing and not _has_passages_only(built) and block.continue_field is None:
        raise CodeExecution(tuple((scene.literal(name), value) for name, value in built.empties))
    return {
        "kind": "fields",
        "fields": tuple(built.shown),
        "form": make_form(block, scene, built.form, list_collect=collected),
        "list_collect": collected,
        "has_inputs": any(field.variable for field in built.shown),
        **({"continue_name": encoded(block.continue_field), "continue_value": "True"} if block.continue_field else {}),
    }


def _has_passages_only(built: BuiltFields) -> bool:
    return not built.form


def _signature(style: Signature, block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    color = scene.plain(style.pen_color)
    is_required = scene.flag(style.is_required, default=True)
    field = FormField(input_name="_the_image", variable=style.variable, datatype="signature", required=is_required)
    return {
        "kind": "signature",
        "form": make_form(block, scene, [field], signature=style.variable),
        "signature_is_required": is_required,
        "signature_pen_color": color if _PEN_COLORS.fullmatch(color) else "",
        "has_inputs": True,
    }


# -- Around the form ------------------------------------------------------------------------------------------------


def _terms(block: QuestionBlock, scene: Scene) -> Terms:
    """Definitions as HTML: those of the question are Mako, those of the interview literal Markdown."""
    own = {normalised(term): scene.block_html(text, has_terms=False) for term, text in block.terms.items()}
    automatic = {normalised(term): scene.block_html(text, has_terms=False) for term, text in block.auto_terms.items()}
    interview, language = scene.run.interview, scene.run.language
    for tables, target in (
        (added_terms(scene.run, is_automatic=False), own),
        (interview.terms, own),
        (added_terms(scene.run, is_automatic=True), automatic),
        (interview.auto_terms, automatic),
    ):
        for candidate in (language, "*"):
            for term, definition in tables.get(candidate, {}).items():
                if (key := normalised(term)) not in target:
                    target[key] = scene.finish(definition, has_terms=False)
    trigger = str(interview.features.get("popover trigger") or "focus")
    return Terms(own, automatic, trigger) if own or automatic else Terms()


def _styles_and_scripts(scene: Scene) -> dict[str, Any]:
    return {
        "css_html": parts.part_text("css", scene),
        "script": _SCRIPT_TAGS.sub("", parts.part_text("script", scene)).strip(),
    }


def _labels(block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    is_review = isinstance(block.style, Review) and not block.continue_field
    name, phrase = ("resume button", "Resume") if is_review else ("continue button", "Continue")
    return {
        "continue_label_html": parts.button_label(name, phrase, scene),
        "continue_color": buttons.button_color(parts.button_color(name, "primary", scene), "primary"),
        "back_color": buttons.button_color(parts.button_color("back button", "", scene), ""),
        "title_url_opens_elsewhere": parts.part_text("title url opens in other window", scene).lower() != "false",
        "help_color": buttons.button_color(parts.button_color("help button", "", scene), ""),
        "back_label_text": parts.part_text("back button label", scene) or scene.word("Back"),
        "help_label_text": parts.part_text("help label", scene) or scene.word("Help"),
    }


def _help_and_media(block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    own = help.question_help(block.help, scene)
    audio, video = help.player("audio", block.audio, scene), help.player("video", block.video, scene)
    found: dict[str, Any] = {
        "help": own,
        "interview_help": help.interview_help(scene),
        "media_html": audio.html + video.html,
        "audio": audio.files,
        "video": video.files,
        "decoration_html": help.decoration(block.decorations, scene),
    }
    if own and own[0].label_text:
        found["help_label_text"] = own[0].label_text
    return found


def _behaviour(block: QuestionBlock, scene: Scene) -> dict[str, Any]:
    """What the page may and does: going back, pressing Continue, reloading, checking in."""
    features = scene.run.interview.features
    may_go_back = not (scene.run.forbids_back or scene.flag(block.prevents_going_back))
    back_button = None if block.back_button is None else scene.flag(block.back_button)
    return {
        "may_go_back": may_go_back,
        "has_question_back_button": bool(features.get("question back button")) if back_button is None else back_button,
        "is_continue_hidden": scene.flag(block.hides_continue),
        "is_continue_disabled": scene.flag(block.disables_continue),
        "reload_seconds": _reload(block.reload, scene),
        "check_in": block.check_in or "",
    }


def _reload(wanted: bool | Text | None, scene: Scene) -> float | None:
    """Seconds until the page asks again; four at least (spec/area1 §14.1)."""
    if wanted is None or wanted is False:
        return None
    if wanted is True:
        return _DEFAULT_RELOAD
    text = scene.plain(wanted)
    if text == "True":
        return _DEFAULT_RELOAD
    digits = re.sub(r"[^0-9]", "", text)
    return max(_SHORTEST_RELOAD, int(digits)) if digits else None


def require_parents(screen: Screen, run: Run, sought: Sought) -> None:
    """What a variable belongs to must exist before it is asked: `person` before `person.name`. Raises Undefined."""
    for field in screen.form.fields if screen.form is not None else ():
        if SPARE in field.options:
            continue
        parent = names.parent_of(sought.literal(field.variable))
        if parent is not None and not run.is_defined(parent):
            run.evaluate(parent)


def _interval(milliseconds: Any) -> float | None:
    try:
        wanted = float(milliseconds)
    except (TypeError, ValueError):
        return None
    return 0.0 if wanted <= 0 else max(1.0, wanted / 1000)


def _files(given: Any, suffix: str, scene: Scene) -> tuple[str, ...]:
    entries = [given] if isinstance(given, str) else list(given or ())
    found = (scene.pictures.url(str(entry) if "." in str(entry) else f"{entry}{suffix}") for entry in entries)
    return tuple(url for url in found if url)
