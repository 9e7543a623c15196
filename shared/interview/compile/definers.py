"""Readers of blocks that give variables their values without a screen (spec/area4 §2.1, §2.2, §2.10, §2.11)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.attachments import read_attachments
from shared.interview.compile.blocks import (
    AttachmentBlock,
    CodeBlock,
    DataBlock,
    Definer,
    ObjectsBlock,
    ObjectsFromFileBlock,
    ResponseBlock,
    TableBlock,
    TableColumn,
    TemplateBlock,
)
from shared.interview.compile.expressions import Expression, Need, Text
from shared.interview.compile.reading import Reading
from shared.interview.errors import Position
from shared.interview.source.documents import Mapping

FLOW_KEYS = frozenset(
    {
        "allowed to set",
        "comment",
        "depends on",
        "event",
        "generic object",
        "id",
        "if",
        "initial",
        "language",
        "mandatory",
        "need",
        "only sets",
        "reconsider",
        "role",
        "scan for variables",
        "sets",
        "supersedes",
        "undefine",
        "usedefs",
    }
)
"""Keys every block may have that can be sought or run (spec/area4 §2.3 "Flow")."""


def read_flow(reading: Reading) -> dict[str, Any]:
    """What all definers share, as constructor arguments; call it before the texts of the block are read."""
    data = reading.data
    usedefs = reading.strings(data, "usedefs")
    if usedefs:
        reading.use_definitions(usedefs)
    events = reading.strings(data, "event")
    for event in events:
        reading.defines_name(event, data, "event")
    allowed = data.get("allowed to set")
    return {
        "position": reading.position,
        "number": reading.number,
        "name": reading.name,
        "language": reading.language,
        "source": reading.raw.source,
        "package": reading.raw.package,
        "id": None if data.get("id") is None else str(data["id"]).strip(),
        "events": events,
        "mandatory": reading.flag(data, "mandatory"),
        "initial": True if "default role" in data else reading.flag(data, "initial"),
        "conditions": reading.expressions(data, "if"),
        "need": _need(reading),
        "undefine": reading.strings(data, "undefine"),
        "reconsider": () if isinstance(data.get("reconsider"), bool) else reading.strings(data, "reconsider"),
        "reconsiders_always": data.get("reconsider") is True,
        "depends_on": reading.strings(data, "depends on"),
        "generic_object": None if data.get("generic object") is None else str(data["generic object"]).strip(),
        "supersedes": reading.strings(data, "supersedes"),
        "allowed_to_set": (
            reading.strings(data, "allowed to set")
            if isinstance(allowed, list)
            else reading.expression(data, "allowed to set")
        ),
        "usedefs": usedefs,
    }


def finish(reading: Reading) -> dict[str, Any]:
    """The names a block defines and mentions, as constructor arguments; call it after everything was read."""
    data = reading.data
    found = list(dict.fromkeys(reading.defines))
    if "only sets" in data:
        found = [*reading.strings(data, "event"), *_set_names(reading, "only sets")]
    elif "sets" in data:
        found += [name for name in _set_names(reading, "sets") if name not in found]
    mentions: list[str] = []
    if data.get("scan for variables") is False:
        explicit = [*reading.strings(data, "event"), *_set_names(reading, "sets"), *_set_names(reading, "only sets")]
        mentions = [name for name in found if name not in explicit]
        found = explicit
    uses = frozenset(reading.used)
    return {"defines": tuple(found), "mentions": tuple(mentions), "uses": uses}


def _set_names(reading: Reading, key: str) -> list[str]:
    reading.defines = []
    for name in reading.strings(reading.data, key):
        reading.defines_name(name, reading.data, key)
    return list(reading.defines)


def _need(reading: Reading) -> Need:
    value = reading.data.get("need")
    if value is None:
        return Need()
    pre: list[Expression] = []
    post: list[Expression] = []
    for item, position in reading.items(reading.data, "need"):
        if isinstance(item, Mapping):
            reading.check_keys(item, {"pre", "post"}, "`need`")
            pre.extend(reading.expressions(item, "pre"))
            post.extend(reading.expressions(item, "post"))
        else:
            pre.append(reading.expression_of(item, position))
    return Need(tuple(pre), tuple(post))


def read_code(reading: Reading) -> Definer:
    """`code`, with or without `event`."""
    flow = read_flow(reading)
    code = reading.code(reading.data, "code")
    if not flow["events"]:
        for name in code.defines:
            reading.add_definition(name)
    return CodeBlock(**flow | finish(reading), code=code)


def read_objects(reading: Reading) -> Definer:
    """`objects`: a list of one-key mappings, or one mapping."""
    flow = read_flow(reading)
    objects: list[tuple[str, Expression]] = []
    for item, position in reading.items(reading.data, "objects"):
        if not isinstance(item, Mapping):
            raise reading.wrong("`objects` takes a list like `- user: Individual`", reading.data, "objects")
        for name, expression in item.items():
            variable = reading.defines_name(str(name), item, name)
            objects.append((variable, reading.expression_of(expression, reading.value_at(item, name))))
        del position
    return ObjectsBlock(**flow | finish(reading), objects=tuple(objects))


def read_objects_from_file(reading: Reading) -> Definer:
    """`objects from file`."""
    flow = read_flow(reading)
    objects: list[tuple[str, str]] = []
    for item, _ in reading.items(reading.data, "objects from file"):
        if not isinstance(item, Mapping):
            raise reading.wrong(
                "`objects from file` takes a list like `- claims: claims.yml`", reading.data, "objects from file"
            )
        objects.extend((reading.defines_name(str(name), item, name), str(file)) for name, file in item.items())
    return ObjectsFromFileBlock(
        **flow | finish(reading),
        objects=tuple(objects),
        uses_objects=reading.bool_of(reading.data, "use objects", True),
    )


def read_data(reading: Reading) -> Definer:
    """`data` and `data from code`."""
    flow = read_flow(reading)
    key = "data" if "data" in reading.data else "data from code"
    if "variable name" not in reading.data:
        raise reading.wrong(f"`{key}` needs `variable name`", reading.data, key)
    variable = reading.defines_name(str(reading.data["variable name"]), reading.data, "variable name")
    value, position = reading.data[key], reading.value_at(reading.data, key)
    data = reading.compiled(value, position) if key == "data" else _computed(reading, value, position)
    mode = reading.data.get("use objects", False)
    return DataBlock(
        **flow | finish(reading),
        variable=variable,
        data=data,
        objects_mode=mode if isinstance(mode, (bool, str)) else bool(mode),
        is_gathered=reading.bool_of(reading.data, "gathered", True),
    )


def _computed(reading: Reading, value: Any, position: Position) -> Any:
    if isinstance(value, dict):
        describes_object = "object" in value and ("item" in value or "items" in value)
        return {
            key: item
            if describes_object and key in {"object", "module"}
            else _computed(reading, item, reading.value_at(value, key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_computed(reading, item, reading.at(value, place)) for place, item in enumerate(value)]
    return reading.expression_of("None" if value is None else value, position)


def read_template(reading: Reading) -> Definer:
    """`template`."""
    data = reading.data
    flow = read_flow(reading)
    variable = reading.defines_name(str(data["template"]), data, "template")
    target = data.get("target")
    if target is not None and not isinstance(target, str):
        raise reading.wrong("`target` takes the name of a place on the page", data, "target")
    files: tuple[str, ...] | Expression = ()
    if "content file" in data:
        value = data["content file"]
        if isinstance(value, Mapping) and list(value) == ["code"]:
            files = reading.expression_of(value["code"], reading.value_at(value, "code"))
        else:
            files = reading.strings(data, "content file")
    content = reading.text(data, "content")
    if content is None and not files:
        raise reading.wrong("A template needs `content` or `content file`", data, "template")
    return TemplateBlock(
        **flow | finish(reading),
        variable=variable,
        content=content,
        subject=reading.text(data, "subject"),
        content_files=files,
        target=None if target is None else "".join(mark for mark in target if mark.isalnum() or mark == "_"),
        decorations=reading.texts(data, "decoration"),
    )


def read_table(reading: Reading) -> Definer:
    """`table`."""
    data = reading.data
    flow = read_flow(reading)
    variable = reading.defines_name(str(data["table"]), data, "table")
    rows = reading.expression(data, "rows")
    if rows is None:
        raise reading.wrong("A table needs `rows`", data, "table")
    edit = data.get("edit", False)
    show_if_empty = data.get("show if empty", True)
    return TableBlock(
        **flow | finish(reading),
        variable=variable,
        rows=rows,
        columns=tuple(_column(reading, item, position) for item, position in reading.items(data, "columns")),
        edit=edit if isinstance(edit, bool) else reading.strings(data, "edit"),
        edit_header=reading.text(data, "edit header"),
        has_delete_buttons=reading.bool_of(data, "delete buttons", bool(edit)),
        confirms=reading.bool_of(data, "confirm"),
        allows_reordering=reading.bool_of(data, "allow reordering"),
        read_only=None if data.get("read only") is None else str(data["read only"]),
        show_if_empty=show_if_empty if isinstance(show_if_empty, bool) else _required(reading, "show if empty"),
        indent=_indent(data.get("indent")),
        requires_gathered=reading.bool_of(data, "require gathered", True),
        shows_incomplete=reading.bool_of(data, "show incomplete"),
        not_available_label=reading.text(data, "not available label"),
        sort_key=reading.expression(data, "sort key"),
        sort_reverse=reading.flag(data, "sort reverse"),
        filter=reading.expression(data, "filter"),
    )


def _required(reading: Reading, key: str) -> Text:
    return reading.required_text(reading.data, key, "A table")


def _indent(value: Any) -> int:
    if value is True:
        return 4
    return value if isinstance(value, int) else 0


def _column(reading: Reading, item: Any, position: Position) -> TableColumn:
    if isinstance(item, Mapping) and "header" in item and "cell" in item:
        reading.check_keys(item, {"header", "cell"}, "a column")
        return TableColumn(
            header=reading.text_of(item["header"] if item["header"] is not None else " ", position),
            cell=reading.expression_of(item["cell"], reading.value_at(item, "cell")),
        )
    if isinstance(item, Mapping) and len(item) == 1:
        header, cell = next(iter(item.items()))
        return TableColumn(
            header=reading.text_of(header, position), cell=reading.expression_of(cell, reading.value_at(item, header))
        )
    raise reading.wrong(
        "A column is written `Header: expression`, or with `header` and `cell`", reading.data, "columns"
    )


def read_attachment_block(reading: Reading) -> Definer:
    """`attachment` without a question: defines the variables its documents are saved in."""
    flow = read_flow(reading)
    key = "attachment" if "attachment" in reading.data else "attachments"
    attachments = read_attachments(reading, key)
    return AttachmentBlock(**flow | finish(reading), attachments=attachments)


_RESPONSES = ("response", "binaryresponse", "redirect url", "response filename", "all_variables", "null response")


def read_response(reading: Reading) -> Definer:
    """`response` and kin (spec/area4 §2.14)."""
    data = reading.data
    flow = read_flow(reading)
    given = [key for key in _RESPONSES if key in data]
    if len(given) > 1:
        raise reading.wrong(f"A block answers with one thing, not with {' and '.join(given)}", data, given[1])
    return ResponseBlock(
        **flow | finish(reading),
        text=reading.text(data, "response"),
        contents=reading.expression(data, "binaryresponse"),
        redirect=reading.text(data, "redirect url"),
        file=reading.text(data, "response filename"),
        has_all_variables=reading.bool_of(data, "all_variables"),
        is_null=reading.bool_of(data, "null response"),
        includes_internal=reading.bool_of(data, "include_internal"),
        content_type=reading.text(data, "content type"),
        status=reading.expression(data, "response code"),
    )


DEFINERS = {
    "code": (read_code, frozenset({"code"})),
    "objects": (read_objects, frozenset({"objects"})),
    "objects from file": (read_objects_from_file, frozenset({"objects from file", "use objects"})),
    "data": (read_data, frozenset({"data", "variable name", "use objects", "gathered"})),
    "data from code": (read_data, frozenset({"data from code", "variable name", "use objects", "gathered"})),
    "template": (
        read_template,
        frozenset({"template", "content", "content file", "subject", "decoration", "target"}),
    ),
    "table": (
        read_table,
        frozenset(
            {
                "allow reordering",
                "columns",
                "confirm",
                "delete buttons",
                "edit",
                "edit header",
                "filter",
                "indent",
                "not available label",
                "read only",
                "require gathered",
                "rows",
                "show if empty",
                "show incomplete",
                "sort key",
                "sort reverse",
                "table",
            }
        ),
    ),
    **{
        key: (read_response, frozenset({*_RESPONSES, "content type", "response code", "include_internal"}))
        for key in _RESPONSES
    },
    "attachment": (read_attachment_block, frozenset({"attachment"})),
    "attachments": (read_attachment_block, frozenset({"attachments"})),
}
"""Reader and its own keys by the key that makes a block a definer; flow keys are allowed besides."""
