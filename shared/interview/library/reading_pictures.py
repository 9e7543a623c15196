"""Text and bar codes found in pictures and scanned documents; text (OCR) at once or as a task (spec/area1 §4.8)."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from shared.interview.documents.outside import require_reader, searchable_page, words_in
from shared.interview.documents.pdf import Piece, concatenate, page_count
from shared.interview.documents.pdf_pictures import page_picture
from shared.interview.documents.pictures import as_png
from shared.interview.library.document_pieces import as_pdf_piece, become, given_files
from shared.interview.library.document_tools import PDF
from shared.interview.library.faults import DAError
from shared.interview.library.languages import get_language, word
from shared.interview.library.tasks import background_action
from shared.interview.runtime.run import Run, current_run
from shared.interview.runtime.signals import BackgroundResponse, BackgroundResponseAction

__all__ = ["ocr_file", "ocr_file_in_background", "read_qr"]

READ_ACTION = "_da_read_pictures"
KEEP_ACTION = "_da_keep_searchable"
_DPI = 300
_FORMATS = ("pdf", "docx", "rtf", "raw")
_LANGUAGES = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng", "es": "spa",
    "et": "est", "fa": "fas", "fi": "fin", "fr": "fra", "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind",
    "it": "ita", "ja": "jpn", "ko": "kor", "lt": "lit", "lv": "lav", "nl": "nld", "no": "nor", "nb": "nor", "pl": "pol",
    "pt": "por", "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sq": "sqi", "sr": "srp", "sv": "swe", "th": "tha",
    "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip
"""Languages as authors name them, and as Tesseract does."""


Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels of a picture of 300 dots per inch."""


def ocr_file(
    image_file: Any,
    language: str | None = None,
    psm: int = 6,
    f: int | None = None,
    l: int | None = None,  # noqa: E741  # the name authors know
    x: int | None = None,
    y: int | None = None,
    W: int | None = None,
    H: int | None = None,
    use_google: bool = False,
    raw_result: bool = False,
) -> str:
    """The text in pictures and PDFs, of pages `f` to `l`, within `x`, `y`, `W`, `H` (pixels at 300 dots per inch).

    Raises ProgramMissing where Tesseract is not installed, DAError for what is no file or for Google's service.
    """
    if use_google or raw_result:
        raise DAError("ocr_file() cannot use Google's service on this server; leave out use_google and raw_result")
    box = _box(x, y, W, H)
    host, code = current_run().host, _tesseract(language)
    texts = [
        words_in(host, picture, language=code, layout=int(psm), name=name)
        for name, picture in _pictures([image_file], first=int(f or 1), last=l, box=box)
    ]
    return "\f".join(texts)


def ocr_file_in_background(*pargs: Any, **kwargs: Any) -> Any:
    """The same as a task: its handle's value is the text. The second argument, or `ui_notification`, says how the
    browser is told; it is told `message`, never the text, which is a stranger's.

    Raises ProgramMissing where Tesseract is not installed, DAError without a file.
    """
    if not pargs:
        raise DAError("ocr_file_in_background() needs a file")
    mode = kwargs.pop("ui_notification", pargs[1] if len(pargs) > 1 else None)
    message = kwargs.pop("message", None) or word("OCR succeeded")
    given_files([pargs[0]], formats=_FORMATS, purpose="ocr_file_in_background()")
    require_reader(current_run().host)
    return background_action(READ_ACTION, mode, files=pargs[0], options=kwargs, told=message)


def read_qr(
    image_file: Any,
    f: int = 1,
    l: int | None = None,  # noqa: E741  # the name authors know
    x: int | None = None,
    y: int | None = None,
    W: int | None = None,
    H: int | None = None,
) -> list[str]:
    """What the QR codes and bar codes in pictures and PDFs say, in the order of their pages.

    Pages `f` to `l`, within `x`, `y`, `W`, `H` (pixels at 300 dots per inch). Raises DAError for what is no file.
    """
    # Most interviews never read a code, and every interview process would hold the library.
    from zxingcpp import read_barcodes

    found: list[str] = []
    for _, picture in _pictures([image_file], first=int(f), last=l, box=_box(x, y, W, H), purpose="read_qr()"):
        with Image.open(io.BytesIO(picture)) as image:
            found += [code.text for code in read_barcodes(image.convert("L"))]
    return found


