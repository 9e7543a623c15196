"""What can be filled in on a PDF: names, kinds, values and places of its form fields (ISO 32000-1 §12.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.interview.documents.pdf import Piece, opened

_MOST_DEPTH = 32
_MOST_FIELDS = 20_000


@dataclass(frozen=True, slots=True)
class PdfField:
    """One field, or one of the places where it is shown."""

    name: str
    value: str
    page: int
    """From 1; 0 when it stands on none."""
    place: tuple[float, float, float, float]
    """Left, bottom, right, top in points."""
    kind: str
    """`/Tx` text, `/Btn` box or button, `/Ch` choice, `/Sig` signature."""
    export_value: str = ""
    """Of a box: what stands in the field when it is ticked."""


def fields_of(piece: Piece) -> list[PdfField]:
    """All fields in the order of the form. Raises DocumentUnreadable, DocumentLocked."""
    with opened(piece) as pdf:
        form = pdf.Root.get("/AcroForm")
        roots: Any = [] if form is None else form.get("/Fields", [])
        pages: dict[tuple[int, int], int] = {}
        for number, page in enumerate(pdf.pages, start=1):
            for annotation in page.obj.get("/Annots", []):
                pages[annotation.objgen] = number
        made: list[PdfField] = []
        for root in roots:
            for field in _walk(root, "", {}, 0, pages):
                made.append(field)
                if len(made) >= _MOST_FIELDS:
                    return made
        return made


def _walk(
    node: Any, prefix: str, inherited: dict[str, Any], depth: int, pages: dict[tuple[int, int], int]
) -> Iterator[PdfField]:
    if depth > _MOST_DEPTH:
        return
    own = {key: node[key] for key in ("/FT", "/V") if key in node}
    given = {**inherited, **own}
    partial = str(node.get("/T", ""))
    name = f"{prefix}.{partial}" if prefix and partial else prefix or partial
    children = list(node.get("/Kids", []))
    if any("/T" in child for child in children):
        for child in children:
            yield from _walk(child, name, given, depth + 1, pages)
        return
    for widget in children or [node]:
        if not name:
            continue
        rectangle = [float(side) for side in widget.get("/Rect", [0, 0, 0, 0])]
        left, bottom, right, top = (rectangle + [0.0] * 4)[:4]
        yield PdfField(
            name=name,
            value=_text(given.get("/V")),
            page=pages.get(widget.objgen, 0),
            place=(min(left, right), min(bottom, top), max(left, right), max(bottom, top)),
            kind=str(given.get("/FT", "")),
            export_value=_on_state(widget) if str(given.get("/FT", "")) == "/Btn" else "",
        )


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return text.removeprefix("/") if text.startswith("/") else text


def _on_state(widget: Any) -> str:
    """The state of a box that is not off."""
    normal = widget.get("/AP", {}).get("/N")
    try:
        names = [str(name) for name in normal.keys()] if normal is not None else []  # noqa: SIM118  # not a dict
    except (AttributeError, TypeError, ValueError):
        return ""
    return next((name.removeprefix("/") for name in names if name != "/Off"), "")
