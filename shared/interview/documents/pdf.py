"""PDF files put together, taken apart, laid over each other, locked: all work with pikepdf, whose errors become ours.

concatenate([Piece(Path("a.pdf")), Piece(Path("b.pdf"))], Path("c.pdf"))
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.interview.documents.errors import DocumentError, DocumentLocked, DocumentTooLarge, DocumentUnreadable

if TYPE_CHECKING:
    import pikepdf

KIND = "a PDF"
MOST_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A PDF that is part of something; `name` is what its owner calls it."""

    path: Path
    name: str = ""
    password: str = ""

    @property
    def label(self) -> str:
        """What errors call it."""
        return self.name or self.path.name


@dataclass(frozen=True, slots=True)
class Lock:
    """Passwords of a PDF: `user` to open it, `owner` to change it."""

    user: str = ""
    owner: str = ""

    def __bool__(self) -> bool:
        return bool(self.user or self.owner)


@contextmanager
def opened(piece: Piece, *, overwrites: bool = False) -> Iterator[pikepdf.Pdf]:
    """A PDF to look at or to change. Raises DocumentUnreadable, DocumentLocked, DocumentTooLarge."""
    import pikepdf

    logging.getLogger("pikepdf").setLevel(logging.CRITICAL)  # it repeats what files say
    with _mapped(piece):
        pdf = pikepdf.open(piece.path, password=piece.password, allow_overwriting_input=overwrites)
    with pdf:
        if len(pdf.pages) > MOST_PAGES:
            raise DocumentTooLarge(piece.label, f"it has more than {MOST_PAGES} pages")
        with _mapped(piece):
            yield pdf


@contextmanager
def _mapped(piece: Piece) -> Iterator[None]:
    import pikepdf

    try:
        yield
    except pikepdf.PasswordError as error:
        raise DocumentLocked(piece.label) from error
    except (pikepdf.PdfError, pikepdf.DataDecodingError, OSError) as error:
        raise DocumentUnreadable(piece.label, KIND, _reason(error, piece)) from error
    except MemoryError as error:
        raise DocumentTooLarge(piece.label, "there is not enough memory for it") from error
    except DocumentError:
        raise
    except (RuntimeError, TypeError, AttributeError, KeyError, ValueError, OverflowError, SystemError) as error:
        # what pikepdf raises when parts of a file are not of the kind they should be
        raise DocumentUnreadable(piece.label, KIND, _reason(error, piece)) from error


def _reason(error: Exception, piece: Piece) -> str:
    return str(error).replace(str(piece.path), piece.label).removeprefix(f"{piece.label}: ") or type(error).__name__


def page_count(piece: Piece) -> int:
    """How many pages it has. Raises DocumentUnreadable, DocumentLocked."""
    with opened(piece) as pdf:
        return len(pdf.pages)


def is_locked(piece: Piece) -> bool:
    """Whether it is encrypted, with a password or without. Raises DocumentUnreadable."""
    try:
        with opened(piece) as pdf:
            return bool(pdf.is_encrypted)
    except DocumentLocked:
        return True


def concatenate(pieces: Sequence[Piece], target: Path, *, lock: Lock | None = None) -> None:
    """One PDF of all pages, with their fields, links and bookmarks as far as they can stand beside each other.

    Raises DocumentUnreadable, DocumentLocked, DocumentTooLarge.
    """
    import pikepdf

    for piece in pieces:
        page_count(piece)  # says which of them is damaged, which the job does not
    whole = Piece(target, ", ".join(dict.fromkeys(piece.label for piece in pieces)))
    pages = [{"file": str(piece.path)} | ({"password": piece.password} if piece.password else {}) for piece in pieces]
    with _mapped(whole):
        pikepdf.Job({"empty": "", "pages": pages, "outputFile": str(target)}).run()
    finish(Piece(target, whole.label), target, lock=lock)


