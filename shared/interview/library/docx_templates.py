"""What authors call for Word templates: parts in templates, and documents made by code (spec/area4 §9.3)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.interview.library.document_sources import DocumentSources
from shared.interview.library.faults import DAError
from shared.interview.library.objects.files import DAFile
from shared.interview.library.objects.naming import random_name
from shared.interview.library.package_files import package_file
from shared.interview.runtime.run import current_run

if TYPE_CHECKING:
    from shared.interview.documents.docx_template import WordFile

__all__ = ["assemble_docx", "include_docx_template"]


def include_docx_template(
    template_file: Any, _inline: bool = False, _use_jinja2: bool = True, **variables: Any
) -> WordFile:
    """Another Word file in the place of the tag, filled with the same variables and some of its own.

    For `{{p include_docx_template('part.docx', who=client) }}` in a DOCX; with `_use_jinja2=False` the file stays as
    it is. Raises DAError elsewhere, DocumentUnreadable.
    """
    from shared.interview.documents.docx_template import WordFile
    from shared.interview.library.docx_values import environment_at_work

    environment = environment_at_work()
    source = _template(template_file, environment.package)
    if not _use_jinja2:
        return WordFile(source, is_inline=bool(_inline))
    return environment.part(source, variables, is_inline=bool(_inline))


def assemble_docx(
    input_file: Any,
    fields: dict[str, Any] | None = None,
    output_path: Any = None,
    output_format: str = "docx",
    return_content: bool = False,
    pdf_options: Any = None,
    filename: str | None = None,
) -> Any:
    """Fill a Word template with `fields` and all variables: as a new file object, at `output_path`, or as bytes.

    `output_format` is `docx`, `pdf` or `md`. Raises DAError, DocumentUnreadable, Undefined and kin.
    """
    from shared.interview.documents.convert import convert
    from shared.interview.library.docx_values import fill_template

    run = current_run()
    if output_format not in ("docx", "pdf", "md"):
        raise DAError(f"assemble_docx(): there is no output format {output_format!r}; there are docx, pdf and md")
    source = _template(input_file, run.interview.package)
    target = Path(tempfile.mkdtemp(prefix="assembled-")) / f"{source.stem}.docx"
    fill_template(run, source, target, fields or {}, sources=DocumentSources(run), name=source.name)
    if output_format != "docx":
        made = target.with_suffix(f".{output_format}")
        convert(target, made, source_kind="docx", target_kind=output_format, host=run.host, name=source.name)
        target = made
    if output_path is not None:
        Path(str(output_path)).write_bytes(target.read_bytes())
        return output_path
    if return_content:
        return target.read_text(encoding="utf-8") if output_format == "md" else target.read_bytes()
    file = DAFile(random_name())
    filename = filename or target.name
    if not filename.lower().endswith(target.suffix):
        filename += target.suffix
    file.initialize(filename=filename)
    file.copy_into(target)
    return file


def _template(file: Any, package: str) -> Path:
    if isinstance(file, Path):
        return file
    if hasattr(file, "path"):
        return Path(str(file.path()))
    if Path(str(file)).is_absolute():
        return Path(str(file))
    return package_file(str(file) if ":" in str(file) else f"{package}:{file}", "templates")
