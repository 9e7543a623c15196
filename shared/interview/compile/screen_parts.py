"""The texts around a question that authors may set in many places, by their keys (spec/area4 §2.9)."""

from __future__ import annotations

SCREEN_PARTS = frozenset(
    {
        "back button color",
        "back button label",
        "continue button color",
        "continue button label",
        "corner back button label",
        "css",
        "css class",
        "exit label",
        "exit link",
        "exit url",
        "footer",
        "ga id",
        "help button color",
        "help label",
        "logo",
        "navigation bar html",
        "post",
        "pre",
        "resume button color",
        "resume button label",
        "right",
        "script",
        "segment",
        "short logo",
        "short title",
        "submit",
        "subtitle",
        "tab title",
        "table css class",
        "title",
        "title url",
        "title url opens in other window",
        "under",
    }
)
"""Texts around a question, kept by their key."""
OF_TRACKING = frozenset({"ga id", "segment"})
"""Accepted without effect, in whatever form they are written: nobody is tracked here."""
TEXTS = SCREEN_PARTS - OF_TRACKING
