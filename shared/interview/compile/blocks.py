"""A dataclass for every kind of block (spec/area4 §2). Made by the readers beside this file, used by all later stages.

Texts are `Text` (Mako), expressions `Expression`; nothing here evaluates anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.interview.compile.expressions import ActionItem, Code, Condition, Expression, Flag, Need, Text
from shared.interview.errors import Position


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """What every block has (spec/area4 §1.6)."""

    position: Position
    number: int
    name: str
    """`ID <id>`, `Question_<number>` or `Block_<number>`: the key of everything remembered about the block."""
    language: str = "*"
    source: str = ""
    package: str = ""
    """The interview package the block's file belongs to: relative files and modules are looked up there."""


# -- Declarations -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class MetadataBlock(Block):
    """`metadata`: consolidated by the interview."""

    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class FeaturesBlock(Block):
    """`features`."""

    values: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModulesBlock(Block):
    """`modules` (`from M import *`) or `imports` (`import M`), on every run."""

    modules: tuple[str, ...]
    brings_all_names: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class ResetBlock(Block):
    """`reset`: variables deleted at the start of every run."""

    variables: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class OnChangeBlock(Block):
    """`on change`: code by variable."""

    code: dict[str, Code]


@dataclass(frozen=True, kw_only=True, eq=False)
class TermsBlock(Block):
    """Interview-wide `terms` or `auto terms`: definition by term, literal Markdown."""

    terms: dict[str, str]
    is_automatic: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagesBlock(Block):
    """`images` and `image sets`: file reference and attribution by name."""

    images: dict[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True, eq=False)
