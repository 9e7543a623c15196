"""The square-bracket markup of interview texts, replaced before Markdown is read (spec/area4 §7.3).

`[TARGET x]`, `[BR]`, `[CENTER]`, `[FILE …]`, `[EMOJI …]`, `[YOUTUBE …]`, `:name:` and the rest. What only documents
know (page breaks, spacing) vanishes. Pictures come from `Pictures`, so that nothing here knows where files live.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Protocol


class Pictures(Protocol):
    """Where the pictures and files of a text are found."""

    def url(self, reference: str) -> str | None:
        """URL of a registered image name, a static file reference or a stored file's number; None when unknown."""
        ...

    def is_registered(self, name: str) -> bool:
        """Whether an `images` or `image sets` block names it."""
        ...

    def stored(self, number: str, width: str, alternative: str) -> str | None:
        """What shows a file of the session in a text that is still Markdown; None when it is shown as a picture."""
        ...

    def icon(self, name: str) -> str | None:
        """HTML of an icon of the page's icon font; None when this server has none by default."""
        ...


_CODE = re.compile(r"\[([A-Z_]{2,20}(?:4:3|16:9)?)(?: ([^\[\]\n]*(?:\[[^\[\]\n]*\][^\[\]\n]*)*))?\]")
_EMOJI = re.compile(r"(?<![\w:]):([A-Za-z][A-Za-z0-9_-]*):(?![\w:])")
_ICON_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_KEPT_LINE = re.compile(r"^\| (?!.*\|)(.*)$", re.MULTILINE)
_WIDTH = re.compile(r"(\d+(?:\.\d+)?) *(px|in|pt|cm|mm|em|rem|ex|%|vw)?", re.IGNORECASE)
_INDENT = re.compile(r"\[INDENTBY *(\d[\w.]*)(?: +(\d[\w.]*))?\] *")
_PARAGRAPH_MARK = re.compile(r"\[(CENTER|BOLDCENTER|FLUSHLEFT|FLUSHRIGHT|BORDER|NOINDENT)\] *")
_TWO_COLUMNS = re.compile(r"\[BEGIN_TWOCOL\](.*?)\[BREAK\](.*?)\[END_TWOCOL\]", re.DOTALL)
_CAPTION = re.compile(r"\[BEGIN_CAPTION\](.*?)\[VERTICAL_LINE\](.*?)\[END_CAPTION\]", re.DOTALL)
_PARAGRAPH_CLASS = {
    "CENTER": "text-center",
    "BOLDCENTER": "text-center fw-bold",
    "FLUSHLEFT": "text-start",
    "FLUSHRIGHT": "text-end",
    "BORDER": "border p-2",
}
_FIXED = {
    "BR": "<br>",
    "NEWLINE": "<br>",
    "NEWPAR": "\n\n",
    "SKIPLINE": "\n\n&nbsp;\n\n",
    "NBSP": "&nbsp;",
    "ENDASH": "–",
    "EMDASH": "—",
    "HYPHEN": "-",
    "CHECKBOX": '<span class="text-decoration-underline">&nbsp;&nbsp;&nbsp;&nbsp;</span>',
    "BLANK": '<span class="text-decoration-underline">' + "&nbsp;" * 25 + "</span>",
    "BLANKFILL": '<span class="text-decoration-underline">' + "&nbsp;" * 25 + "</span>",
    "TAB": "&nbsp;&nbsp;&nbsp;&nbsp;",
    "REDACTION_SPACE": "█​",
}
_WITHOUT_SIGN_WRITTEN = (
    "END PAGEBREAK PAGENUM TOTALPAGES SECTIONNUM TIGHTSPACING SINGLESPACING ONEANDAHALFSPACING DOUBLESPACING "
    "TRIPLESPACING START_INDENTATION STOP_INDENTATION INDENTATION NOINDENTATION NOPAR FLUSHLEFT_END NO_EMOJIS "
)
_WITHOUT_SIGN = frozenset(_WITHOUT_SIGN_WRITTEN.split())
_PLAYERS = {
    f"{kind}{ratio}": (url, ratio.replace(":", "x") or "16x9")
    for kind, url in (
        ("YOUTUBE", "https://www.youtube-nocookie.com/embed/{}?rel=0"),
        ("VIMEO", "https://player.vimeo.com/video/{}"),
    )
    for ratio in ("", "4:3", "16:9")
}
_FILE_TYPES_SHOWN = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")


