"""What the templates of a package mention, for `colloquy lint`: read as trees, never filled."""

from __future__ import annotations

from shared.interview.documents.template_fields import fields_in
from shared.interview.errors import EvaluationError
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath


def names_of_template(reference: str, kind: str, package: str, path: InterviewPath) -> frozenset[str] | None:
    """The fields of a PDF form, or the variables that a DOCX or Markdown template asks for.

    None when the package it lies in is not here. Raises EvaluationError when it is not in its package, TemplateBroken,
    DocumentUnreadable, DocumentLocked, DocumentTooLarge.
    """
    full = reference if ":" in reference else f"{package}:{reference}"
    try:
        path.package_folder(full.partition(":")[0])
    except Refused:
        return None
    try:
        found = path.find(full, section="templates")
    except Refused as error:
        raise EvaluationError(
            f"The template {reference!r} was not found: templates lie in data/templates of the package"
        ) from error
    return frozenset(fields_in(found.path, kind=kind, name=found.path.name).fields)
