"""Let an encrypted session be opened while nobody is there (`colloquy.interview`, DESIGN §7)."""

from __future__ import annotations

from shared.interview.library.faults import DAError
from shared.interview.runtime.run import current_run

__all__ = ["allow_unattended", "forbid_unattended"]

KINDS = ("cron", "mail", "timers", "actions")
"""Scheduled actions, e-mail to the session, timers of the session, actions that other services ask for."""
_KEY = "unattended"


def allow_unattended(*kinds: str) -> None:
    """Let the server open this session by itself for `'cron'`, `'mail'`, `'timers'`, `'actions'`; for all without one.

    The answers stay encrypted, and closed to everybody else who is no part of the session. It is kept with the answers:
    Back takes it away again. Raises DAError for another kind.
    """
    kept = current_run().internal
    kept[_KEY] = sorted({*kept.get(_KEY, ()), *_checked(kinds)})


def forbid_unattended(*kinds: str) -> None:
    """Take back what `allow_unattended()` has allowed; all of it without a kind. Raises DAError for another kind."""
    kept = current_run().internal
    left = sorted(set(kept.get(_KEY, ())) - _checked(kinds))
    if left:
        kept[_KEY] = left
    else:
        kept.pop(_KEY, None)


def _checked(kinds: tuple[str, ...]) -> set[str]:
    for kind in kinds:
        if kind not in KINDS:
            raise DAError(f"{kind!r} is none of {', '.join(KINDS)}")
    return set(kinds or KINDS)
