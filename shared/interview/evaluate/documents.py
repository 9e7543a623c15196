"""Assemble documents: of a question's screen, and of `attachment` blocks that are sought (spec/area4 §9.1, §4.11).

First all of them are drafted, because a missing name interrupts; then their files are made. Documents of a screen stay
as they are while the same step is shown; one with a variable stays until the variable is undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.contracts.screen import Screen
from shared.interview.compile.blocks import Attachment, AttachmentBlock, Definer, QuestionBlock
from shared.interview.errors import EvaluationError
from shared.interview.evaluate.document_drafts import Draft, Drafting
from shared.interview.library.objects.files import DAFile, DAFileCollection, DAFileList, DAStaticFile
from shared.interview.runtime.operations import CheckInCall, ShowScreen, StepBack
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import Sought
from shared.interview.screen.documents import with_documents

_ATTRIBUTES = {"rtf to docx": "rtf_to_docx"}


def documents_of_screen(screen: Screen, block: QuestionBlock, run: Run, sought: Sought) -> Screen:
    """The screen with what it offers. Raises Undefined and kin, EvaluationError, whatever the author's code raises."""
    if not block.attachments and block.attachment_code is None:
        return screen
    found = list(_assembled(block, run, sought))
    if block.attachment_code is not None:
        found += _offered(eval(block.attachment_code.code, run.answers), block)
    return with_documents(screen, found, block, run, sought)


def documents_offered(block: QuestionBlock, run: Run) -> list[DAFileCollection]:
    """What the screen of a question has offered, as far as it is known without its context. Raises Undefined and kin,
    EvaluationError, whatever the author's code raises.
    """
    own = run.internal["docvar"].get(block.name, {})
    found = [
        own.get(place) if attachment.variable is None else run.peek(attachment.variable)
        for place, attachment in enumerate(block.attachments)
    ]
    if block.attachment_code is not None:
        found += _offered(eval(block.attachment_code.code, run.answers), block)
    return [one for one in found if isinstance(one, DAFileCollection)]


def make_documents(run: Run, block: AttachmentBlock, sought: Sought) -> bool:
    """Define the variables of an `attachment` block: the one that is sought, or all of a mandatory block.

    False when the block does not define what is sought.
    """
    wanted = [
        attachment
        for attachment in block.attachments
        if attachment.variable is not None and sought.variant in ("", attachment.variable)
    ]
    drafts = [Drafting(run, block, attachment).draft() for attachment in wanted]
    for attachment, draft in zip(wanted, drafts, strict=True):
        name = sought.literal(str(attachment.variable))
        run.define(name, _finished(draft, name, run))
    return bool(wanted)


def _assembled(block: QuestionBlock, run: Run, sought: Sought) -> list[DAFileCollection]:
    """The documents of a question's own attachments, in order."""
    keeps = run.interview.features.get("cache documents", True) is not False
    found: list[DAFileCollection | Draft] = []
    for place, attachment in enumerate(block.attachments):
        kept = _kept(run, block, attachment, place, sought) if keeps else None
        found.append(kept if kept is not None else Drafting(run, block, attachment).draft())
    finished = []
    for place, (attachment, made) in enumerate(zip(block.attachments, found, strict=True)):
        if isinstance(made, DAFileCollection):
            finished.append(made)
            continue
        name = _instance_name(block, attachment, place, sought)
        collection = _finished(made, name, run)
        if attachment.variable is not None:
            run.define(name, collection)
        else:
            run.internal["docvar"].setdefault(block.name, {})[place] = collection
        finished.append(collection)
    run.internal["doc_cache"][block.name] = sought.name
    return finished


def _instance_name(block: Definer, attachment: Attachment, place: int, sought: Sought) -> str:
    if attachment.variable is not None:
        return sought.literal(attachment.variable)
    return f"_internal['docvar'][{block.name!r}][{place}]"


def _kept(run: Run, block: Definer, attachment: Attachment, place: int, sought: Sought) -> DAFileCollection | None:
    """A document that has been made before and still counts."""
    if attachment.variable is not None:
        found = run.peek(sought.literal(attachment.variable))
        return found if isinstance(found, DAFileCollection) else None
    is_same_step = isinstance(run.operation, ShowScreen | CheckInCall | StepBack)
    if not is_same_step or run.internal["doc_cache"].get(block.name) != sought.name:
        return None
    found = run.internal["docvar"].get(block.name, {}).get(place)
    return found if isinstance(found, DAFileCollection) else None


def _finished(draft: Draft, name: str, run: Run) -> DAFileCollection:
    """Make the files of a document."""
    collection = DAFileCollection(name)
    for kind, write in draft.files.items():
        attribute = _ATTRIBUTES.get(kind, kind)
        file = DAFile(f"{name}.{attribute}")
        file.initialize(filename=f"{draft.filename}.{draft.endings.get(kind, kind)}")
        path = Path(file.path())
        write(path)
        if path.suffix == ".pdf":
            _protect(path, draft)
        _give(file, draft)
        setattr(collection, attribute, file)
    collection.info = {
        "name": draft.name,
        "filename": draft.filename,
        "description": draft.description,
        "formats": list(draft.formats),
        "valid_formats": list(draft.formats),
        "attributes": [_ATTRIBUTES.get(kind, kind) for kind in draft.files],
        "markdown": draft.markdown,
        "language": draft.language,
    }
    return collection


def _give(file: DAFile, draft: Draft) -> None:
    """Who may open the file, and how long it stays."""
    options = draft.options
    said = {key: options[key] for key in ("private", "persistent") if key in options}
    if said:
        file.set_attributes(**said)
    if options.get("allow users"):
        file.user_access(*options["allow users"])
    if options.get("allow privileges"):
        file.privilege_access(*map(str, options["allow privileges"]))


def _protect(path: Path, draft: Draft) -> None:
    password, owner = draft.options.get("password", ""), draft.options.get("owner password", "")
    if password or owner:
        from shared.interview.documents.pdf_form import encrypt_pdf

        encrypt_pdf(path, password=password, owner_password=owner or password)


def _offered(value: Any, block: QuestionBlock) -> list[DAFileCollection]:
    """What `attachment code` gives: a document, a file, or any collection of them. Raises EvaluationError."""
    if value is None or value == "":
        return []
    if isinstance(value, DAFileCollection):
        return [value]
    if isinstance(value, DAFile | DAStaticFile):
        return [_as_collection([value])]
    if isinstance(value, DAFileList):
        return [_as_collection([file]) for file in value]
    items = value.values() if hasattr(value, "values") and not isinstance(value, Sequence) else value
    try:
        inner = list(items)
    except TypeError:
        raise EvaluationError(
            f"`attachment code` gives documents or a list of them, not {type(value).__name__}",
            block.attachment_code.position if block.attachment_code is not None else block.position,
        ) from None
    return [found for item in inner for found in _offered(item, block)]


def _as_collection(files: Sequence[Any]) -> DAFileCollection:
    """Files as they are offered: for the screen alone, nothing keeps it."""
    made = DAFileCollection("_document")
    attributes = []
    for file in files:
        ending = str(file.__dict__.get("extension") or "file")
        made.__dict__[ending] = file
        attributes.append(ending)
    name = str(files[0].__dict__.get("filename") or "Document")
    made.__dict__["info"] = {
        "name": name, "filename": Path(name).stem, "description": "", "formats": attributes, "attributes": attributes,
        "markdown": "",
    }  # fmt: skip
    return made
