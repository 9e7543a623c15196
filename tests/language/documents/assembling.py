"""A session that assembles documents, and other programs that read what came of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from docx import Document
from pypdf import PdfReader

from tests.language.files.filing import FilingSession

Assemble = Callable[..., "AssemblingSession"]


class AssemblingSession(FilingSession):
    """A session whose documents are opened again."""

    def put(self, name: str, contents: bytes | str) -> None:
        """A file of `data/templates`; `__` in a name stands for the dot."""
        path = self.folder / "data" / "templates" / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    def contents(self, filename: str) -> bytes:
        """What the server keeps under a file name."""
        return next(file.contents for file in reversed(self.kept.values()) if file.filename == filename)

    def names(self) -> list[str]:
        """Names of all files the server keeps."""
        return [file.filename for file in self.kept.values()]

    def pdf(self, filename: str) -> PdfReader:
        """A PDF, opened."""
        return PdfReader(io.BytesIO(self.contents(filename)))

    def pdf_text(self, filename: str) -> str:
        """The words of a PDF, blanks and line ends as one blank."""
        return " ".join(" ".join(page.extract_text() for page in self.pdf(filename).pages).split())

    def docx_text(self, filename: str) -> str:
        """The paragraphs of a Word file, those of tables included, one a line."""
        document = Document(io.BytesIO(self.contents(filename)))
        found = [paragraph.text for paragraph in document.paragraphs]
        for table in document.tables:
            found += [cell.text for row in table.rows for cell in row.cells]
        return "\n".join(found)

    def rtf_text(self, filename: str) -> str:
        """The words of an RTF file."""
        text = self.contents(filename).decode("ascii")
        text = re.sub(r"\\u(-?\d+)\?", lambda found: chr(int(found[1]) % 65536), text)
        return " ".join(re.sub(r"\\[a-z]+-?\d* ?|[{}]", "", text).split())

    def links(self) -> dict[str, str]:
        """Addresses by format, of the first document of the screen."""
        return {kind: url for kind, url, _ in self.screen.documents[0].links}
