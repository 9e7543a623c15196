"""Pre-process interviews whose text begins with `# use jinja` (spec/area4 §1.2)."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import Any

import jinja2

from shared.interview.errors import Position, SourceError
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath, PackageFile
from shared.kernel.release import RELEASE

MARK = "# use jinja"


def preprocessed(
    text: str,
    file: PackageFile,
    path: InterviewPath,
    *,
    parent: PackageFile,
    interview: PackageFile,
    config: Mapping[str, Any],
) -> tuple[str, list[PackageFile]]:
    """The text with its Jinja2 carried out, and the files it took in. `parent` is the file that includes this one.

    Its names are those under `jinja data` in `config`, and some of ours that begin and end with `__`; the whole of
    `config` is `__config__`. Raises SourceError with the line of the template.
    """
    used: list[PackageFile] = []

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        try:
            found = path.find(name if ":" in name else f"{file.package}:{name}")
        except Refused:
            return None
        used.append(found)
        return found.path.read_text(encoding="utf-8"), found.reference, lambda: False

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=jinja2.select_autoescape(),
        keep_trailing_newline=True,
    )
    try:
        rendered = environment.from_string(text).render(
            {
                **_named_data(config),
                "__config__": dict(config),
                "__version__": RELEASE,
                "__architecture__": platform.machine(),
                "__hostname__": platform.node(),
                "__filename__": file.reference,
                "__current_package__": file.package,
                "__parent_filename__": parent.reference,
                "__parent_package__": parent.package,
                "__interview_filename__": interview.reference,
                "__interview_package__": interview.package,
                "__debug__": False,
            }
        )
    except jinja2.TemplateSyntaxError as error:
        where = error.name if error.name is not None else file.reference
        raise SourceError(f"Jinja2: {error.message}", Position(where, error.lineno)) from error
    except Exception as error:  # expressions of a template are code, which may raise anything
        said = f"{error}" if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        raise SourceError(f"Jinja2: {said}", Position(file.reference, _line_of(error))) from error
    return rendered, used


def _named_data(config: Mapping[str, Any]) -> Mapping[str, Any]:
    data = config.get("jinja data")
    return data if isinstance(data, Mapping) else {}


def _line_of(error: Exception) -> int:
    """The line of this file that was being carried out, when it ended: Jinja2 rewrites tracebacks to template lines."""
    line, traceback = 1, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
