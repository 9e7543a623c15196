"""Screen: everything a page needs in order to show one moment of an interview, as data.

The engine makes it, the gateway renders it (HTML, ajax JSON, `json=1`). All `*_html` values are HTML that the
engine made from the author's text (spec/area4 §7, §8); what a person typed has been escaped in them already.
Names ending in `_text` are plain text and must be escaped when rendered.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.kernel.defaults import empty_dict

JsonValue = Any
"""A JSON value: None, bool, int, float, str, list or dict of such."""

ScreenKind = Literal[
    "fields", "yesno", "continue", "choices", "buttons", "deadend", "signature", "review", "message", "wait"
]

InputType = Literal[
    "text", "area", "integer", "number", "currency", "date", "time", "datetime-local", "email", "password", "url",
    "tel", "color", "hidden", "yesno", "yesnowide", "noyes", "noyeswide", "radio", "checkboxes", "multiselect",
    "dropdown", "combobox", "datalist", "ajax", "range", "file", "files", "camera", "user", "environment",
    "camcorder", "microphone", "note", "html", "raw html", "signature",
]  # fmt: skip


class Part(BaseModel):
    """Base of all parts of a screen: frozen, and tolerant of fields a newer engine may add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Choice(Part):
    """One option of a field or a question."""

    key: str
    """What the form posts for this option (for check boxes: whether `True` is posted under the input's own name)."""
    label_html: str
    label_text: str = ""
    input_name: str = ""
    """For check boxes: the name of this option's own input."""
    selected: bool = False
    help_html: str = ""
    image_html: str = ""
    group: str = ""
    color: str = ""
    css_class: str = ""


class Condition(Part):
    """When the browser shows, hides, enables or disables a field (spec/area4 §8.3, spec/area1 §16.5)."""

    variable: str = ""
    """Saved name of the field that is watched; empty for the JavaScript form."""
    value: JsonValue = None
    """What it is compared with."""
    javascript: str = ""
    """The expression of `js show if` and kin."""
    sign: bool = True
    """True: show/enable when it holds; False: hide/disable when it holds."""
    only_enables: bool = False
    """True for `enable if`, `disable if`."""


class Field(Part):
    """One item of a form: an input with its label, or a note between inputs."""

    number: str
    """Position on the screen, `0`, `1`, …; `1_0` for computed sub-fields."""
    variable: str = ""
    """Saved name, e.g. `person.name.first`; empty for notes."""
    input_name: str = ""
    """base64 of the saved name without padding, or of `_field_<number>` (spec/area4 §5.1)."""
    datatype: str = "text"
    input_type: InputType = "text"
    label_html: str | None = None
    """None: no label column."""
    label_text: str = ""
    required: bool = True
    default: JsonValue = None
    """Text as it stands in the input; True/False for single check boxes; list of keys for groups: an empty one is the
    answer that it is none of them."""
    hint: str = ""
    help_html: str = ""
    choices: tuple[Choice, ...] = ()
    conditions: tuple[Condition, ...] = ()
    disabled: bool = False
    disable_others: bool | tuple[str, ...] = False
    uncheck_others: bool | tuple[str, ...] = False
    check_others: bool | tuple[str, ...] = False
    none_of_the_above: str | None = None
    all_of_the_above: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    minlength: int | None = None
    maxlength: int | None = None
    step: str | None = None
    scale: str | None = None
    rows: int | None = None
    accept: str = ""
    currency_symbol: str = ""
    html: str = ""
    """Content of note, html and raw html items."""
    under_html: str = ""
    css_class: str = ""
    label_above: bool | None = None
    floating_label: bool | None = None
    is_typed_as_text: bool = False
    """Numbers: the input is one for text, so that separators of thousands can be typed (`numeric inputs: False`)."""
    grid: JsonValue = None
    item_grid: JsonValue = None
    inline: bool = False
    inline_width: str = ""
    group: str = ""
    validation_messages: dict[str, str] = empty_dict()
    rules: tuple[str, ...] = ()
    """Rules of the author's own (`$.validator.addMethod()`) that the page checks; their messages by rule as above."""
    error_text: str = ""
    """What was wrong with the last value, shown beside the field."""
    ajax_action: str = ""
    trigger_at: int = 4
    address_autocomplete: bool | dict[str, str] = False
    list_index: int | None = None
    """In list collect: which element this field belongs to."""
    is_spare: bool = False
    """In list collect: of an element that is not there yet, and comes to be seen when somebody adds one."""
    metadata: JsonValue = None
    parameters: dict[str, JsonValue] = empty_dict()
    """Parameters of custom datatypes."""
    input_class: str = ""
    """CSS classes of the input itself, where a custom datatype names some; `css_class` is for what stands around it."""


