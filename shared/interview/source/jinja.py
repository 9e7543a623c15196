"""Pre-process interviews whose text begins with `# use jinja` (spec/area4 §1.2)."""

from __future__ import annotations

from collections.abc import Callable

import jinja2

from shared.interview.errors import Position, SourceError
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath, PackageFile

MARK = "# use jinja"


def preprocessed(text: str, file: PackageFile, path: InterviewPath, *, interview: PackageFile) -> str:
    """The text with its Jinja2 carried out. Raises SourceError with the line of the template."""

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        try:
            found = path.find(name if ":" in name else f"{file.package}:{name}")
        except Refused:
            return None
        return found.path.read_text(encoding="utf-8"), found.reference, lambda: False

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=jinja2.select_autoescape(),
        keep_trailing_newline=True,
    )
    try:
        return environment.from_string(text).render(
            {
                "__config__": {},
                "__filename__": file.reference,
                "__current_package__": file.package,
                "__parent_filename__": file.reference,
                "__parent_package__": file.package,
                "__interview_filename__": interview.reference,
                "__interview_package__": interview.package,
                "__debug__": False,
            }
        )
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise SourceError(f"Jinja2: {error}", Position(file.reference, line)) from error
