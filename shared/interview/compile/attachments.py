"""Reader of `attachment` descriptions (spec/area4 §9.1)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.blocks import Attachment
from shared.interview.compile.expressions import Expression, Text
from shared.interview.compile.reading import Reading
from shared.interview.errors import Position
from shared.interview.source.documents import Mapping

KEYS = frozenset(
    {
        "additional yaml", "allow privileges", "allow users", "checkbox export value", "code", "content",
        "content file", "decimal places", "description", "docx reference file", "docx template file", "editable",
        "field code", "field variables", "fields", "filename", "flattened checkbox label", "hyperlink style",
        "initial yaml", "language", "manual", "manual code", "metadata", "name", "owner password", "password",
        "pdf template file", "pdf/a", "pdftk", "permissions", "persistent", "private", "raw", "raw field variables",
        "redact", "rendering font", "rtf template file", "skip undefined", "tagged pdf", "template file",
        "template password", "update references", "usedefs", "valid formats", "variable name",
    }
)  # fmt: skip
"""What a document may say of itself (spec/area4 §9.1)."""
_OPTION_KEYS = frozenset(
    {"additional yaml", "docx reference file", "initial yaml", "metadata", "rtf template file", "template file"}
)
"""Keys that `attachment options` may give for all documents of an interview."""
_WITHOUT_EFFECT = {
    "template file": "a template of LaTeX",
    "rtf template file": "a template of pandoc",
    "pdftk": "another program for PDF forms",
    "permissions": "a list of what a PDF allows",
}
_FORMATS = frozenset({"*", "pdf", "rtf", "docx", "rtf to docx", "tex", "html", "md", "raw"})


def read_attachments(reading: Reading, key: str) -> tuple[Attachment, ...]:
    """All documents described under a key."""
    return tuple(_attachment(reading, item, position) for item, position in reading.items(reading.data, key))


def _attachment(reading: Reading, item: Any, position: Position) -> Attachment:
    if not isinstance(item, Mapping):
        return Attachment(position=position, content=reading.text_of(item, position))
    item = item.renamed({key: str(key).lower() for key in item})
    reading.check_keys(item, KEYS, "a document")
    for key, what in _WITHOUT_EFFECT.items():
        if key in item:
            reading.warn(f"{key!r} is accepted, but has no effect: {what} is not used here", item, key)
    _check_kinds(reading, item)
    variable = None
    if item.get("variable name") is not None:
        variable = reading.defines_name(str(item["variable name"]), item, "variable name")
    usedefs = reading.strings(item, "usedefs")
    with reading.definitions(usedefs):
        content = reading.text(item, "content")
    return Attachment(
        position=position,
        name=reading.text(item, "name"),
        filename=reading.text(item, "filename"),
        description=reading.text(item, "description"),
        content=content,
        content_files=_files(reading, item, "content file"),
        docx_templates=_files(reading, item, "docx template file"),
        pdf_template=_files(reading, item, "pdf template file"),
        fields=_fields(reading, item),
        code=reading.expression(item, "code"),
        raw_names=reading.strings(item, "raw field variables"),
        variable=variable,
        formats=_formats(reading, item),
        language=None if item.get("language") is None else str(item["language"]),
        metadata=read_document_metadata(reading, item),
        manual=_manual(reading, item),
        definitions=reading.definition(usedefs),
        flags={key: reading.flag(item, key) for key in _FLAGS if item.get(key) is not None},
        texts={key: text for key in _TEXTS if (text := reading.text(item, key)) is not None},
        files={key: _files(reading, item, key) for key in _FILES if item.get(key) is not None},
        access={key: _files(reading, item, key) for key in ("allow users", "allow privileges") if key in item},
    )


_FLAGS = (
    "editable",
    "pdf/a",
    "persistent",
    "private",
    "redact",
    "skip undefined",
    "tagged pdf",
    "update references",
)
_TEXTS = (
    "checkbox export value",
    "decimal places",
    "flattened checkbox label",
    "hyperlink style",
    "owner password",
    "password",
    "raw",
    "rendering font",
    "template password",
)
_FILES = ("initial yaml", "additional yaml", "docx reference file")


def _check_kinds(reading: Reading, item: Mapping) -> None:
    kinds = [key for key in ("docx template file", "pdf template file", "manual", "manual code") if key in item]
    if len(kinds) > 1:
        raise reading.wrong(
            f"A document is made in one way; this one has `{kinds[0]}` and `{kinds[1]}`", item, kinds[1]
        )
    has_content = "content" in item or "content file" in item
    if kinds and has_content:
        raise reading.wrong(f"A document has either content or `{kinds[0]}`, not both", item, kinds[0])
    if not kinds and not has_content:
        raise reading.wrong(
            "A document needs `content`, `content file`, `docx template file`, `pdf template file` or `manual`"
        )


def _files(reading: Reading, item: Mapping, key: str) -> tuple[Text, ...] | Expression:
    """File names: a text, a list of them, or `code` that gives either."""
    value = item.get(key)
    if isinstance(value, Mapping):
        if list(value) != ["code"]:
            raise reading.wrong(f"{key!r} takes a file name, a list of them, or `code`", item, key)
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    return reading.texts(item, key)


def _formats(reading: Reading, item: Mapping) -> tuple[str, ...] | Expression:
    value = item.get("valid formats")
    if isinstance(value, Mapping) and list(value) == ["code"]:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    formats = tuple(name.lower() for name in reading.strings(item, "valid formats"))
    for name in formats:
        if name not in _FORMATS:
            reading.warn(
                f"{name!r} is no format of documents; there are pdf, docx, rtf, rtf to docx, html, md and *",
                item,
                "valid formats",
            )
    if "docx" in formats and "rtf to docx" in formats:
        raise reading.wrong(
            "`docx` and `rtf to docx` are two ways to the same file: use one of them", item, "valid formats"
        )
    if "rtf to docx" in formats and "docx template file" in item:
        raise reading.wrong(
            "`rtf to docx` is for documents with content, not for DOCX templates", item, "valid formats"
        )
    return formats


def _fields(reading: Reading, item: Mapping) -> tuple[tuple[str, Any], ...] | None:
    """What goes into a template by name: `fields` as texts, `field code` and `field variables` as expressions.

    None when there are none of these keys: then a DOCX template has all variables.
    """
    if not any(key in item for key in ("fields", "field code", "field variables", "raw field variables")):
        return None
    found: list[tuple[str, Any]] = []
    for mapping in _mappings(reading, item, "fields"):
        for name in mapping:
            found.append((str(name), reading.compiled(mapping[name], reading.value_at(mapping, name))))
    for name in (*reading.strings(item, "field variables"), *reading.strings(item, "raw field variables")):
        found.append((name, reading.expression_of(name, reading.value_at(item, "field variables"))))
    for mapping in _mappings(reading, item, "field code"):
        for name in mapping:
            found.append((str(name), reading.expression_of(mapping[name], reading.value_at(mapping, name))))
    return tuple(found)


def _mappings(reading: Reading, item: Mapping, key: str) -> list[Mapping]:
    found = []
    for value, _ in reading.items(item, key):
        if not isinstance(value, Mapping):
            raise reading.wrong(f"{key!r} takes field names with their values", item, key)
        found.append(value)
    return found


def read_document_metadata(reading: Reading, item: Mapping) -> dict[str, Any]:
    """`metadata` of a document or of all: texts by name."""
    value = item.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise reading.wrong("`metadata` takes names with their values", item, "metadata")
    if "header-includes" in value:
        reading.warn(
            "`header-includes` is accepted, but has no effect: LaTeX is not used here", value, "header-includes"
        )
    return {str(key): reading.compiled(value[key], reading.value_at(value, key)) for key in value}


def read_attachment_options(reading: Reading) -> dict[str, Any]:
    """`attachment options`: a mapping, or a list of them, of defaults for all documents."""
    metadata: dict[str, Any] = {}
    files: dict[str, tuple[Text, ...] | Expression] = {}
    for value, _ in reading.items(reading.data, "attachment options"):
        if not isinstance(value, Mapping):
            raise reading.wrong(
                "`attachment options` takes names with their values", reading.data, "attachment options"
            )
        item = value.renamed({key: str(key).lower() for key in value})
        reading.check_keys(item, _OPTION_KEYS, "`attachment options`")
        metadata |= read_document_metadata(reading, item)
        files |= {key: _files(reading, item, key) for key in _FILES if item.get(key) is not None}
    return {"metadata": metadata, "files": files}


def _manual(reading: Reading, item: Mapping) -> dict[str, Expression] | Expression | None:
    if item.get("manual code") is not None:
        return reading.expression(item, "manual code")
    value = item.get("manual")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise reading.wrong("`manual` takes file endings, each with the file it stands for", item, "manual")
    return {str(key).lower(): reading.expression_of(value[key], reading.value_at(value, key)) for key in value}
