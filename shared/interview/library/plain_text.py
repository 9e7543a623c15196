"""Small changes to texts: blanks, paragraphs, quotation, emphasis (spec/area4 §7.5)."""

from __future__ import annotations

import re
from typing import Any

from shared.interview.runtime.run import current_run_or_none

__all__ = [
    "bold",
    "indent",
    "italic",
    "noyes",
    "plain",
    "quote_paragraphs",
    "redact",
    "single_paragraph",
    "single_to_double_newlines",
    "space_to_underscore",
    "split",
    "underscore_to_space",
    "verbatim",
    "yesno",
]

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$])")
_DISARMED = re.compile(rf"\\{_MARKUP.pattern}")


def single_paragraph(text: Any) -> str:
    """The text on one line: line breaks become blanks."""
    return re.sub(r"[\r\n]+", " ", str(text)).strip()


def quote_paragraphs(text: Any) -> str:
    """The text as a Markdown quotation."""
    return "\n".join(">" if not line.strip() else f"> {line}" for line in str(text).strip().splitlines())


def single_to_double_newlines(text: Any) -> str:
    """The text with every line a paragraph of its own."""
    return re.sub(r"[\r\n]+", "\n\n", str(text))


def indent(text: Any, by: int | None = None) -> str:
    """The text moved to the right by blanks (4), for code or list items in Markdown."""
    margin = " " * (4 if by is None else int(by))
    return "\n".join(margin + line if line else line for line in str(text).split("\n"))


def bold(text: Any, default: str | None = None) -> str:
    """The text in bold; an empty text gives `default` or nothing."""
    return _emphasised(text, "**", default)


def italic(text: Any, default: str | None = None) -> str:
    """The text in italics; an empty text gives `default` or nothing."""
    return _emphasised(text, "_", default)


def plain(text: Any, default: str | None = None) -> str:
    """The text as it is; an empty text gives `default` or nothing."""
    return _emphasised(text, "", default)


def _emphasised(text: Any, mark: str, default: str | None) -> str:
    content = "" if text is None else str(text).strip()
    return f"{mark}{content}{mark}" if content else (default or "")


def space_to_underscore(text: Any) -> str:
    """The text as part of a file name: blanks become underscores."""
    return re.sub(r"\s+", "_", str(text).strip())


def underscore_to_space(text: Any) -> str:
    """The text with underscores as blanks."""
    return str(text).replace("_", " ")


def verbatim(text: Any) -> str:
    """The text with all marks of Markdown disarmed, so that it is shown as it is; unchanged in Word templates, where
    they have no meaning.
    """
    run = current_run_or_none()
    if run is not None and run.evaluation_context == "docx":
        return str(text)
    return _MARKUP.sub(r"\\\1", str(text))


def as_written(text: str) -> str:
    """What `verbatim` has made, as it was before."""
    return _DISARMED.sub(r"\1", text)


def redact(text: Any) -> str:
    """A text that is blacked out, but in documents with `redact: False`."""
    content, run = str(text), current_run_or_none()
    if run is not None and not run.redacts:
        return content
    if run is not None and run.evaluation_context in ("docx", "pdf"):
        return re.sub(r"\S", "█", content)
    return "[REDACTION_WORD " + re.sub(r"[\[\]]", "", content) + "]" if content else ""


def split(text: Any, breaks: Any, index: int) -> str:
    """The part number `index` of a text cut at the given lengths, for lines of a form."""
    content = str(text)
    lengths = [breaks] if isinstance(breaks, int) else list(breaks)
    parts: list[str] = []
    for length in lengths:
        if len(content) <= length:
            break
        cut = content.rfind(" ", 0, length + 1)
        cut = length if cut <= 0 else cut
        parts.append(content[:cut].rstrip())
        content = content[cut:].lstrip()
    parts.append(content)
    return parts[index] if 0 <= index < len(parts) else ""


def yesno(value: Any, invert: bool = False) -> str:
    """What a check box of a form is given for a truth value: `Yes`, `No`, or nothing when it is unknown."""
    if value is None or value == "":
        return ""
    return "No" if bool(value) is invert else "Yes"


def noyes(value: Any, invert: bool = False) -> str:
    """The opposite of `yesno`."""
    return yesno(value, invert=not invert)
