"""DOCX files put together, and the variables of DOCX templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.interview.documents.archives import Archive, checked_word_file
from shared.interview.documents.docx_styles import W
from shared.interview.documents.errors import DocumentError, DocumentUnreadable
from shared.interview.documents.read_docx import KIND

_TEMPLATED = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})
_TAG = re.compile(r"\{[{%#].*?[%}#]\}", re.DOTALL)
_PREFIX = re.compile(r"(\{[{%]-?)\s*(?:p|tr|tc|r)\s+")
"""`{{p …}}`, `{%tr …%}`: what DOCX templates have beside Jinja2."""


def concatenate_docx(sources: Sequence[Path], target: Path, *, names: Sequence[str] = ()) -> None:
    """One DOCX of several, each beginning on a page of its own, with styles and lists kept apart where they differ.

    Raises DocumentUnreadable, DocumentTooLarge.
    """
    import docx
    from docxcompose.composer import Composer

    labels = list(names) or [source.name for source in sources]
    if not sources:
        raise DocumentError("docx_concatenate() needs at least one document.")
    for source, name in zip(sources, labels, strict=True):
        checked_word_file(source, name=name)
    composer, at_work = None, labels[0]
    try:
        for source, label in zip(sources, labels, strict=True):
            at_work = label
            opened = docx.Document(str(source))
            if composer is None:
                composer = Composer(opened)
            else:
                composer.doc.add_page_break()
                composer.append(opened)
        assert composer is not None
        composer.save(str(target))
    except Exception as error:  # python-docx lets through what is wrong in a file as whatever came of it
        raise DocumentUnreadable(at_work, KIND, f"{type(error).__name__}: {error}") from error


def variables_of(source: Path, *, name: str = "") -> list[str]:
    """The variables a DOCX template mentions, sorted. Raises DocumentUnreadable for a broken tag.

    Names that the template makes itself (`for`, `set`) are left out.
    """
    import jinja2
    from jinja2 import meta

    with Archive(source, KIND, name=name) as archive:
        members = [member for member in archive.members if _TEMPLATED.fullmatch(member)]
        text = "\n".join(_words(archive.xml(member)) for member in members)
    plain = _TAG.sub(lambda tag: _PREFIX.sub(r"\1 ", tag[0].translate(_QUOTES)), text)
    try:
        return sorted(meta.find_undeclared_variables(jinja2.Environment(autoescape=True).parse(plain)))
    except jinja2.TemplateSyntaxError as error:
        raise DocumentUnreadable(name or source.name, "a DOCX template", error.message or str(error)) from error
    except RecursionError as error:
        deep = "its tags or brackets stand too deep in each other"
        raise DocumentUnreadable(name or source.name, "a DOCX template", deep) from error


def _words(tree: Any) -> str:
    """The text of a member, a line for each paragraph."""
    lines = ("".join(run.text or "" for run in paragraph.iter(f"{W}t")) for paragraph in tree.iter(f"{W}p"))
    return "\n".join(lines)
