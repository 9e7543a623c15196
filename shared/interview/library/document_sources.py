"""The pictures and files of documents: registered images, files of packages, files of the session."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shared.interview.documents.pictures import MOST_PIXELS
from shared.interview.errors import HostRefused, Position
from shared.interview.library.faults import DAError
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.plain_text import verbatim
from shared.interview.runtime.run import Run
from shared.kernel.errors import Refused

_MOST_TEXT = 200_000


class DocumentSources:
    """Finds what the texts of one document mention; relative names belong to `package`, the document to `position`."""

    def __init__(self, run: Run, package: str = "", position: Position | None = None) -> None:
        self._run, self.package, self._position = run, package or run.interview.package, position
        self._told_of = set[Path]()
        self._images: Mapping[str, tuple[str, str]] = run.interview.images
        self._folder: Path | None = None
        self._kept = 0

    def is_registered(self, name: str) -> bool:
        """Whether an `images` or `image sets` block names it."""
        return name in self._images

    def picture(self, reference: str) -> Path | None:
        """A picture or PDF; None for everything else, and for what is not there."""
        path, mimetype = self._find(reference)
        if path is None:
            return None
        return path if mimetype.startswith("image/") or mimetype == "application/pdf" else None

    def word_file(self, reference: str) -> Path | None:
        """A DOCX; None for everything else, and for what is not there."""
        path, _ = self._find(reference)
        return path if path is not None and path.suffix.lower() == ".docx" else None

    def text(self, reference: str) -> str | None:
        """Markdown for a file that is no picture: its text, else its name. None when it is not there."""
        path, mimetype = self._find(reference)
        if path is None:
            return None
        if mimetype in ("text/plain", "text/markdown") and path.stat().st_size <= _MOST_TEXT:
            text = path.read_text(encoding="utf-8", errors="replace")
            if mimetype == "text/markdown":
                return html.escape(text, quote=False).replace("[", "\\[")
            return "[BR]".join(verbatim(line) for line in text.rstrip("\n").splitlines())
        return verbatim(path.name)

    def keep(self, contents: bytes, suffix: str) -> Path:
        """Put a picture that was made on the way into a file of this run."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="pictures-"))
        self._kept += 1
        path = self._folder / f"{self._kept}{suffix}"
        path.write_bytes(contents)
        return path

    def left_out(self, path: Path) -> None:
        """Tell the author, once, that the document is made without this picture."""
        from shared.interview.library.document_tools import warn

        if path in self._told_of:
            return
        self._told_of.add(path)
        place = "" if self._position is None else f"{self._position.file}, line {self._position.line}: "
        warn(
            f"{place}the picture {path.name} is left out: it is damaged, locked, of an unknown kind, or has more than "
            f"{MOST_PIXELS // 10**6} million pixels. Use a smaller copy in PNG or JPEG"
        )

    def _find(self, reference: str) -> tuple[Path | None, str]:
        from shared.interview.library.objects.files import mimetype_of

        if reference in self._images:
            reference = self._images[reference][0]
        if reference.isdigit():
            return self._stored(int(reference))
        if "." not in reference or "://" in reference or reference.startswith("/") or self._run.path is None:
            return None, ""
        package, colon, name = reference.rpartition(":")
        name = name if name.startswith("data/") else f"data/static/{name}"
        try:
            path = self._run.path.find(f"{package if colon else self.package}:{name}", section="static").path
        except Refused:
            return None, ""
        return path, mimetype_of(path.name)

    def _stored(self, number: int) -> tuple[Path | None, str]:
        desk = FileDesk.of(self._run)
        try:
            path = desk.path(number)
        except (HostRefused, DAError):
            return None, ""
        return path, desk.file(number).mimetype
