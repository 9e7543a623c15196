"""Documents on the screen: names, links by format, previews, and what is offered for all of them (spec/area4 §8.6).

The documents have been assembled when this is called; here is only how they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts.screen import Document, DocumentMail, Screen
from shared.interview.compile.blocks import QuestionBlock
from shared.interview.library.links import url_action
from shared.interview.library.objects.files import DAFileCollection
from shared.interview.library.plain_text import space_to_underscore
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import Sought
from shared.interview.screen.markdown import to_plain_text
from shared.interview.screen.texts import Scene, encoded_action

EDITABLE = frozenset({"docx", "rtf", "rtf_to_docx", "tex", "md"})
"""Formats a recipient may change."""
DOWNLOAD_ACTION = "_da_documents_download"
MAIL_ACTION = "_da_documents_mail"
_OF_THE_LETTER = frozenset({"email body", "email html", "email subject", "email template"})
_EXPLANATIONS = {
    "pdf": "for printing",
    "docx": "for editing in a word processor",
    "rtf": "for editing in any word processor",
    "rtf_to_docx": "for editing in a word processor",
    "md": "for reading and editing as plain text",
}


def with_documents(
    screen: Screen, collections: Sequence[DAFileCollection], block: QuestionBlock, run: Run, sought: Sought
) -> Screen:
    """The screen with these documents."""
    if not collections:
        return screen
    scene = Scene(run, block, sought)
    options = {key: scene.resolve(value) for key, value in block.document_options.items() if key not in _OF_THE_LETTER}
    shown = tuple(_shown(collection, scene, options) for collection in collections)
    is_hidden = _is(options, "manual attachment list", default=False)
    numbers = _numbers(collections)
    mail = None
    if _is(options, "allow emailing", default=True) and not is_hidden:
        mail = _mail(collections, scene, options)
    download = ""
    if _is(options, "allow downloading", default=True) and len(list(filter(None, numbers))) > 1 and not is_hidden:
        name = str(options.get("zip filename") or "files")
        download = url_action(DOWNLOAD_ACTION, files=numbers, name=space_to_underscore(name))
    return screen.model_copy(
        update={
            "documents": () if is_hidden else shown,
            "documents_notice_html": _notice(len(shown), scene, options, is_hidden=is_hidden),
            "documents_download_url": download,
            "documents_download_label_html": scene.finish(
                str(options.get("download all text") or scene.word("Download All")), trims=True
            ),
            "documents_mail": mail,
            "shows_download_tab": _is(options, "include download tab", default=True),
            "messages": tuple(run.messages),
            "log": tuple(run.log_lines),
            "waits_for_tasks": tuple(sorted(run.waits_for_tasks)),
        }
    )


def _notice(count: int, scene: Scene, options: dict[str, Any], *, is_hidden: bool) -> str:
    if is_hidden or not _is(options, "include attachment notice", default=True):
        return ""
    phrase = (
        "The following document has been created for you."
        if count == 1
        else "The following documents have been created for you."
    )
    return f"<p>{scene.word(phrase)}</p>"


def _shown(collection: DAFileCollection, scene: Scene, options: dict[str, Any]) -> Document:
    info = collection.info
    name_html = scene.finish(str(info.get("name") or "Document"), trims=True, has_terms=False)
    formats = info.get("formats") or []
    files = [(kind, collection.__dict__[kind]) for kind in info.get("attributes") or [] if kind in collection.__dict__]
    markdown = str(info.get("markdown") or "")
    describes = _is(options, "describe file types", default=False)
    return Document(
        name_text=to_plain_text(name_html),
        name_html=name_html,
        filename=str(info.get("filename") or ""),
        description_html=scene.finish(str(info.get("description") or ""), has_terms=False),
        links=tuple((_label(kind), file.url_for(), str(file.filename)) for kind, file in files),
        explanations={
            _label(kind): scene.word(_EXPLANATIONS[kind]) for kind, _ in files if describes and kind in _EXPLANATIONS
        },
        preview_html=scene.finish(markdown, has_terms=False) if markdown and "html" in formats else "",
        markdown_text=markdown if markdown and "md" in formats else "",
        variable="" if collection.instanceName.startswith("_internal") else collection.instanceName,
        numbers={_label(kind): int(file.number) for kind, file in files if "number" in file.__dict__},
    )


def _label(kind: str) -> str:
    return "docx" if kind == "rtf_to_docx" else kind


def _numbers(collections: Sequence[DAFileCollection]) -> list[list[int]]:
    """The numbers of the files, by document."""
    return [
        [
            int(file.number)
            for kind in collection.info.get("attributes") or []
            if (file := collection.__dict__.get(kind)) is not None and "number" in file.__dict__
        ]
        for collection in collections
    ]


def _mail(collections: Sequence[DAFileCollection], scene: Scene, options: dict[str, Any]) -> DocumentMail | None:
    files: list[int] = []
    editable: list[int] = []
    for collection in collections:
        for kind in collection.info.get("attributes") or []:
            file = collection.__dict__.get(kind)
            if file is not None and "number" in file.__dict__:
                (editable if kind in EDITABLE else files).append(int(file.number))
    if not files and not editable:
        return None
    always = _is(options, "always include editable files", default=False) or not files
    arguments = {
        "files": files,
        "editable": editable,
        "includes_editable": always,
        "question": scene.block.name if scene.block else "",
    }
    return DocumentMail(
        action=encoded_action(MAIL_ACTION, arguments),
        address=str(options.get("email address default") or ""),
        asks_editable=bool(editable) and not always,
    )


def _is(options: dict[str, Any], key: str, *, default: bool) -> bool:
    value = options.get(key)
    if value is None:
        return default
    return str(value).strip().lower() not in ("", "false", "no", "none")
