"""The keys of `metadata`: authors may note whatever they like there, so that a slip of the pen has no effect.

Lint tells of keys that are nearly those with a meaning (spec/area4 §2.1).
"""

from __future__ import annotations

from difflib import get_close_matches

from shared.interview.compile.reading import Reading
from shared.interview.compile.screen_parts import OF_TRACKING, SCREEN_PARTS
from shared.interview.source.documents import Mapping

KNOWN = SCREEN_PARTS | frozenset(
    {
        "authors", "default language", "description", "documentation", "error action", "error help", "example end",
        "example start", "hidden", "interview help", "order", "require login", "required privileges",
        "required privileges for initiating", "required privileges for listing", "revision_date", "sessions are unique",
        "short", "show login", "social", "suppress loading util", "tags", "temporary session", "unlisted",
    }
)  # fmt: skip
_NEARNESS = 0.86
"""How alike two keys are that are taken for the same one; 1 is the same."""


def check_metadata(reading: Reading, values: Mapping) -> None:
    """Warn of keys that are probably misspelt, and of those that do nothing here."""
    for key in values:
        name = str(key)
        if name in OF_TRACKING:
            reading.warn(f"{name!r} in `metadata` is accepted, but has no effect: nobody is tracked here", values, key)
        elif name not in KNOWN:
            spelled = name.strip().lower().replace("_", " ").replace("-", " ")
            meant = get_close_matches(spelled, KNOWN - {"order", "short"}, n=1, cutoff=_NEARNESS)
            if meant:
                reading.warn(f"{name!r} in `metadata` has no effect; {meant[0]!r} has one", values, key)
