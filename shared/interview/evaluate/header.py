"""What the parent may know of the answers without opening them (DESIGN §6)."""

from __future__ import annotations

from typing import Any

from shared.interview.runtime.outcomes import Header
from shared.interview.runtime.run import Run


def header_of(run: Run) -> Header:
    """Title, tags, flags and counters of the session as it stands."""
    answers, internal, interview = run.answers, run.internal, run.interview
    return Header(
        title=_title(run, "title"),
        subtitle=_title(run, "subtitle"),
        tags=tuple(sorted({*_texts(interview.metadata.get("tags")), *_texts(internal.get("tags"))})),
        allow_cron=answers.get("allow_cron") is True,
        multi_user=answers.get("multi_user") is True,
        steps_offset=int(internal.get("steps_offset") or 0),
        waits_for_tasks=tuple(sorted(run.waits_for_tasks)),
        cron_types=interview.cron_types,
        language=run.language,
        progress=float(internal.get("progress") or 0),
    )


def _title(run: Run, key: str) -> str:
    """What `set_parts()` stored, else what the metadata say."""
    kept = run.internal.get(key)
    return kept if isinstance(kept, str) and kept else run.interview.metadata_text(key, run.language)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple | set) else (str(value),)
