"""The keys of `features`: which there are, and which are accepted without effect (spec/area4 §2.1)."""

from __future__ import annotations

from shared.interview.compile.reading import Reading
from shared.interview.source.documents import Mapping

_WITH_EFFECT = frozenset(
    {
        "auto jinja filter", "bootstrap theme", "cache documents", "centered", "checkin interval", "css",
        "default date max", "default date min",
        "default icons", "disable analytics", "floating labels", "go full screen",
        "hide corner interface", "hide navbar", "hide standard menu", "image upload type", "inverse navbar",
        "javascript",
        "labels above fields", "loop limit", "maximum image size", "navigation", "navigation back button",
        "numeric inputs",
        "pdf/a", "popover trigger", "progress bar", "progress bar method", "progress bar multiplier",
        "progress can go backwards", "question back button", "question help button", "recursion limit",
        "review button color", "review button icon", "send question data", "show progress bar percentage",
        "small screen navigation", "suppress autofill", "tagged pdf", "use catchall", "wide side by side",
    }
)  # fmt: skip

_WITHOUT_EFFECT = frozenset(
    {
        "custom datatypes to load", "debug", "pdftk", "table width", "use chatbot",
    }
)  # fmt: skip


def check_features(reading: Reading, features: Mapping) -> None:
    """Warn of features that there are not, and of those that do nothing here."""
    for key in features:
        if key in _WITHOUT_EFFECT:
            reading.warn(f"The feature {key!r} is accepted, but has no effect", features, key)
        elif key not in _WITH_EFFECT:
            reading.warn(f"There is no feature {key!r}; it is ignored", features, key)
    _check_interval(reading, features)


def _check_interval(reading: Reading, features: Mapping) -> None:
    """`checkin interval` is in milliseconds: 0 turns check-ins off, otherwise 1000 at least (spec/area1 §18)."""
    interval = features.get("checkin interval")
    if interval is None:
        return
    try:
        milliseconds = float(interval)
    except (TypeError, ValueError):
        milliseconds = -1.0
    if isinstance(interval, bool) or not (milliseconds == 0 or milliseconds >= 1000):
        words = "`checkin interval` is a number of milliseconds: at least 1000, or 0 to turn check-ins off"
        reading.tolerate(reading.wrong(words, features, "checkin interval"))
