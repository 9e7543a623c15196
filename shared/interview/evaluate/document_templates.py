"""Documents made from templates: Word files and PDF forms (spec/area4 §9.3, §9.4)."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.interview.compile.expressions import Expression
from shared.interview.documents.convert import docx_to_pdf
from shared.interview.documents.docx_join import concatenate_docx
from shared.interview.documents.pdf_form import FormManner, fill_form
from shared.interview.errors import EvaluationError, Undefined, UndefinedAttribute, UndefinedItem, UndefinedTemplate
from shared.interview.library.document_tools import warn
from shared.interview.library.docx_values import fill_template
from shared.interview.library.for_modules import RawValue
from shared.interview.library.form_values import field_value
from shared.interview.library.objects.texts import LazyName

if TYPE_CHECKING:
    from shared.interview.evaluate.document_drafts import Draft, Drafting

_OF_DOCX = ("docx", "pdf")
_MISSING = (Undefined, UndefinedAttribute, UndefinedItem)


def draft_docx(drafting: Drafting, made: Draft) -> None:
    """Fill the Word templates of an attachment. Raises EvaluationError, Undefined and kin."""
    formats = _OF_DOCX if not made.formats or "*" in made.formats else made.formats
    made.formats = formats
    folder = Path(tempfile.mkdtemp(prefix="document-"))
    filled = folder / "document.docx"
    with drafting.as_document("docx"):
        templates = [drafting.template(name) for name in drafting.names(drafting.attachment.docx_templates)]
        values = _values(drafting)
        parts = [folder / f"{number}.docx" for number in range(len(templates))]
        for template, part in zip(templates, parts, strict=True):
            fill_template(
                drafting.run,
                template,
                part,
                values,
                sources=drafting.sources,
                skips_undefined=bool(made.options.get("skip undefined")),
                hyperlink_style=made.options.get("hyperlink style", ""),
            )
    if len(parts) == 1:
        parts[0].rename(filled)
    else:
        concatenate_docx(parts, filled, names=[template.name for template in templates])
    if made.options.get("update references"):
        from shared.interview.documents.docx_template import have_references_updated

        have_references_updated(filled)
    for name in formats:
        match name:
            case "docx":
                made.files[name] = partial(_copy, filled)
            case "pdf":
                made.files[name] = partial(
                    docx_to_pdf, filled, host=drafting.run.host, name=f"{made.filename}.docx", standards=made.standards
                )
            case _:
                pass


def draft_pdf(drafting: Drafting, made: Draft) -> None:
    """Fill the PDF form of an attachment. Raises EvaluationError, Undefined and kin."""
    attachment = drafting.attachment
    made.formats = ("pdf",)
    target = Path(tempfile.mkdtemp(prefix="document-")) / "document.pdf"
    with drafting.as_document("pdf"):
        names = drafting.names(attachment.pdf_template)
        if len(names) != 1:
            raise EvaluationError("`pdf template file` takes one file", attachment.position)
        template = drafting.template(names[0])
        given = _values(drafting, skips_undefined=bool(made.options.get("skip undefined")))
        values = {name: field_value(value, drafting.sources, made.options) for name, value in given.items()}
    manner = FormManner(
        is_editable=bool(made.options.get("editable", True)),
        export_value=made.options.get("checkbox export value", ""),
        flattened_label=made.options.get("flattened checkbox label", ""),
        font=Path(made.options.get("rendering font", "")).stem,
        password=made.options.get("template password", ""),
    )
    unknown = fill_form(template, target, values, manner, name=template.name, left_out=drafting.sources.left_out)
    place = f"{attachment.position.file}, line {attachment.position.line}"
    if unknown:
        fields = ", ".join(map(repr, unknown))
        warn(f"{place}: the form {template.name} has no field called {fields}. `colloquy lint` lists those it has")
    if made.options.get("pdf/a"):
        warn(f"{place}: filled PDF forms are not made PDF/A")
    made.files["pdf"] = partial(_copy, target)


def _values(drafting: Drafting, *, skips_undefined: bool = False) -> dict[str, Any]:
    """What `fields` and kin give a template, those of `code` last. Raises EvaluationError."""
    attachment = drafting.attachment
    found: dict[str, Any] = {}
    skipped = _MISSING if skips_undefined else ()
    for name, value in attachment.fields or ():
        try:
            made = drafting.resolved(value)
        except skipped as error:
            if isinstance(error, UndefinedTemplate | LazyName):
                raise
            made = ""
        found[name] = made if isinstance(value, Expression) else _trimmed(made)
    if attachment.code is not None:
        try:
            more = drafting.value(attachment.code)
        except skipped:
            more = {}
        if not hasattr(more, "items"):
            raise EvaluationError("`code` of a document gives a dictionary of fields", attachment.position)
        found |= {str(name): value for name, value in more.items()}
    return {name: value.value if isinstance(value, RawValue) else value for name, value in found.items()}


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
