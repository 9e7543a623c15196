"""What values become in the fields of PDF forms (spec/area4 §9.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.interview.documents.markdown_codes import SIGN, TEXTS, Signs, arguments_of, qr_picture, take_codes
from shared.interview.library.document_sources import DocumentSources
from shared.interview.library.objects.files import DAFile, DAFileCollection, DAFileList, DAStaticFile, mimetype_of
from shared.interview.library.plain_text import as_written

_PICTURE = re.compile(r"\s*\[(FILE|QR) ([^\[\]\n]+)\]\s*")
_FILE = re.compile(r"\[FILE ([^\[\]\n]+)\]")
_BREAKS = re.compile(r" *\n? *\[(?:BR|NEWLINE)\] *\n? *")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_BOOLEANS = {"True": "Yes", "False": "No", "None": ""}


def field_value(value: Any, sources: DocumentSources, options: Mapping[str, Any]) -> str | bool | Path | None:
    """Words, the answer of a box, or the picture that belongs in a field."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, DAFileList):
        value = next(iter(value), None)
    if isinstance(value, DAFileCollection):
        value = value.__dict__.get("pdf", value)
    if isinstance(value, DAFile | DAStaticFile):
        path = Path(value.path())
        if mimetype_of(path.name).startswith(("image/", "application/pdf")):
            return path
    if isinstance(value, float) and str(options.get("decimal places", "")).strip().isdigit():
        return f"{value:.{int(options['decimal places'])}f}"
    text = str(value).strip()
    picture = _PICTURE.fullmatch(text)
    if picture is not None:
        found = _pictured(picture[1], picture[2], sources)
        if found is not None:
            return found
    return _CONTROLS.sub("", _BOOLEANS.get(text, _plain(text, sources)))


def _pictured(kind: str, argument: str, sources: DocumentSources) -> Path | None:
    reference, _, _ = arguments_of(argument)
    return qr_picture(reference, sources) if kind == "QR" else sources.picture(reference)


def _plain(text: str, sources: DocumentSources) -> str:
    """A text without marks of layout, which a field cannot show; line breaks stay."""
    if "[" not in text:
        return text
    words, *files = _FILE.split(text)
    made = [_without_marks(words, sources)]
    for reference, words in zip(files[::2], files[1::2], strict=True):
        made += [_named(reference, sources), _without_marks(words, sources)]
    return "".join(made).strip()


def _named(argument: str, sources: DocumentSources) -> str:
    """What stands for a file among words: nothing for a picture, the words of a text file, else its name."""
    reference, _, alternative = arguments_of(argument)
    if sources.picture(reference) is not None:
        return ""
    words = sources.text(reference)
    return alternative or reference if words is None else as_written(_BREAKS.sub("\n", words))


def _without_marks(text: str, sources: DocumentSources) -> str:
    text = _BREAKS.sub("\n", text)
    for code, sign in TEXTS.items():
        text = text.replace(f"[{code}]", sign)
    return SIGN.sub("", take_codes(text, Signs(sources)))