def translate(text: str, pictures: Pictures) -> str:
    """The text with all special markup turned into HTML and Markdown."""
    if ":" in text and "[NO_EMOJIS]" not in text:
        text = _EMOJI.sub(lambda found: _registered(found, pictures), text)
    if "| " in text:
        text = _KEPT_LINE.sub(r"\1<br>", text)
    if "[" not in text:
        return text
    if "[BEGIN_" in text:
        text = _TWO_COLUMNS.sub(_columns("row"), text)
        text = _CAPTION.sub(_columns("row dacaption"), text)
    if _PARAGRAPH_MARK.search(text) or "[INDENTBY" in text:
        text = "\n\n".join(_mark_paragraph(paragraph) for paragraph in re.split(r"\n[ ]*\n", text))
    return _CODE.sub(lambda code: _replace(code, pictures), text)


def target_name(name: str) -> str:
    """A target's name as both sides of the wire spell it: letters, digits, underscores."""
    return re.sub(r"[^A-Za-z0-9_]", "", name)


def is_icon_name(name: str) -> bool:
    """Whether an icon may have that name."""
    return _ICON_NAME.fullmatch(name) is not None


def encoded(name: str) -> str:
    """base64 of a name without padding, as inputs are called (spec/area4 §5.1)."""
    return base64.b64encode(name.encode()).decode().rstrip("=")


def width_style(width: str) -> str:
    """The `width` of a picture as CSS: number and unit, `full`, or a percentage; nothing when it says none."""
    if width.strip().lower() == "full":
        return "width: 100%;"
    found = _WIDTH.fullmatch(width.strip())
    return f"width: {found[1]}{(found[2] or 'px').lower()};" if found else ""


def _registered(found: re.Match[str], pictures: Pictures) -> str:
    if not pictures.is_registered(found[1]):
        return pictures.icon(found[1]) or found[0]
    return _picture(found[1], "1em", "", pictures) or found[0]


def _replace(code: re.Match[str], pictures: Pictures) -> str:
    name, argument = code[1], (code[2] or "").strip()
    if name in _FIXED and not argument:
        return _FIXED[name]
    if name in _WITHOUT_SIGN:
        return ""
    handler = _WITH_ARGUMENT.get(name)
    return code[0] if handler is None or not argument else handler(argument, pictures, code[0])


def _target(argument: str, _pictures: Pictures, _original: str) -> str:
    return f'<span class="datarget{target_name(argument)}"></span>'


def _file(argument: str, pictures: Pictures, _original: str) -> str:
    reference, width, alternative = _arguments(argument)
    if reference.isdigit() and (shown := pictures.stored(reference, width, alternative)) is not None:
        return shown
    return _picture(reference, width, alternative, pictures) or f"[{html.escape(reference)}]"


def _emoji(argument: str, pictures: Pictures, _original: str) -> str:
    reference, width, alternative = _arguments(argument)
    made = _picture(reference, width or "1em", alternative, pictures)
    if not made and is_icon_name(reference):
        made = pictures.icon(reference) or ""
    return made or f"[{html.escape(reference)}]"


def _qr_code(argument: str, _pictures: Pictures, _original: str) -> str:
    """A QR code as a picture within the page: nothing has to be stored or fetched for it."""
    text, width, alternative = _arguments(argument)
    import segno  # only screens and documents with such codes pay for it

    try:
        source = segno.make(text, micro=False).svg_data_uri(scale=8, border=2)
    except segno.DataOverflowError:
        return f"[{html.escape(text)}]"
    style = width_style(width or "300px")
    return (
        f'<img alt="{html.escape(alternative or text)}" class="daqrcode" style="{style}" src="{html.escape(source)}">'
    )


