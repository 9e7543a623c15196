"""`interview_menu()`: the interviews a server offers to everybody (spec/area2 §4)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.links import interview_url
from shared.interview.runtime.run import current_run
from shared.interview.source.reader import InterviewSource, read_interview
from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath

__all__ = ["interview_menu"]


def interview_menu(
    absolute_urls: bool = False, start_new: bool = False, tag: str | None = None
) -> list[dict[str, Any]]:
    """What the server's setting `dispatch` offers: title, link and metadata of each interview that is not unlisted.

    With `tag`, only interviews that carry it. Without the setting there are none.
    """
    run = current_run()
    offered = run.context.config.get("dispatch")
    if not isinstance(offered, dict) or run.path is None:
        return []
    found = []
    for reference in offered.values():
        entry = _entry(str(reference), run.path, absolute_urls=absolute_urls, start_new=start_new)
        if entry is not None and (tag is None or tag in entry["tags"]):
            found.append(entry)
    return found


def _entry(reference: str, path: InterviewPath, *, absolute_urls: bool, start_new: bool) -> dict[str, Any] | None:
    try:
        source = read_interview(reference, path)
    except Refused:
        return None
    metadata = _metadata(source)
    if metadata.get("unlisted") or metadata.get("hidden"):
        return None
    tags = metadata.get("tags") or ()
    options: dict[str, Any] = {"reset": 1} if start_new else {}
    return {
        "filename": source.file.reference,
        "package": source.file.package,
        "link": interview_url(i=source.file.reference, local=not absolute_urls, **options),
        "title": _text(metadata.get("title")) or source.file.reference,
        "subtitle": _text(metadata.get("subtitle")),
        "status_class": None,
        "subtitle_class": None,
        "tags": {tags} if isinstance(tags, str) else set(tags),
        "metadata": metadata,
    }


def _metadata(source: InterviewSource) -> dict[str, Any]:
    """The metadata blocks together; later ones override."""
    found: dict[str, Any] = {}
    for block in source.blocks:
        if isinstance(block.data.get("metadata"), dict):
            found |= block.data["metadata"]
    return found


def _text(value: Any) -> str | None:
    """A title, or that of the first language when there is one for each."""
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    return None if value is None else str(value).strip()