class FormField(Part):
    """What the server must know to take one input back; travels signed with the page, never trusted unsigned."""

    input_name: str
    variable: str
    datatype: str = "text"
    required: bool = True
    keys: tuple[str, ...] = ()
    """Check boxes: the input names of the options, in order."""
    absent: str | None = None
    """Value to assume when the input was visible and is not posted (spec/area4 §5.3 step 2)."""
    number: str = ""
    options: dict[str, JsonValue] = empty_dict()
    """What conversion needs besides (choice values as JSON, custom datatype, file options, …)."""


class Form(Part):
    """The signed contract between a shown screen and its submission.

    With it a form can be taken back although the session has moved on since (two tabs, a response action):
    it says which variables may be written, by which rules, and in which context `x`, `i` … stood.
    """

    question_name: str
    """Name of the block, e.g. `Question_3` or `ID hello`."""
    sought: tuple[str, ...] = ()
    """What was being sought when the screen was made (hidden field `_event` of spec/area4 §5.2)."""
    fields: tuple[FormField, ...] = ()
    context: dict[str, str] = empty_dict()
    """Expressions for x, i, j … at that moment, e.g. {"x": "person", "i": "2"}."""
    allowed_to_set: tuple[str, ...] | None = None
    list_collect: JsonValue = None
    is_mandatory: bool = False
    signature: str = ""
    """Saved name of a signature question."""


class Button(Part):
    """One button of the button row."""

    label_html: str
    label_text: str = ""
    name: str = ""
    """Input name posted with `value`."""
    value: str = ""
    color: str = "primary"
    css_class: str = ""
    icon_html: str = ""
    help_html: str = ""
    url: str = ""
    """A link instead of a submission."""
    new_window: bool | str = False
    action: str = ""
    """base64 JSON of an action to run by ajax instead of submitting (action buttons)."""
    placement: Literal["", "before", "after"] = ""
    selected: bool = False


class HelpPart(Part):
    """One section of the help tab."""

    heading_text: str = ""
    label_text: str = ""
    content_html: str = ""
    media_html: str = ""


class MenuItem(Part):
    """One entry of the menu at the top right."""

    label_text: str
    icon_html: str = ""
    url: str = ""
    action: str = ""
    anchor: str = ""
    screen_size: str = ""


class Section(Part):
    """One entry of the navigation column."""

    key: str
    label_html: str
    is_current: bool = False
    is_past: bool = False
    is_hidden: bool = False
    is_dimmed: bool = False
    """One cannot go there yet."""
    link_action: str = ""
    """base64 JSON of the priority action that leads there; empty when it is no link."""
    subsections: tuple[Section, ...] = ()
    is_folded: bool = False
    """Its subsections are shown once its button is pressed."""


class ReviewItem(Part):
    """One row of a review screen."""

    label_html: str = ""
    button_html: str = ""
    """Text beside the button; when empty, the label itself is the link."""
    edit_label_text: str = "Edit"
    action: str = ""
    """base64 JSON of the action that edits it."""
    html: str = ""
    """Content of note, html and raw html rows."""
    help_html: str = ""
    css_class: str = ""


class Document(Part):
    """One assembled document offered on the screen."""

    name_text: str
    name_html: str = ""
    filename: str = ""
    description_html: str = ""
    links: tuple[tuple[str, str, str], ...] = ()
    """(format, URL, file name) in the order shown."""
    explanations: dict[str, str] = empty_dict()
    """What a file of each format is for."""
    preview_html: str = ""
    markdown_text: str = ""
    variable: str = ""
    """The variable that holds it; empty where the author named none."""
    numbers: dict[str, int] = empty_dict()
    """Format → number of the file."""


class DocumentMail(Part):
    """The form that sends the documents of a screen by e-mail."""

    action: str
    """base64 JSON of the action; the page adds `address` and `includes_editable` to its arguments."""
    address: str = ""
    """What stands in the input."""
    asks_editable: bool = False
    """Whether the person chooses if files that can be edited go along."""