def _box(x: int | None, y: int | None, width: int | None, height: int | None) -> Box | None:
    return (
        None if x is None or y is None or width is None or height is None else (int(x), int(y), int(width), int(height))
    )


def make_searchable(things: Iterable[Any], target: Any, options: Mapping[str, Any]) -> None:
    """Make `target` a PDF of all that is given, whose words can be searched. Raises ProgramMissing, DAError."""
    made, name = _searchable(things, options)
    become(target, name, "pdf", PDF)
    Path(target.path()).write_bytes(made.read_bytes())


def make_searchable_in_background(things: Iterable[Any], target: Any, options: Mapping[str, Any]) -> Any:
    """The same as a task: its handle. The file is replaced when the task has ended. Raises ProgramMissing, DAError."""
    given = list(things)
    given_files(given, formats=_FORMATS, purpose="make_ocr_pdf_in_background()")
    require_reader(current_run().host)
    if "number" not in target.__dict__:
        target.initialize(filename=str(options.get("filename") or "file.pdf"), extension="pdf", mimetype=PDF)
    return background_action(READ_ACTION, None, files=given, options=dict(options), target=target.instanceName)


def read_in_background(run: Run, arguments: Mapping[str, Any]) -> None:
    """The task of both forms. Raises BackgroundResponse with the text, BackgroundResponseAction with the PDF; does
    nothing outside of a task: anybody may write the name of an action into an address.
    """
    if not run.is_background or "files" not in arguments:
        return
    options = dict(arguments.get("options") or {})
    if arguments.get("target") is None:
        text = ocr_file(arguments["files"], **options)
        raise BackgroundResponse(text, told=arguments.get("told"))
    made, name = _searchable(arguments["files"], options)
    kept = {"target": arguments["target"], "name": name, "contents": made.read_bytes()}
    raise BackgroundResponseAction(KEEP_ACTION, kept)


def keep_searchable(run: Run, arguments: Mapping[str, Any]) -> None:
    """Put what a task has made into the file. Raises BackgroundResponse; does nothing outside of a task's end."""
    if not run.is_background or "contents" not in arguments:
        return
    file = run.evaluate(str(arguments["target"]))
    become(file, str(arguments["name"]), "pdf", PDF)
    Path(file.path()).write_bytes(arguments["contents"])
    raise BackgroundResponse(True)


def _searchable(things: Iterable[Any], options: Mapping[str, Any]) -> tuple[Path, str]:
    """A PDF with pages that show what is given and can be searched, and the name it should have."""
    folder = Path(tempfile.mkdtemp(prefix="searchable-"))
    host, code = current_run().host, _tesseract(options.get("language"))
    pieces: list[Piece] = []
    stem = "file"
    for name, picture in _pictures(things, first=1, last=None, box=None):
        stem = PurePosixPath(name).stem if not pieces else stem
        page = folder / f"page-{len(pieces)}.pdf"
        page.write_bytes(searchable_page(host, picture, language=code, layout=int(options.get("psm", 6)), name=name))
        pieces.append(Piece(page, name))
    if not pieces:
        raise DAError("make_ocr_pdf() needs a file")
    concatenate(pieces, folder / "whole.pdf")
    name = str(options.get("filename") or f"{stem}.pdf")
    return folder / "whole.pdf", name if name.lower().endswith(".pdf") else f"{name}.pdf"


def _pictures(
    things: Iterable[Any], *, first: int, last: int | None, box: Box | None, purpose: str = "ocr_file()"
) -> Iterator[tuple[str, bytes]]:
    """Name and PNG of every page and picture."""
    for file in given_files(things, formats=_FORMATS, purpose=purpose):
        if file.is_picture:
            yield file.name, as_png(file.path, box=box, name=file.name)
            continue
        piece = as_pdf_piece(file)
        count = page_count(piece)
        for page in range(max(first, 1), min(count if last is None else int(last), count) + 1):
            picture = page_picture(piece.path, page, dpi=_DPI, name=file.name)
            yield file.name, as_png(picture, box=box, name=file.name) if box else picture


def _tesseract(language: Any) -> str:
    """A language by its code, as Tesseract names it."""
    code = str(language or get_language())
    return _LANGUAGES.get(code.partition("-")[0].lower(), code)
