"""Files of the session within texts: `[FILE number, width, alt text]` of what is no picture (spec/area4 §6.6, §7.3)."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from shared.interview.errors import HostRefused
from shared.interview.library.file_desk import FileAtHand, FileDesk
from shared.interview.library.grammar import quantity_noun
from shared.interview.library.languages import word
from shared.interview.library.page_pictures import Shown, first_page
from shared.interview.runtime.run import Run
from shared.interview.screen.markup import width_style

_MOST_TEXT = 200_000
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/svg+xml", ""})
_BRACKETS = re.compile(r"[\[\]]")


def stored_file(run: Run, number: int, width: str, alternative: str, root: str) -> str | None:
    """Markdown or HTML that shows the file; None for pictures, and for files this run knows nothing of."""
    file = FileDesk.of(run).known(number)
    if file is None or file.mimetype in _PICTURES:
        return None
    name = html.escape(alternative or file.filename or str(number))
    url = html.escape(f"{root}uploadedfile/{number}" + (f"/{quote(file.filename)}" if file.filename else ""))
    if file.mimetype in ("text/plain", "text/markdown") and (text := _text(run, file)) is not None:
        return text
    for kind in ("audio", "video"):
        if file.mimetype.startswith(f"{kind}/"):
            return f'<{kind} class="da-{kind}" controls preload="none" src="{url}" aria-label="{name}"></{kind}>'
    if (shown := first_page(run, number)) is not None:
        return _page(run, shown, name, url, width, root)
    return (
        f'<a class="da-file-link" href="{url}" target="_blank" rel="noopener">'
        f'<i class="bi bi-file-earmark" aria-hidden="true"></i><span>{name}</span></a>'
    )


def _page(run: Run, shown: Shown, name: str, url: str, width: str, root: str) -> str:
    """The first page of a document, which opens it."""
    said = name if shown.pages == 1 else f"{name} ({quantity_noun(shown.pages, word('page'))})"
    style = width_style(width) or "width: 300px;"
    return (
        f'<a class="da-file-page" href="{url}" target="_blank" rel="noopener">'
        f'<img class="border" style="{style} max-width: 100%;" alt="{html.escape(said)}" '
        f'src="{html.escape(root)}uploadedfile/{shown.picture}"></a>'
    )


def _text(run: Run, file: FileAtHand) -> str | None:
    """The words of a text file. They came from anybody: no HTML and no markup of ours in them counts."""
    try:
        contents = FileDesk.of(run).path(file.number).read_bytes()
    except HostRefused:
        return None
    if len(contents) > _MOST_TEXT:
        return None
    text = contents.decode("utf-8", "replace")
    if file.mimetype == "text/markdown":
        return _BRACKETS.sub(lambda found: f"&#{ord(found[0])};", html.escape(text, quote=False))
    lines = html.escape(text).replace("[", "&#91;").replace("\r\n", "\n").rstrip("\n").split("\n")
    return '<span class="da-file-text">' + "<br>".join(lines) + "</span>"
