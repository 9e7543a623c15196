"""What can be said of the templates of documents without filling them, for `colloquy lint`: nothing is run.

A template that is named by code, or lies in a package that is not here, is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterator
from typing import Any

from shared.interview.compile.blocks import Attachment, AttachmentBlock, Block, QuestionBlock
from shared.interview.compile.expressions import Expression, Text
from shared.interview.compile.interview import Finding
from shared.interview.errors import EvaluationError, Position

NamesOfTemplate = Callable[[str, str, str], frozenset[str] | None]
"""(reference, `pdf`, `docx` or `md`, package): the fields of a form, or the variables a template asks for.

None when its package is not here. Raises EvaluationError for one that is not there, or that cannot be read.
"""
_MOST_TOLD = 8
_FIRST = re.compile(r"[.\[]")


def check_templates(block: Block, names_of: NamesOfTemplate, defined: Collection[str] | None) -> Iterator[Finding]:
    """Warnings about the templates of a block. `defined` are the names it may use; None: that cannot be known."""
    if not isinstance(block, AttachmentBlock | QuestionBlock):
        return
    for attachment in block.attachments:
        yield from _form(attachment, block.package, names_of)
        given = {name for name, _ in attachment.fields or ()}
        skips = attachment.flags.get("skip undefined", False) is not False
        for files, kind in ((attachment.docx_templates, "docx"), (attachment.content_files, "md")):
            for file in _named(files):
                names = yield from _read(file, kind, block.package, names_of)
                if names is None or defined is None or skips or attachment.code is not None:
                    continue
                for name in sorted({_FIRST.split(name)[0] for name in names} - given):
                    if name not in defined:
                        yield Finding(
                            "warning",
                            f"The template {file.source.strip()} mentions {name}, but nothing defines it",
                            file.position,
                        )


def _form(attachment: Attachment, package: str, names_of: NamesOfTemplate) -> Iterator[Finding]:
    for file in _named(attachment.pdf_template):
        names = yield from _read(file, "pdf", package, names_of)
        if names is None:
            continue
        known = names | {name.rpartition(".")[2] for name in names}
        told = sorted(names)
        has = ", ".join(told[:_MOST_TOLD]) + (", …" if len(told) > _MOST_TOLD else "")
        for name, value in attachment.fields or ():
            if name not in known:
                yield Finding(
                    "warning",
                    f"The form {file.source.strip()} has no field called {name!r}. "
                    + (f"Its fields are: {has}" if names else "It has no fields at all"),
                    _position_of(value) or file.position,
                )


def _read(
    file: Text, kind: str, package: str, names_of: NamesOfTemplate
) -> Generator[Finding, None, frozenset[str] | None]:
    """What a template mentions; what is wrong with it is yielded."""
    try:
        return names_of(file.source.strip(), kind, package)
    except EvaluationError as error:
        yield Finding("warning", error.message, file.position)
        return None


def _named(files: tuple[Text, ...] | Expression) -> Iterator[Text]:
    """Those that are named by literal texts."""
    if not isinstance(files, Expression):
        yield from (file for file in files if file.template is None and file.source.strip())


def _position_of(value: Any) -> Position | None:
    return value.position if isinstance(value, Text | Expression) else None
