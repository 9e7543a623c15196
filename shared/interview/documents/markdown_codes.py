"""The square-bracket markup of documents, taken out of a text before its Markdown is read (spec/area4 §7.3).

Each mark leaves a sign made of private characters, which no rule of Markdown touches; the reader puts there what the
sign stands for. What only screens know (targets, inputs, players) vanishes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from shared.interview.documents.markdown_tree import (
    Block,
    EmptyLine,
    Indentation,
    Inline,
    Layout,
    Margin,
    Mark,
    MarkKind,
    PageBreak,
    Picture,
    Spacing,
)

OPEN, CLOSE = "\ue000", "\ue001"
SIGN = re.compile(f"{OPEN}(\\d+){CLOSE}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_CODE = re.compile(r"\[([A-Z_]{2,20}(?:4:3|16:9)?)(?: ([^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*))?\]")
_EMOJI = re.compile(r"(?<![\w:]):([A-Za-z][A-Za-z0-9_-]*):(?![\w:])")
_KEPT_LINES = re.compile(r"(?:^\|(?: (?!.*\|).*)?$\n?)+", re.MULTILINE)
_WIDTH = re.compile(r"(\d+(?:\.\d+)?|\.\d+) *(px|in|pt|cm|mm|em|rem|ex|%|vw)?", re.IGNORECASE)
_INDENT = re.compile(r"\[INDENTBY *((?:\d[\d.]*|\.\d+) *[a-z]*)(?: +((?:\d[\d.]*|\.\d+) *[a-z]*))?\] *")
_TWO_COLUMNS = re.compile(r"\[BEGIN_TWOCOL\](.*?)\[BREAK\](.*?)\[END_TWOCOL\]", re.DOTALL)
_CAPTION = re.compile(r"\[BEGIN_CAPTION\](.*?)\[VERTICAL_LINE\](.*?)\[END_CAPTION\]", re.DOTALL)
_LINE_END = re.compile(r"(?<!\\)\[BR\]")
"""Between the lines of a text file; brackets of its own are escaped."""
_POINTS = {"px": 0.75, "in": 72.0, "pt": 1.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "em": 12.0, "rem": 12.0, "ex": 6.0}
_EMOJI_POINTS = 12.0
_QR_POINTS = 144.0

TEXTS = {
    "NBSP": "\u00a0",
    "ENDASH": "–",
    "EMDASH": "—",
    "HYPHEN": "-",
    "NEWPAR": "\n\n",
    "REDACTION_SPACE": "█\u200b",
}
_MARKS: dict[str, MarkKind] = {
    "BR": "break",
    "NEWLINE": "break",
    "TAB": "tab",
    "PAGENUM": "page number",
    "TOTALPAGES": "page total",
    "SECTIONNUM": "section number",
    "BLANK": "blank",
    "BLANKFILL": "fill",
    "CHECKBOX": "checkbox",
}
_BLOCKS: dict[str, Block] = {
    "PAGEBREAK": PageBreak(),
    "SKIPLINE": EmptyLine(),
    "TIGHTSPACING": Spacing(0.0),
    "SINGLESPACING": Spacing(1.0),
    "ONEANDAHALFSPACING": Spacing(1.5),
    "DOUBLESPACING": Spacing(2.0),
    "TRIPLESPACING": Spacing(3.0),
    "INDENTATION": Indentation(True),
    "NOINDENTATION": Indentation(False),
    "START_INDENTATION": Margin(36.0),
    "STOP_INDENTATION": Margin(0.0),
}
_LAYOUTS = {
    "CENTER": Layout(alignment="center", indents_first_line=False),
    "BOLDCENTER": Layout(alignment="center", is_bold=True, indents_first_line=False),
    "FLUSHLEFT": Layout(alignment="left", indents_first_line=False),
    "FLUSHRIGHT": Layout(alignment="right", indents_first_line=False),
    "BORDER": Layout(has_border=True, indents_first_line=False),
    "NOINDENT": Layout(indents_first_line=False),
}
_VANISHING = frozenset(
    {"END", "NOPAR", "FLUSHLEFT_END", "NO_EMOJIS", "TARGET", "FIELD", "MAP", "YOUTUBE", "VIMEO", "BREAK"}
    | {f"{player}{ratio}" for player in ("YOUTUBE", "VIMEO") for ratio in ("4:3", "16:9")}
)


class Sources(Protocol):
    """Where the pictures and files of a text are found."""

    def picture(self, reference: str) -> Path | None:
        """A picture or PDF by the name of a registered image, a static file or a stored file's number."""
        ...

    def text(self, reference: str) -> str | None:
        """Markdown that stands for a file which is no picture: its text, or its name. None when there is no file."""
        ...

    def is_registered(self, name: str) -> bool:
        """Whether an `images` or `image sets` block names it."""
        ...

    def keep(self, contents: bytes, suffix: str) -> Path:
        """Put a picture that was made on the way into a file."""
        ...


Sign = Inline | Block | Layout
"""What a sign stands for; a `Layout` is of the paragraph it begins."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Two texts side by side, still to be read."""

    left: str
    right: str
    kind: Literal["columns", "caption"]


@dataclass(slots=True)
class Signs:
    """The signs of one text, by number."""

    sources: Sources
    table: list[Sign | Columns] = field(default_factory=list)

    def of(self, meaning: Sign | Columns) -> str:
        """A new sign."""
        self.table.append(meaning)
        return f"{OPEN}{len(self.table) - 1}{CLOSE}"


