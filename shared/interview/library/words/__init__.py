"""The words of languages: dictionaries of built-in phrases, and the inflection of English. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.interview.library.words.english import ENGLISH

DICTIONARIES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH}
"""Shown text by phrase, by language (ISO 639-1)."""


def translated(phrase: str, language: str, own: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The phrase in a language; `own` are an author's dictionaries, which go first. An unknown phrase stays itself."""
    for dictionaries in (own or {}, DICTIONARIES):
        if phrase in (words := dictionaries.get(language, {})):
            return words[phrase]
    return phrase
