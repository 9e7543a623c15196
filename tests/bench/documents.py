"""What documents cost: a Markdown PDF of ten pages, a Word template of thirty with 200 fields, a PDF form of 40 fields.

`python -m tests.bench.documents [ROUNDS]` prints a line of JSON for each: its name, the seconds of each round, and the
MiB by which the process has grown. Every round is a whole run of the engine in which the document is made anew and
stored; the first ones, which load libraries and fonts, are not counted.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import docx
import pikepdf
import psutil

from shared.interview.api import Engine
from shared.interview.runtime.document_calls import ConvertDocument, ProgramAnswer
from shared.interview.runtime.host import FileAnswer, HostAnswer, HostCall, NewFile, StoreFile
from shared.interview.runtime.operations import Blobs, CallAction, RunContext, RunRequest, ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from shared.kernel.interview_path import InterviewPath
from tests.bench.engine import Measured, timed

MEASUREMENTS = 4
_PACKAGE = "bench_documents"
_FIELDS = 200
_BOXES = 40
_WORDS = "The parties agree that what is written here is all they have agreed upon, and nobody may change it alone. "

_INTERVIEW = """
mandatory: True
question: Ready
---
code: |
  names = {'f' + str(number): 'value ' + str(number) for number in range(%d)}
---
event: make
code: |
  names = {name: action_argument('round') + ' ' + name for name in names}
  reconsider('letter')
  json_response(letter.%s.filename)
---
attachment:
  variable name: letter
  filename: letter
%s
"""


class FileServer:
    """Takes files and forgets them; knows no other programs."""

    def __init__(self) -> None:
        self.contents = b""
        self._numbers = 0

    def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
        """What a run asks for."""
        match request:
            case NewFile():
                self._numbers += 1
                return FileAnswer(number=self._numbers), {}
            case StoreFile(number=number):
                self.contents = (blobs or {})["contents"]
                return FileAnswer(number=number, ticket=f"t{number}"), {}
            case ConvertDocument():
                return ProgramAnswer(is_made=False), {}
        raise AssertionError(request)


class Assembly:
    """A session that makes the same document again and again."""

    def __init__(self, folder: Path, name: str, kind: str, attachment: str) -> None:
        questions = folder / _PACKAGE / "data" / "questions"
        questions.mkdir(parents=True, exist_ok=True)
        (questions / f"{name}.yml").write_text(_INTERVIEW % (_FIELDS, kind, attachment))
        self._engine, self._reference = Engine(InterviewPath.of([folder])), f"{_PACKAGE}:data/questions/{name}.yml"
        self.server = FileServer()
        self._rounds = 0
        self._answers = b""
        self._answers = self._run(ShowScreen(is_first=True))

    def make(self) -> None:
        """Make the document, with other words than before: the typesetter remembers what it has set."""
        self._rounds += 1
        self._run(CallAction(action="make", arguments={"round": str(self._rounds)}))

    def _run(self, operation: ShowScreen | CallAction) -> bytes:
        context = RunContext(interview=self._reference, now="2026-05-05T12:00:00+00:00", steps=2)
        request = RunRequest(operation=operation, context=context, has_answers=bool(self._answers))
        given = {"answers": self._answers} if self._answers else {}
        result, blobs = self._engine.run(request, dict(given), self.server)
        assert not isinstance(result.outcome, RunFailed), result.outcome
        return blobs.get("answers", self._answers)


def word_template(pages: int = 30, fields: int = _FIELDS) -> bytes:
    """A Word file of so many pages with so many fields spread over them."""
    made, out = docx.Document(), io.BytesIO()
    paragraphs = pages * 10
    for number in range(paragraphs):
        first, last = fields * number // paragraphs, fields * (number + 1) // paragraphs
        mentioned = " ".join(f"{{{{ names['f{field}'] }}}}" for field in range(first, last))
        made.add_paragraph(_WORDS * 3 + mentioned)
    made.save(out)
    return out.getvalue()


def pdf_form(fields: int = _BOXES) -> bytes:
    """A PDF of two pages with so many fields for texts."""
    pdf, out = pikepdf.new(), io.BytesIO()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    made = []
    for page in range(2):
        pdf.add_blank_page(page_size=(612, 792))
        boxes = []
        for number in range(fields // 2):
            top = 750 - 34 * number
            box = pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Tx,
                T=f"f{page * fields // 2 + number}",
                Rect=[72, top - 20, 400, top],
                DA="/Helv 11 Tf 0 g",
                F=4,
            )
            boxes.append(pdf.make_indirect(box))
        pdf.pages[page].obj.Annots = pikepdf.Array(boxes)
        made += boxes
    resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=pdf.make_indirect(font)))
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(made), DR=resources, DA="/Helv 11 Tf 0 g")
    pdf.save(out)
    return out.getvalue()


def measure(rounds: int, folder: Path) -> Iterator[Measured]:
    """All measurements, each as soon as it is done."""
    templates = folder / _PACKAGE / "data" / "templates"
    templates.mkdir(parents=True)
    (templates / "long.docx").write_bytes(word_template())
    (templates / "form.pdf").write_bytes(pdf_form())
    content = "\n\n".join(f"## Part {part}\n\n${{ names['f{part}'] }} {_WORDS * 14}" for part in range(1, 14))
    markdown = "".join(f"    {line}\n" for line in content.splitlines())
    fields = "".join(f"    f{number}: ${{ names['f{number}'] }}\n" for number in range(_BOXES))
    word = "  docx template file: long.docx\n  valid formats: "
    for name, kind, attachment in (
        ("Markdown to a PDF of 10 pages", "pdf", f"  valid formats: pdf\n  content: |\n{markdown}"),
        ("Word template of 30 pages, 200 fields", "docx", f"{word}docx"),
        ("the same as a PDF, plain rendition", "pdf", f"{word}pdf"),
        ("PDF form of 40 fields, filled", "pdf", f"  pdf template file: form.pdf\n  fields:\n{fields}"),
    ):
        process = psutil.Process()
        before = process.memory_full_info().uss
        assembly = Assembly(folder, name.replace(" ", "_").replace(",", ""), kind, attachment)
        seconds = timed(assembly.make, rounds)
        yield Measured(name, seconds, (process.memory_full_info().uss - before) / 2**20)


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory(prefix="colloquy-bench-") as folder:
        tempfile.tempdir = folder
        for one in measure(rounds, Path(folder)):
            print(json.dumps(asdict(one)), flush=True)


if __name__ == "__main__":
    main()