def take_codes(text: str, signs: Signs) -> str:
    """The text as Markdown, with a sign in the place of everything else."""
    text = _PRIVATE.sub("", text.replace("\r\n", "\n"))
    if "[BEGIN_" in text:
        text = _TWO_COLUMNS.sub(_columns(signs, "columns"), text)
        text = _CAPTION.sub(_columns(signs, "caption"), text)
    if ":" in text and "[NO_EMOJIS]" not in text:
        text = _EMOJI.sub(lambda found: _emoji(found[1], signs) or found[0], text)
    if "|" in text:
        text = _KEPT_LINES.sub(lambda found: _kept_lines(found[0], signs), text)
    if "[" in text:
        text = _INDENT.sub(lambda found: _indented(found[1], found[2], signs), text)
        text = _CODE.sub(lambda code: _replace(code, signs), text)
    return text


def points(length: str, default: float = 0.0) -> float:
    """A length such as `1in` or `2.5 cm` in points; without a unit, of pixels."""
    found = _WIDTH.fullmatch(length.strip())
    if found is None or (found[2] or "").lower() in ("%", "vw"):
        return default
    return float(found[1]) * _POINTS[(found[2] or "px").lower()]


def picture_of(path: Path, width: str, alternative: str) -> Picture:
    """A picture of the width an author wrote: number and unit, a percentage, or `full`."""
    written = width.strip().lower()
    if written == "full":
        return Picture(path, alternative, 1.0, is_share=True)
    found = _WIDTH.fullmatch(written)
    if found is None:
        return Picture(path, alternative)
    if found[2] in ("%", "vw"):
        return Picture(path, alternative, min(1.0, float(found[1]) / 100), is_share=True)
    return Picture(path, alternative, points(written) or None)


def qr_picture(text: str, sources: Sources) -> Path | None:
    """A picture of a QR code; None when the text is too long for one."""
    import segno  # only screens and documents with such codes pay for it

    try:
        code = segno.make(text, micro=False)
    except segno.DataOverflowError:
        return None
    made = io.BytesIO()
    code.save(made, kind="png", scale=10, border=2)
    return sources.keep(made.getvalue(), ".png")


def arguments_of(argument: str) -> tuple[str, str, str]:
    """Reference, width and alternative text; absent ones are empty."""
    parts = [part.strip() for part in argument.split(",", 2)] + ["", ""]
    return parts[0], "" if parts[1] == "None" else parts[1], "" if parts[2] == "None" else parts[2]


def _replace(code: re.Match[str], signs: Signs) -> str:
    name, argument = code[1], (code[2] or "").strip()
    if name in _VANISHING:
        return ""
    if argument:
        match name:
            case "FILE" | "EMOJI":
                return _file(argument, signs, is_emoji=name == "EMOJI")
            case "QR":
                reference, width, alternative = arguments_of(argument)
                path = qr_picture(reference, signs.sources)
                if path is None:
                    return f"\\[{reference}\\]"
                made = picture_of(path, width, alternative or reference)
                return signs.of(made if made.width else Picture(path, made.alternative, _QR_POINTS))
            case "REDACTION_WORD":
                return "█" * max(1, len(argument))
        return code[0]
    if name in TEXTS:
        return TEXTS[name]
    meaning: Sign | None = None
    if name in _MARKS:
        meaning = Mark(_MARKS[name])
    meaning = meaning or _BLOCKS.get(name) or _LAYOUTS.get(name)
    return code[0] if meaning is None else signs.of(meaning)


def _file(argument: str, signs: Signs, *, is_emoji: bool) -> str:
    reference, width, alternative = arguments_of(argument)
    path = signs.sources.picture(reference)
    if path is not None:
        made = picture_of(path, width, alternative)
        if is_emoji and made.width is None:
            made = Picture(path, alternative, _EMOJI_POINTS)
        return signs.of(made)
    text = signs.sources.text(reference)
    if text is None:
        return f"\\[{alternative or reference}\\]"
    return _LINE_END.sub(lambda _: signs.of(Mark("break")), text)


def _emoji(name: str, signs: Signs) -> str:
    if not signs.sources.is_registered(name):
        return ""
    path = signs.sources.picture(name)
    return "" if path is None else signs.of(Picture(path, name, _EMOJI_POINTS))


def _kept_lines(lines: str, signs: Signs) -> str:
    """`| ` before each line keeps the lines apart, and the blanks they begin with."""
    kept = []
    for line in lines.rstrip("\n").split("\n"):
        content = line[2:].rstrip()
        bare = content.lstrip()
        kept.append("\u00a0" * (len(content) - len(bare)) + bare)
    end = "\n" if lines.endswith("\n") else ""
    return signs.of(_LAYOUTS["FLUSHLEFT"]) + signs.of(Mark("break")).join(kept) + end


def _indented(left: str, right: str | None, signs: Signs) -> str:
    return signs.of(Layout(left=points(_spelled(left)), right=points(_spelled(right or "")), indents_first_line=False))


def _spelled(length: str) -> str:
    return length.strip() if _WIDTH.fullmatch(length.strip()) else ""


def _columns(signs: Signs, kind: Literal["columns", "caption"]) -> Callable[[re.Match[str]], str]:
    return lambda found: f"\n\n{signs.of(Columns(found[1], found[2], kind))}\n\n"
