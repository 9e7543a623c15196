"""Typst: text in, PDF out; and pictures made of lines (SVG) or PDFs in, pixels out. The one module that imports it,
and maps its errors to ours.

    typeset('#"Hello"', folder)

Sources are written by us: what people typed goes in by `quoted`, which no markup can leave.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shared.interview.documents.errors import DocumentError

if TYPE_CHECKING:
    import typst

MOST_SOURCE_BYTES = 16 * 1024**2
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SERIF = ("Times New Roman", "Liberation Serif", "Tinos", "TeX Gyre Termes", "Libertinus Serif", "DejaVu Serif")
_SANS = ("Arial", "Liberation Sans", "Arimo", "Noto Sans", "DejaVu Sans", "Libertinus Serif")
_MONO = ("Courier New", "Liberation Mono", "Cousine", "DejaVu Sans Mono")
_SANS_NAMES = re.compile(r"arial|helvetica|calibri|carlito|verdana|tahoma|segoe|sans|aptos|roboto|open|trebuchet", re.I)
_MONO_NAMES = re.compile(r"courier|mono|consol|menlo|code", re.I)


_DRAWN = """#set page(width: auto, height: auto, margin: 0pt, fill: none)
#context {
  let size = measure(image("picture.KIND"))
  let share = calc.min(1, 1000pt / calc.max(size.width, size.height))
  image("picture.KIND", width: size.width * share, height: size.height * share)
}
"""
"""No side longer than 1000 points, whatever the picture says of itself: its pixels have to be in memory."""


class TypesettingFailed(DocumentError):
    """A document could not be set."""


def quoted(text: str) -> str:
    """A text as a string of the typesetter's language: nothing in it is markup."""
    plain = _NOT_PRINTABLE.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("\n", "\\n").replace("\t", "\\t") + '"'


def fonts_like(name: str = "") -> str:
    """A list of fonts in the typesetter's language: this one, then those that look like it, of those there are."""
    return "(" + "".join(f"{quoted(font)}, " for font in font_names(name)) + ")"


def font_names(name: str = "") -> list[str]:
    """This font, then those that look like it, of those there are: at least one."""
    likely = _MONO if _MONO_NAMES.search(name) else _SANS if _SANS_NAMES.search(name) else _SERIF
    present = _families()
    wanted = [font for font in dict.fromkeys((name, *likely)) if font.lower() in present]
    return wanted or ["Libertinus Serif"]


def typeset(source: str, folder: Path, *, standards: Sequence[str] = (), name: str = "The document") -> bytes:
    """The PDF of a source; files it mentions are found in `folder` and nowhere else.

    `standards` as Typst calls them: `a-2b`, `ua-1`. Raises TypesettingFailed.
    """
    import typst

    if len(source) > MOST_SOURCE_BYTES:
        raise TypesettingFailed(f"{name} is too long to be set as PDF.")
    try:
        options: dict[str, Any] = {"pdf_standards": list(standards)} if standards else {}
        made = typst.compile(source.encode(), root=str(folder), font_paths=_fonts(), format="pdf", **options)
    except typst.TypstError as error:
        raise TypesettingFailed(f"{name} could not be set as PDF: {error.message}") from error
    except BaseException as error:
        if not _is_panic(error):
            raise
        raise TypesettingFailed(f"{name} could not be set as PDF: the typesetter has a fault there.") from error
    assert isinstance(made, bytes)
    return made


def drawn(contents: bytes, kind: Literal["svg", "pdf"], *, per_inch: int) -> bytes | None:
    """A picture made of lines, or the first page of a PDF, as PNG, clear where it draws nothing.

    `per_inch`: pixels to an inch. None for one that is broken, locked, has no size, or wants other files: nothing is
    fetched for it.
    """
    import typst

    with tempfile.TemporaryDirectory(prefix="drawn-") as folder:
        Path(folder, f"picture.{kind}").write_bytes(contents)
        options: dict[str, Any] = {"root": folder, "font_paths": _fonts(), "format": "png", "ppi": per_inch}
        try:
            made = typst.compile(_DRAWN.replace("KIND", kind).encode(), **options)
        except typst.TypstError:
            return None
        except BaseException as error:
            if not _is_panic(error):
                raise
            return None
    return made if isinstance(made, bytes) else None


def _is_panic(error: BaseException) -> bool:
    """Whether the typesetter's own code has failed: what that raises is no `Exception`, and has no public name."""
    return type(error).__name__ == "PanicException"


@cache
def _fonts() -> typst.Fonts:
    """The fonts of the system and those the typesetter brings, looked for once per process."""
    import typst

    return typst.Fonts()


@cache
def _families() -> frozenset[str]:
    return frozenset(family.lower() for family in _fonts().families())
