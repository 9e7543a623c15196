"""The keys of `features`: which there are, and which are accepted without effect (spec/area4 §2.1)."""

from __future__ import annotations

from shared.interview.compile.reading import Reading
from shared.interview.source.documents import Mapping

_WITH_EFFECT = frozenset(
    {
        "bootstrap theme", "centered", "checkin interval", "css", "debug", "default date max", "default date min",
        "default icons", "disable analytics", "floating labels", "go full screen", "hide corner interface",
        "hide navbar", "hide standard menu", "image upload type", "inverse navbar", "javascript",
        "labels above fields", "loop limit", "maximum image size", "navigation", "navigation back button",
        "popover trigger", "progress bar", "progress bar method", "progress bar multiplier",
        "progress can go backwards", "question back button", "question help button", "recursion limit",
        "send question data", "show progress bar percentage", "small screen navigation", "suppress autofill",
        "use catchall", "wide side by side",
    }
)  # fmt: skip

_WITHOUT_EFFECT = frozenset(
    {
        "auto jinja filter", "cache documents", "custom datatypes to load", "pdf/a", "pdftk", "review button color",
        "review button icon", "table width", "tagged pdf", "use chatbot",
    }
)  # fmt: skip


def check_features(reading: Reading, features: Mapping) -> None:
    """Warn of features that there are not, and of those that do nothing here."""
    for key in features:
        if key in _WITHOUT_EFFECT:
            reading.warn(f"The feature {key!r} is accepted, but has no effect", features, key)
        elif key not in _WITH_EFFECT:
            reading.warn(f"There is no feature {key!r}; it is ignored", features, key)