def extract(piece: Piece, target: Path, *, first: int, last: int | None) -> None:
    """The pages from `first` to `last`, counted from 1, both included. Raises DocumentError for what is not there."""
    import pikepdf

    count = page_count(piece)
    last = count if last is None else min(last, count)
    if not 1 <= first <= last:
        raise DocumentError(f"{piece.label} has {count} pages: there is nothing from page {first} to page {last}.")
    with _mapped(piece):
        pages = {"file": str(piece.path), "range": f"{first}-{last}"}
        given = pages | ({"password": piece.password} if piece.password else {})
        pikepdf.Job({"empty": "", "pages": [given], "outputFile": str(target)}).run()


def overlay(
    piece: Piece,
    stamp: Piece,
    target: Path,
    *,
    stamp_page: Callable[[int], int | None],
    is_below: bool = False,
) -> None:
    """Lay pages of `stamp` over those of `piece`. `stamp_page` says which (from 1) for a page (from 1), or None.

    Raises DocumentUnreadable, DocumentLocked.
    """
    with opened(stamp) as stamps:
        _draw_annotations(stamps)
        count = len(stamps.pages)
        with opened(piece) as pdf:  # the inner one is blamed for what goes wrong here
            whole = set[int]()
            for number, page in enumerate(pdf.pages, start=1):
                wanted = stamp_page(number)
                if wanted is None or not 1 <= wanted <= count:
                    continue
                shape = stamps.pages[wanted - 1]
                if wanted not in whole:
                    with _mapped(stamp):
                        shape.as_form_xobject().read_bytes()
                    whole.add(wanted)
                if is_below:
                    page.add_underlay(shape, None)
                else:
                    page.add_overlay(shape, None)
            pdf.save(target)


def _draw_annotations(pdf: pikepdf.Pdf) -> None:
    """Make what fields and notes print part of their pages: who takes only the contents of a page loses it.

    Notes for the screen alone, such as those of reviewers, are left out.
    """
    from pikepdf import Dictionary

    form = pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and form.get("/NeedAppearances"):
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("print")


def finish(piece: Piece, target: Path, *, lock: Lock | None = None, changes: dict[str, str] | None = None) -> None:
    """Write it anew, mended as far as it goes; with passwords, and with `changes` of its title, author or subject.

    Raises DocumentUnreadable, DocumentLocked.
    """
    import pikepdf

    with opened(piece, overwrites=True) as pdf:
        options: dict[str, Any] = {}
        if lock:
            options["encryption"] = pikepdf.Encryption(user=lock.user, owner=lock.owner or lock.user, R=6)
        for key, value in (changes or {}).items():
            pdf.docinfo[f"/{key}"] = value
        pdf.remove_unreferenced_resources()
        pdf.save(target, compress_streams=True, **options)


def page_sizes(piece: Piece) -> list[tuple[float, float]]:
    """Width and height of each page as it is seen, in points. Raises DocumentUnreadable, DocumentLocked."""
    sizes = []
    with opened(piece) as pdf:
        for page in pdf.pages:
            left, bottom, right, top = (float(side) for side in page.cropbox)
            width, height = abs(right - left), abs(top - bottom)
            is_turned = int(page.obj.get("/Rotate", 0)) % 180 == 90
            sizes.append((height, width) if is_turned else (width, height))
    return sizes


def without_scripts(piece: Piece, target: Path) -> bool:
    """A copy without JavaScript and without actions that run by themselves; False when there were none.

    Raises DocumentUnreadable, DocumentLocked.
    """
    found = False
    with opened(piece, overwrites=True) as pdf:
        for holder in (pdf.Root, *(page.obj for page in pdf.pages)):
            for key in ("/OpenAction", "/AA"):
                action = holder.get(key)
                if action is not None and (key == "/AA" or _runs(action)):
                    del holder[key]
                    found = True
        names = pdf.Root.get("/Names")
        if names is not None and "/JavaScript" in names:
            del names["/JavaScript"]
            found = True
        pdf.save(target)
    return found


def _runs(action: Any) -> bool:
    try:
        return str(action.get("/S")) in ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData")
    except (AttributeError, TypeError, ValueError):
        return False
