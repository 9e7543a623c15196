"""What people do with the documents of a screen: take all of them in one archive, or have them sent (spec/area4 §8.6).

Only file numbers and an address come from the browser: files open as they do by themselves, for who may open the
session, and what the letter says is the author's.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from shared.interview.compile.blocks import QuestionBlock
from shared.interview.errors import EvaluationError, HostRefused, Undefined, UndefinedAttribute, UndefinedItem
from shared.interview.evaluate.documents import documents_offered
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.grammar import comma_and_list
from shared.interview.library.languages import word
from shared.interview.library.mail_texts import html_of_template, text_of_html
from shared.interview.library.objects.files import DAFile
from shared.interview.library.objects.texts import DATemplate
from shared.interview.library.sending_mail import send_to_each
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import ResponseCalled
from shared.interview.runtime.text import render
from shared.interview.screen.documents import MAIL_ACTION
from shared.interview.screen.markdown import to_plain_text

_MOST_FILES = 200
_MOST_BYTES = 200 * 1024 * 1024
_LONGEST_ADDRESS = 254
_MOST_ADDRESSES = 10


def download_documents(run: Run, arguments: dict[str, Any]) -> NoReturn:
    """End with an archive of files. Raises ResponseCalled, EvaluationError."""
    made = io.BytesIO()
    names: set[str] = set()
    size = 0
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in _numbers(arguments.get("files")):
            path = _file(run, number)
            size += path.stat().st_size
            if size > _MOST_BYTES:
                raise EvaluationError("These documents are too large for one archive: download them one by one")
            archive.writestr(_unused(path.name, names), path.read_bytes())  # copies have no time of their own
    name = Path(str(arguments.get("name") or "files")).name.removesuffix(".zip")[:120] or "files"
    disposition = f"attachment; filename*=UTF-8''{quote(name)}.zip"
    raise ResponseCalled(made.getvalue(), content_type="application/zip", headers={"Content-Disposition": disposition})


def mail_documents(run: Run, arguments: dict[str, Any]) -> None:
    """Send the documents of a screen to an address, or to several with commas or semicolons between them, each for
    itself (spec/area3 §5.3), and tell how that went with the next page.
    """
    addresses = _addresses(str(arguments.get("address") or ""))
    if not addresses or len(addresses) > _MOST_ADDRESSES or not all(map(_is_address, addresses)):
        run.messages.append(("danger", word("You need to enter a valid e-mail address.", language=run.language)))
        return
    block = run.interview.by_name.get(str(arguments.get("question")))
    if not isinstance(block, QuestionBlock) or not (block.attachments or block.attachment_code):
        raise EvaluationError("There are no documents here that could be sent")
    numbers = _numbers(arguments.get("files"))
    if arguments.get("includes_editable") or not numbers:
        numbers += _numbers(arguments.get("editable"))
    if not numbers:
        raise EvaluationError("There are no documents here that could be sent")
    files = [_as_file(run, number) for number in numbers]
    try:
        answer = send_to_each(addresses, attachments=files, **_letter(block, run, numbers))
    except (Undefined, UndefinedAttribute, UndefinedItem):
        run.action, run.arguments = MAIL_ACTION, arguments  # once what the letter needs is there
        raise
    phrase = "Your documents will be e-mailed to" if answer.is_queued else "Your documents were e-mailed to"
    _tell(run, "success", phrase, [address for address in addresses if address not in answer.missed])
    _tell(run, "danger", "Unable to e-mail your documents to", answer.missed, "Download them from this page.")


def _addresses(given: str) -> list[str]:
    """What stands between commas and semicolons, each once."""
    return list(dict.fromkeys(one.strip() for one in re.split("[,;]", given) if one.strip()))


def _tell(run: Run, kind: str, phrase: str, addresses: Sequence[str], advice: str = "") -> None:
    if addresses:
        told = f"{word(phrase, language=run.language)} {escape(', '.join(addresses))}."
        run.messages.append((kind, f"{told} {word(advice, language=run.language)}" if advice else told))


def _letter(block: QuestionBlock, run: Run, numbers: list[int]) -> dict[str, Any]:
    """What the letter says: a template of the author's, Markdown or HTML, or a few words of ours."""
    options = block.document_options
    keys = [key for key in ("email template", "email subject", "email body", "email html") if key in options]
    said: dict[str, str] = {key: render(options[key], run).strip() for key in keys}
    if said.get("email template"):
        return {"template": run.evaluate(said["email template"])}
    is_written = bool(said.get("email subject") and (said.get("email body") or said.get("email html")))
    names = [] if is_written else _names(block, run, numbers)  # it runs the author's code
    letter: dict[str, Any] = {"subject": said.get("email subject") or comma_and_list(names)}
    if said.get("email body"):
        letter["template"] = DATemplate("_letter", content=said["email body"])
    elif not said.get("email html"):
        letter["body"] = _short_letter(names, run)
    if said.get("email html"):
        letter["html"] = said["email html"]
        if "template" in letter:
            letter["body"] = text_of_html(html_of_template(letter["template"], run.context.request.url_root))
    return letter


def _short_letter(names: list[str], run: Run) -> str:
    """A few words of ours."""
    phrase = "Your document, %s, is attached." if len(names) == 1 else "Your documents, %s, are attached."
    return word(phrase, language=run.language).replace("%s", comma_and_list(names))


def _names(block: QuestionBlock, run: Run, numbers: list[int]) -> list[str]:
    """What the documents of these files are called, as text: never by what the browser says. A file that is in no
    document of the screen, as far as that is known, by its own name.
    """
    names: dict[int, str] = {}
    for document in documents_offered(block, run):
        name = to_plain_text(run.steering.html_of(run, str(document.info.get("name") or ""), True))
        for file in document.__dict__.values():
            if name and isinstance(file, DAFile) and "number" in file.__dict__:
                names[int(file.number)] = name
    return list(dict.fromkeys(names.get(number) or _file(run, number).stem for number in numbers))


def _as_file(run: Run, number: int) -> DAFile:
    path = _file(run, number)
    file = FileDesk.of(run).file(number)
    return DAFile("_document", number=number, filename=path.name, mimetype=file.mimetype)


def _numbers(given: Any) -> list[int]:
    """Numbers of files, as the page sends them: in lists, or lists of lists. Raises EvaluationError."""
    found: list[int] = []
    for item in given if isinstance(given, list) else []:
        found += item if isinstance(item, list) else [item]
    if len(found) > _MOST_FILES or not all(type(number) is int and number > 0 for number in found):
        raise EvaluationError("These are no documents of this session")
    return found


def _file(run: Run, number: int) -> Path:
    try:
        return FileDesk.of(run).path(number)
    except HostRefused as error:
        raise EvaluationError("A document is not there any more: reload the page") from error


def _unused(name: str, names: set[str]) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    chosen, count = name, 1
    while chosen in names:
        count += 1
        chosen = f"{stem} ({count}){suffix}"
    names.add(chosen)
    return chosen


def _is_address(address: str) -> bool:
    name, at, domain = address.partition("@")
    return bool(
        name
        and at
        and "." in domain
        and len(address) <= _LONGEST_ADDRESS
        and address.isprintable()
        and not set(address) & set(' ,;<>"\\')
    )
