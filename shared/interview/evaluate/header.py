"""What the parent may know of the answers without opening them (DESIGN §6)."""

from __future__ import annotations

import json
from typing import Any

from shared.interview.evaluate.changes import Changes
from shared.interview.library.links import LINK_SECRET
from shared.interview.runtime.outcomes import Header
from shared.interview.runtime.run import Run
from shared.interview.screen.texts import as_json

_MOST_METADATA = 8192
"""Letters of JSON."""


def header_of(run: Run, changes: Changes) -> Header:
    """Title, tags, flags and counters of the session as it stands, and what has changed."""
    answers, internal, interview = run.answers, run.internal, run.interview
    return Header(
        title=_title(run, "title"),
        subtitle=_title(run, "subtitle"),
        tags=tuple(sorted({*_texts(interview.metadata.get("tags")), *_texts(internal.get("tags"))})),
        allow_cron=_is_true(answers.get("allow_cron")),
        multi_user=answers.get("multi_user") is True,
        steps_offset=int(internal.get("steps_offset") or 0),
        waits_for_tasks=tuple(sorted(run.waits_for_tasks)),
        language=run.language,
        progress=float(internal.get("progress") or 0),
        is_hidden=interview.metadata.get("hidden") is True,
        is_temporary=interview.metadata.get("temporary session") is True,
        metadata=_metadata(run),
        unattended=tuple(_texts(internal.get("unattended"))),
        link_secret=_secret(internal.get(LINK_SECRET)),
        changed_names=changes.changed,
        removed_names=changes.removed,
    )


def _is_true(value: Any) -> bool:
    """Whatever counts as true in Python (spec/area3 §1.3); what cannot tell does not."""
    try:
        return bool(value)
    except Exception:  # an author's class, or a name that would have to be sought first
        return False


def _metadata(run: Run) -> dict[str, Any]:
    """They go with every step, so they have to be small (spec/area2 §2.10: lists of sessions tell them)."""
    told: dict[str, Any] = as_json(run.interview.metadata)
    return told if len(json.dumps(told)) <= _MOST_METADATA else {}


def _title(run: Run, key: str) -> str:
    """What `set_parts()` stored, else what the metadata say."""
    kept = run.internal.get(key)
    return kept if isinstance(kept, str) and kept else run.interview.metadata_text(key, run.language)


def _secret(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 64 else ""


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple | set) else (str(value),)