class HelpItem(Block):
    """`interview help`, or `help` of a question."""

    heading: Text | None = None
    content: Text | None = None
    label: Text | None = None
    audio: tuple[Text, ...] = ()
    video: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ScreenPartsBlock(Block):
    """`default screen parts`: None removes a part."""

    parts: dict[str, Text | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ValidationMessagesBlock(Block):
    """`default validation messages`: None removes a message."""

    messages: dict[str, Text | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class SectionsBlock(Block):
    """`sections`: items as written, checked for shape."""

    sections: list[Any]
    is_progressive: bool = True
    opens_automatically: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class AttachmentOptionsBlock(Block):
    """`attachment options`: defaults for all documents. File names and `metadata`, compiled."""

    metadata: dict[str, Any]
    files: dict[str, tuple[Text, ...] | Expression]


@dataclass(frozen=True, kw_only=True, eq=False)
class DefinitionBlock(Block):
    """`def` + `mako`: named Mako text for `usedefs`."""

    definition: str
    mako: str


@dataclass(frozen=True, kw_only=True, eq=False)
class OrderBlock(Block):
    """`order`: ids whose priority is raised, first is highest."""

    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TranslationsBlock(Block):
    """`translations`: file names."""

    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class LearningStoreBlock(Block):
    """`machine learning storage`: the file of `data/sources` whose examples the interview's learners share."""

    file: str


# -- Definers: blocks that can be sought, or run because they are initial or mandatory ------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Definer(Block):
    """What all blocks share that can give a variable its value (spec/area4 §1.6, §2.3 "Flow")."""

    id: str | None = None
    defines: tuple[str, ...] = ()
    """Names this block is found under, normalised; for events the event names."""
    mentions: tuple[str, ...] = ()
    """Names that `scan for variables: false` keeps out of the index but `depends on` still knows."""
    events: tuple[str, ...] = ()
    mandatory: Flag = False
    initial: Flag = False
    conditions: tuple[Expression, ...] = ()
    need: Need = Need()
    undefine: tuple[str, ...] = ()
    reconsider: tuple[str, ...] = ()
    reconsiders_always: bool = False
    """`reconsider: true` of a code block."""
    depends_on: tuple[str, ...] = ()
    generic_object: str | None = None
    """Class name of `generic object`."""
    supersedes: tuple[str, ...] = ()
    allowed_to_set: tuple[str, ...] | Expression | None = None
    usedefs: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    """Which of x, i, j … n the block or its children mention."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeBlock(Definer):
    """`code`, also event code."""

    code: Code


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectsBlock(Definer):
    """`objects`: class expression by saved name, in order."""

    objects: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectsFromFileBlock(Definer):
    """`objects from file`."""

    objects: tuple[tuple[str, str], ...]
    uses_objects: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class DataBlock(Definer):
    """`data` (Text leaves) and `data from code` (Expression leaves)."""

    variable: str
    data: Any
    objects_mode: bool | str = False
    is_gathered: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class TemplateBlock(Definer):
    """`template`."""

    variable: str
    content: Text | None = None
    subject: Text | None = None
    content_files: tuple[str, ...] | Expression = ()
    target: str | None = None
    decorations: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class TableColumn:
    """One column of a table."""

    header: Text
    cell: Expression | Text


@dataclass(frozen=True, kw_only=True, eq=False)
class TableBlock(Definer):
    """`table` (spec/area4 §2.11)."""

    variable: str
    rows: Expression
    columns: tuple[TableColumn, ...]
    edit: bool | tuple[str, ...] = False
    edit_header: Text | None = None
    has_delete_buttons: bool = False
    confirms: bool = False
    allows_reordering: bool = False
    read_only: str | None = None
    show_if_empty: bool | Text = True
    indent: int = 0
    requires_gathered: bool = True
    shows_incomplete: bool = False
    not_available_label: Text | None = None
    sort_key: Expression | None = None
    sort_reverse: Flag = False
    filter: Expression | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Attachment:
    """One document description (spec/area4 §9.1). What it is made from: content, templates, or files made by code."""

    position: Position
    name: Text | None = None
    filename: Text | None = None
    description: Text | None = None
    content: Text | None = None
    content_files: tuple[Text, ...] | Expression = ()
    docx_templates: tuple[Text, ...] | Expression = ()
    pdf_template: tuple[Text, ...] | Expression = ()
    fields: tuple[tuple[str, Any], ...] | None = None
    """Values by field name, in order: texts (or lists and mappings of them) and expressions. None: all variables."""
    code: Expression | None = None
    """Gives a dictionary of further values, which count more."""
    raw_names: tuple[str, ...] = ()
    """Those of the fields that are not turned into text."""
    variable: str | None = None
    formats: tuple[str, ...] | Expression = ()
    language: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    manual: dict[str, Expression] | Expression | None = None
    """Files by their ending, made by code."""
    definitions: str = ""
    """Mako of `usedefs`, for what `content file` brings."""
    flags: dict[str, Flag] = field(default_factory=dict)
    """`editable`, `skip undefined`, `redact`, `pdf/a`, `tagged pdf`, … as far as they are given."""
    texts: dict[str, Text] = field(default_factory=dict)
    """`password`, `checkbox export value`, `decimal places`, … as far as they are given."""
    files: dict[str, tuple[Text, ...] | Expression] = field(default_factory=dict)
    """`docx reference file`, `initial yaml`, `additional yaml`, as far as they are given."""
    access: dict[str, tuple[Text, ...] | Expression] = field(default_factory=dict)
    """`allow users`, `allow privileges`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AttachmentBlock(Definer):
    """`attachment` without a question: defines a variable."""

    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponseBlock(Definer):
    """`response` and kin: the session answers with data instead of a screen. One of the first six is given."""

    text: Text | None = None
    contents: Expression | None = None
    """`binaryresponse`: what gives bytes."""
    redirect: Text | None = None
    file: Text | None = None
    """`response filename`: a file of an interview package."""
    has_all_variables: bool = False
    is_null: bool = False
    includes_internal: bool = False
    content_type: Text | None = None
    status: Expression | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class RequireBlock(Definer):
    """`require` and `orelse`: what has to hold, and the block that is carried out when it does not."""

    required: tuple[Expression, ...]
    otherwise: Definer


# -- Questions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceItem:
    """One manual choice, or computed choices when `code` is set (spec/area4 §2.4)."""

    label: Text | None = None
    value: Any = None
    """A scalar, a `Text` for Mako values, an `Expression` for object choices."""
    code: Expression | None = None
    default: Text | bool | None = None
    help: Text | None = None
    image: Text | None = None
    group: Text | None = None
    css_class: Text | None = None
    color: Text | None = None
    show_if: Expression | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldItem:
    """One item of `fields` (spec/area4 §2.5)."""

    position: Position
    number: str
    kind: str = "field"
    """`field`, `note`, `html`, `raw html`, `code` (computed sub-fields)."""
    variable: str = ""
    label: Text | None = None
    has_label: bool = True
    content: Text | None = None
    code: Expression | None = None
    """`code` item: gives a list of field dictionaries."""
    datatype: str = "text"
    input_type: str | None = None
    required: Flag | None = None
    default: Text | Expression | Any = None
    choices: tuple[ChoiceItem, ...] = ()
    choices_code: Expression | None = None
    object_choices: tuple[Expression, ...] = ()
    exclude: tuple[Expression, ...] = ()
    shuffle: Flag = False
    none_of_the_above: Text | bool | None = None
    all_of_the_above: Text | bool | None = None
    hint: Text | None = None
    help: Text | None = None
    limits: dict[str, Text] = field(default_factory=dict)
    """`min`, `max`, `minlength`, `maxlength`, `step`, `scale`."""
    conditions: tuple[Condition, ...] = ()
    disabled: Flag = False
    disable_others: bool | tuple[str, ...] = False
    uncheck_others: bool | tuple[str, ...] = False
    check_others: bool | tuple[str, ...] = False
    validate: Expression | None = None
    validation_messages: dict[str, Text] = field(default_factory=dict)
    css_class: Text | None = None
    under_text: Text | None = None
    note: Text | None = None
    group: Text | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """All other modifiers, texts and expressions compiled: `rows`, `grid`, `accept`, `object labeler`, …"""


@dataclass(frozen=True, kw_only=True, eq=False)
class DeadEnd:
    """No answer at all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class YesNo:
    """`yesno`, `noyes`, `yesnomaybe`, `noyesmaybe`."""

    variable: str
    is_inverted: bool = False
    has_maybe: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Fields:
    """`fields`."""

    items: tuple[FieldItem, ...]
    list_collect: Any = None
    """None, or the compiled options of `list collect`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ContinueField:
    """`continue button field` alone, or `field` without choices: saves True."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceQuestion:
    """`field` + `choices`/`buttons`/`dropdown`/`combobox`: saves the chosen value."""

    variable: str
    widget: str
    """`radio`, `buttons`, `dropdown`, `combobox`."""
    choices: tuple[ChoiceItem, ...]
    datatype: str | None = None
    default: Text | Expression | Any = None
    shuffle: Flag = False
    validation_messages: dict[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddedChoice:
    """One choice that leads to a nested block, a command, or nothing (spec/area4 §2.6)."""

    item: ChoiceItem
    block: Definer | None = None
    command: str | None = None
    url: Text | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddedChoices:
    """`buttons`/`choices` without `field`."""

    widget: str
    choices: tuple[EmbeddedChoice, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Signature:
    """`signature`."""

    variable: str
    is_required: Flag = True
    pen_color: Text | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ReviewEntry:
    """One item of `review` (spec/area4 §2.8)."""

    label: Text | None = None
    button: Text | None = None
    content: Text | None = None
    content_kind: str = ""
    """`note`, `html`, `raw html` or empty."""
    commands: tuple[ActionItem, ...] = ()
    show_if: tuple[Expression, ...] = ()
    help: Text | None = None
    css_class: Text | None = None
    action: Expression | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Review:
    """`review`."""

    items: tuple[ReviewEntry, ...]
    skips_undefined: bool = True
    tabular: Flag | Text = False
    """Whether the items stand in a table; a text gives its CSS classes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentsScreen:
    """`attachment(s)` or `attachment code` with a question."""


Style = (
    DeadEnd | YesNo | Fields | ContinueField | ChoiceQuestion | EmbeddedChoices | Signature | Review | DocumentsScreen
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ActionButton:
    """One item of `action buttons`, or computed ones when `code` is set."""

    code: Expression | None = None
    label: Text | None = None
    action: Text | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    color: Text | None = None
    icon: Text | None = None
    css_class: Text | None = None
    placement: Text | None = None
    new_window: Flag | Text = False
    forgets_prior: Flag = False
    show_if: Expression | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class QuestionBlock(Definer):
    """`question` in all its styles."""

    question: Text
    subquestion: Text | None = None
    style: Style
    continue_field: str | None = None
    """`continue button field`, or `field` without choices: saved as True on Continue."""
    parts: dict[str, Text] = field(default_factory=dict)
    """`under`, `right`, `pre`, `post`, `submit`, `css`, `script`, `css class`, `continue button label`, labels and
    colours of all buttons, titles, … by their YAML key."""
    help: HelpItem | None = None
    audio: tuple[Text, ...] = ()
    video: tuple[Text, ...] = ()
    decorations: tuple[Text, ...] = ()
    terms: dict[str, Text] = field(default_factory=dict)
    auto_terms: dict[str, Text] = field(default_factory=dict)
    section: Text | None = None
    breadcrumb: Text | None = None
    progress: float | None = None
    hides_progress: bool = False
    metadata: Any = None
    prevents_going_back: Flag = False
    back_button: Flag | None = None
    hides_continue: Flag = False
    disables_continue: Flag = False
    reload: bool | Text | None = None
    check_in: str | None = None
    action_buttons: tuple[ActionButton, ...] = ()
    validation_code: Code | None = None
    attachments: tuple[Attachment, ...] = ()
    attachment_code: Expression | None = None
    document_options: dict[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
