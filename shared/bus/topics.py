"""Routing keys of events: words parted by dots; in a pattern `*` is one word and `#` any number of words."""

from __future__ import annotations

from collections.abc import Sequence


def topic_matches(pattern: str, topic: str) -> bool:
    """Whether a topic exchange would route this topic to a queue bound with this pattern (AMQP 0-9-1 §3.1.3.3)."""
    return _match(pattern.split("."), topic.split("."))


def _match(pattern: Sequence[str], words: Sequence[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_match(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    if not words or pattern[0] not in ("*", words[0]):
        return False
    return _match(pattern[1:], words[1:])