class Screen(Part):
    """One screen of an interview."""

    kind: ScreenKind
    interview: str = ""
    """Canonical reference of the interview."""
    question_name: str = ""
    question_id: str = ""
    language: str = "en"
    phrases: dict[str, str] = empty_dict()
    """What the page says by itself, by English phrase, where it is said otherwise on this screen."""

    # Titles and texts
    tab_title_text: str = ""
    title_html: str = ""
    short_title_html: str = ""
    subtitle_html: str = ""
    title_url: str = ""
    title_url_opens_elsewhere: bool = False
    """The title leads to a window of its own."""
    logo_html: str = ""
    short_logo_html: str = ""
    navigation_bar_html: str = ""
    question_html: str = ""
    question_text: str = ""
    subquestion_html: str = ""
    breadcrumb_html: str = ""
    decoration_html: str = ""
    under_html: str = ""
    right_html: str = ""
    pre_html: str = ""
    post_html: str = ""
    submit_html: str = ""
    footer_html: str = ""
    attributions_html: str = ""
    media_html: str = ""
    audio: tuple[tuple[str, str], ...] = ()
    """(URL, media type) of the files that are played there; those written as markup stand in `media_html` alone."""
    video: tuple[tuple[str, str], ...] = ()
    terms: dict[str, str] = empty_dict()
    """Definitions as HTML of the terms that stand in these texts, by term."""
    auto_terms: dict[str, str] = empty_dict()

    # The form
    form: Form | None = None
    fields: tuple[Field, ...] = ()
    buttons: tuple[Button, ...] = ()
    """Answer buttons (yes/no, choices, commands); empty for a plain Continue."""
    continue_label_html: str = ""
    continue_color: str = "primary"
    continue_name: str = ""
    continue_value: str = ""
    is_continue_hidden: bool = False
    is_continue_disabled: bool = False
    action_buttons: tuple[Button, ...] = ()
    choices_field: Field | None = None
    """The radio list, dropdown or combobox of a one-choice question."""
    signature_pen_color: str = ""
    signature_is_required: bool = True
    list_collect: JsonValue = None
    error_html: str = ""
    """A message of validation code that belongs to no field."""

    # Around the form
    review: tuple[ReviewItem, ...] = ()
    is_review_tabular: bool = False
    review_color: str = ""
    """Of the buttons of review screens; empty for their usual look."""
    review_icon_html: str = ""
    help: tuple[HelpPart, ...] = ()
    interview_help: tuple[HelpPart, ...] = ()
    help_label_text: str = "Help"
    help_color: str = ""
    """Of the Help button beside Continue; empty for its usual look."""
    menu: tuple[MenuItem, ...] = ()
    sections: tuple[Section, ...] = ()
    are_sections_horizontal: bool = False
    breadcrumbs: tuple[tuple[str, str], ...] = ()
    progress: float | None = None
    """Percent, 0 to 100; None hides the bar."""
    shows_progress_percentage: bool = False
    documents: tuple[Document, ...] = ()
    documents_notice_html: str = ""
    documents_download_url: str = ""
    """A link to all documents in one archive; empty when it is not offered."""
    documents_download_label_html: str = ""
    documents_mail: DocumentMail | None = None
    shows_download_tab: bool = True
    messages: tuple[tuple[str, str], ...] = ()
    """(priority, HTML): messages flashed with this page."""
    log: tuple[tuple[str, str], ...] = ()
    """(priority, message) for the browser's log (spec/area1 §2.4 `log`)."""

    # Back, exit, menu
    may_go_back: bool = True
    back_label_text: str = ""
    corner_back_label_text: str = ""
    back_color: str = ""
    """Of the Back button beside Continue; empty for its usual look."""
    has_question_back_button: bool = False
    exit_link: str = ""
    exit_label_text: str = ""
    shows_login: bool = True
    shows_standard_menu: bool = True

    # Behaviour
    check_in: str = ""
    """Action name of `check in`."""
    check_in_seconds: float | None = None
    """Interval of the interview; None: the server's; 0: off."""
    reload_seconds: float | None = None
    waits_for_tasks: tuple[str, ...] = ()
    """Ids of tasks whose handles were asked `.ready()` and said no while this screen was made."""
    tracks_location: bool = False
    """The interview wants to know where the browser is (`track_location`)."""
    is_read_aloud: bool = False
    """The interview offers its screens to be read aloud (`speak_text`)."""
    social: tuple[tuple[str, str, str], ...] = ()
    """Tags in the head for other sites that show a link here: (attribute, its value, content), plain text."""
    has_inputs: bool = False
    css_html: str = ""
    script: str = ""
    css_class: str = ""
    table_css_class: str = ""
    javascript_files: tuple[str, ...] = ()
    css_files: tuple[str, ...] = ()
    features: dict[str, JsonValue] = empty_dict()
    metadata: JsonValue = None
    steps: int = 1
    data: JsonValue = None
    """`question data` for `send question data`."""
