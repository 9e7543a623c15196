"""From a screen to its JSON form; what that is, is json_form.py's matter. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.gateway.json_form import (
    ButtonData,
    ChoiceData,
    ConditionData,
    DocumentData,
    FieldData,
    HelpData,
    LinkData,
    LogLine,
    ScreenData,
)
from shared.contracts.screen import Button, Field, Screen, Section

_OF_PAGE = (
    "browser_title", "lang", "dir", "csrf_token", "steps", "allow_going_back", "id_dict", "session", "operation",
    "back_operation", "post_url", "check_in_url", "check_in_seconds", "do_action", "reload_after", "version", "watch",
    "waits_for_tasks", "extra_scripts", "message_log",
)  # fmt: skip


def screen_data(screen: Screen, page: dict[str, Any], *, interview: str, form: str, exit_url: str) -> dict[str, Any]:
    """The JSON form; `page` is what our own pages are told of the screen."""
    fields = [_field(field) for field in screen.fields if not field.is_spare]
    if screen.choices_field is not None:
        fields.append(_field(screen.choices_field))
    made = ScreenData(
        **{name: page[name] for name in _OF_PAGE},
        i=interview,
        form=form,
        questionName=screen.question_name,
        questionType=screen.kind,
        questionText=screen.question_html,
        subquestionText=screen.subquestion_html,
        underText=screen.under_html,
        rightText=screen.right_html,
        error=screen.error_html,
        fields=tuple(fields),
        buttons=tuple(_button(one) for one in screen.buttons),
        continueLabel=screen.continue_label_html,
        continueName=screen.continue_name,
        continueValue=screen.continue_value,
        additional_buttons=tuple(_button(one) for one in screen.action_buttons),
        review=tuple(
            LinkData(label=one.label_html, action=one.action, html=one.button_html or one.html) for one in screen.review
        ),
        listCollect=_collected(screen),
        attachments=tuple(
            DocumentData(
                name=one.name_text, description=one.description_html, urls={kind: url for kind, url, _ in one.links}
            )
            for one in screen.documents
        ),
        title=screen.title_html,
        subtitle=screen.subtitle_html,
        audio=screen.audio,
        video=screen.video,
        terms=screen.terms,
        autoterms=screen.auto_terms,
        messages=tuple(LogLine(priority=priority, message=html) for priority, html in screen.messages),
        help=tuple(
            HelpData(heading=one.heading_text, content=one.content_html)
            for one in (*screen.help, *screen.interview_help)
        ),
        helpLabel=screen.help_label_text,
        menu_items=tuple(LinkData(label=one.label_text, url=one.url, action=one.action) for one in screen.menu),
        sections=tuple(_sections(screen.sections)),
        progress=screen.progress,
        exit_link=screen.exit_link,
        exit_url=exit_url,
        exit_label=screen.exit_label_text,
        question_data=screen.data,
    )
    return made.model_dump(mode="json")


def _collected(screen: Screen) -> Any:
    """What is told of a list that is collected: its elements, without those in reserve for our own pages."""
    told = screen.list_collect
    return {**told, "labels": told["labels"][: told["count"]]} if isinstance(told, dict) else told


def _sections(sections: Iterable[Section]) -> Iterable[LinkData]:
    for one in sections:
        if one.is_hidden:
            continue
        yield LinkData(label=one.label_html, action=one.link_action, is_current=one.is_current)
        yield from _sections(one.subsections)


def _button(button: Button) -> ButtonData:
    return ButtonData(
        label=button.label_html,
        name=button.name,
        value=button.value,
        url=button.url,
        action=button.action,
        color=button.color,
        help=button.help_html,
    )


def _field(field: Field) -> FieldData:
    return FieldData(
        number=field.number,
        variable_name=field.variable,
        input_name=field.input_name,
        datatype=field.datatype,
        inputtype=field.input_type,
        label=field.label_html,
        required=field.required,
        disabled=field.disabled,
        default=field.default,
        hint=field.hint,
        helptext=field.help_html,
        note=field.html,
        choices=tuple(
            ChoiceData(
                label=one.label_html,
                value=one.key,
                input_name=one.input_name,
                help=one.help_html,
                default=one.selected,
                group=one.group,
                color=one.color,
            )
            for one in field.choices
        ),
        conditions=tuple(
            ConditionData(
                variable=one.variable,
                value=one.value,
                javascript=one.javascript,
                sign=one.sign,
                only_enables=one.only_enables,
            )
            for one in field.conditions
        ),
        none_of_the_above=field.none_of_the_above,
        all_of_the_above=field.all_of_the_above,
        min=field.minimum,
        max=field.maximum,
        minlength=field.minlength,
        maxlength=field.maxlength,
        step=field.step,
        accept=field.accept,
        error=field.error_text,
        validation_messages=field.validation_messages,
        action=field.ajax_action,
        list_index=field.list_index,
    )
