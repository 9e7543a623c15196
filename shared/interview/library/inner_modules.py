"""Modules of docassemble's own works which published packages import names of: what we have under these names, and why
the rest is not there.

The modules can be imported, so that a package which uses one in a corner works elsewhere; asking one for a name it does
not have says what to use instead. Nothing here is given to an interview unasked (spec/area4 §6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.runtime import Undefined

from shared.interview.library.docx_templates import include_docx_template
from shared.interview.library.reading_pictures import ocr_file, read_qr
from shared.interview.runtime.run import current_run

_BASE = "docassemble.base"


def markdown_to_html(a: Any, trim: bool = False, **_: Any) -> str:
    """HTML of a text in Markdown, with the markup of interviews, as a screen shows it.

    `trim` takes the paragraph around a single one away.
    """
    run = current_run()
    return str(run.steering.html_of(run, str(a), trim))


def docx_template_filter(text: Any, **_: Any) -> Any:
    """A text as a Word template shows it: square-bracket markup replaced, what XML cannot hold taken out."""
    from shared.interview.library.docx_values import plain_words  # with its libraries: few interviews have documents

    return text if isinstance(text, Undefined) else plain_words(str(text))


_READING = "interviews are read by the server: see `include` for other files, and get_question_data() for screens"
_CONVERTING = "DAFile.convert_to() converts files; `attachment` blocks and assemble_docx() make them"
_PDF = "pdf_concatenate(), overlay_pdf() and DAFile.get_pdf_fields() of docassemble.base.util work on PDF files"

INNER: dict[str, tuple[dict[str, Callable[..., Any]], str]] = {
    f"{_BASE}.filter": (
        {"docx_template_filter": docx_template_filter, "markdown_to_html": markdown_to_html},
        "texts are turned into HTML, Word and PDF by the server: see content_as_html() of templates",
    ),
    f"{_BASE}.file_docx": (
        {"include_docx_template": include_docx_template},
        "Word templates are filled in by `docx template file` and assemble_docx()",
    ),
    f"{_BASE}.ocr": ({"ocr_file": ocr_file, "read_qr": read_qr}, "text in pictures is read by ocr_file()"),
    f"{_BASE}.pandoc": ({}, _CONVERTING),
    f"{_BASE}.pdfa": ({}, "`pdf/a: True` of an attachment makes such a PDF"),
    f"{_BASE}.pdftk": ({}, _PDF),
    f"{_BASE}.parse": ({}, _READING),
    f"{_BASE}.interview_cache": ({}, _READING),
    f"{_BASE}.mako": ({}, "templates are made by `template` blocks"),
}
"""By module: its names, and what to do instead of asking for another."""

NOT_HERE = "docassemble.webapp"
NO_WEB_APPLICATION = (
    f"{NOT_HERE} is not available: the pages and the database of this server are not reached from interviews. Use the "
    "functions of docassemble.base.util: interview_list(), get_user_info(), send_email(), DAStore …"
)


def refusal_of(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of such a module: says for every name it lacks what to use instead.

    Raises ImportError, as `from … import` does; AttributeError for names Python itself asks modules for.
    """
    _, instead = INNER[module]

    def lacks(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"{module} has no {name} on this server: {instead}", name=module)

    return lacks
