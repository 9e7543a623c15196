"""What pages say by themselves, in the language of their screen. The engine tells what differs from English."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Say = Callable[[str], str]

OF_SCRIPTS = (
    "Are you sure you want to delete this item?",
    "Please enter a valid value.",
    "Read aloud",
    "Show the list",
    "Stop reading",
    "Suggestions",
    "The server cannot be reached at the moment. What you type stays here.",
    "The server does not answer at the moment. Nothing you typed is lost; sending is tried again by itself.",
    "The server gave an answer that this page does not understand. Reload the page.",
    "The server refused this (status %s).",
    "The server still does not answer. Nothing you typed is lost; press the button again in a while.",
    "This page is out of date. Reload it.",
    "Undo",
    "You must sign your name to continue.",
)
"""Phrases that the browser's modules say (`phrase()` of wording.js), beside the messages that fields bring along."""


def wording(phrases: Mapping[str, str]) -> Say:
    """How templates say a phrase: `say('Back')`. What it gives is plain text."""
    return lambda phrase: phrases.get(phrase, phrase)


def for_scripts(phrases: Mapping[str, str]) -> dict[str, str]:
    """What the browser's modules say otherwise than in English."""
    return {phrase: phrases[phrase] for phrase in OF_SCRIPTS if phrase in phrases} if phrases else {}


def going_back(*, is_same: bool, is_somebody: bool) -> str:
    """HTML for who has begun a session while they were in others: how to get back to these (spec/area2 §2.1)."""
    begun = "Starting a new interview." if is_same else "Entering a different interview."
    interviews = '<a href="/interviews">My Interviews</a>'
    sign_in = '<a href="/user/sign-in?next=%2Finterviews">log in</a>'
    where = f"go to {interviews}" if is_somebody else f"{sign_in} to see a list of your interviews"
    return f"{begun}  To go back to your previous interview, {where}."