def _field(argument: str, _pictures: Pictures, _original: str) -> str:
    return f'<span class="da-embedded-field" data-input-name="{encoded(argument)}"></span>'


def _map(argument: str, _pictures: Pictures, _original: str) -> str:
    """Where things are, as addresses; nothing for a code that `map_of()` has not made."""
    try:
        said = json.loads(base64.b64decode(argument, validate=True))
        places = [(str(place["name"]), str(place["address"])) for place in said["places"]]
    except (ValueError, TypeError, LookupError):
        return ""
    made = (
        f'<span class="da-place"><strong>{_as_text(name)}</strong> {_as_text(address)}</span>'
        if name
        else f'<span class="da-place">{_as_text(address)}</span>'
        for name, address in places
    )
    return f'<span class="da-map">{"".join(made)}</span>'


def _as_text(words: str) -> str:
    """Words that anybody may have typed: neither HTML nor Markdown in them counts."""
    return re.sub(r"[\\`*_{}\[\]<>&\"':|~^]", lambda found: f"&#{ord(found[0])};", words)


def _redaction(argument: str, _pictures: Pictures, _original: str) -> str:
    return "█" * max(1, len(argument))


def _player(kind: str) -> Callable[[str, Pictures, str], str]:
    pattern, ratio = _PLAYERS[kind]

    def player(argument: str, _pictures: Pictures, original: str) -> str:
        identifier = argument.strip()
        if not re.fullmatch(r"[\w-]+", identifier):
            return original
        return (
            f'<span class="ratio ratio-{ratio} d-block"><iframe src="{pattern.format(identifier)}" '
            f'title="Video" allowfullscreen></iframe></span>'
        )

    return player


_WITH_ARGUMENT: dict[str, Callable[[str, Pictures, str], str]] = {
    "TARGET": _target,
    "FILE": _file,
    "EMOJI": _emoji,
    "FIELD": _field,
    "QR": _qr_code,
    "MAP": _map,
    "REDACTION_WORD": _redaction,
    **{kind: _player(kind) for kind in _PLAYERS},
}


def _arguments(argument: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in argument.split(",", 2)] + ["", ""]
    width = "" if parts[1] == "None" else parts[1]
    return parts[0], width, "" if parts[2] == "None" else parts[2]


def _picture(reference: str, width: str, alternative: str, pictures: Pictures) -> str:
    url = pictures.url(reference)
    if url is None:
        return ""
    shown = html.escape(alternative)
    path = url.split("?", 1)[0].lower()
    if "." in path.rsplit("/", 1)[-1] and not path.endswith(_FILE_TYPES_SHOWN):
        return f'<a href="{html.escape(url)}" target="_blank">{shown or html.escape(reference.rsplit("/", 1)[-1])}</a>'
    style = width_style(width)
    sized = f' style="{style}"' if style else ""
    return f'<img alt="{shown}" class="daicon"{sized} src="{html.escape(url)}">'


def _mark_paragraph(paragraph: str) -> str:
    classes, styles = [], []
    while True:
        paragraph = paragraph.strip("\n")
        if mark := _PARAGRAPH_MARK.match(paragraph):
            classes += _PARAGRAPH_CLASS.get(mark[1], "").split()
        elif mark := _INDENT.match(paragraph):
            styles.append(f"padding-left: {mark[1]};" + (f" padding-right: {mark[2]};" if mark[2] else ""))
        else:
            break
        paragraph = paragraph[mark.end() :]
    if not classes and not styles:
        return paragraph
    attributes = [f".{name}" for name in classes] + ([f'style="{" ".join(styles)}"'] if styles else [])
    return f"{paragraph}\n{{: {' '.join(attributes)} }}"


def _columns(css_class: str) -> Callable[[re.Match[str]], str]:
    def columns(found: re.Match[str]) -> str:
        cells = "\n".join(f'<div class="col" markdown="1">\n\n{cell.strip()}\n\n</div>' for cell in found.groups())
        return f'\n\n<div class="{css_class}" markdown="1">\n\n{cells}\n\n</div>\n\n'

    return columns
