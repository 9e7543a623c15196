"""The words of languages: dictionaries of built-in phrases, and the inflection of English. Pure."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources

from shared.interview.library.words.english import ENGLISH

_PHRASES = "phrases.json"


@functools.lru_cache(maxsize=32)
def dictionary(language: str) -> Mapping[str, str]:
    """Shown text by phrase in a language (ISO 639-1); empty for one that has no dictionary here.

    What pages say by themselves stands in `phrases.json`, one line for each phrase with its text in every language.
    """
    if language == "en":
        return ENGLISH
    return {phrase: texts[language] for phrase, texts in _table().items() if language in texts}


def built_in_phrases() -> tuple[str, ...]:
    """What the server says by itself on pages, in English."""
    return tuple(_table())


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(resources.files(__package__).joinpath(_PHRASES).read_bytes())
    return table


def translated(phrase: str, language: str, *own: Mapping[str, Mapping[str, str]]) -> str:
    """The phrase in a language; `own` are authors' dictionaries, which go first. An unknown phrase stays itself.

    What a regional language (`pt-BR`) lacks is looked up in the language itself.
    """
    for name in (language, *([language.replace("_", "-").partition("-")[0]] if len(language) > 2 else [])):
        for dictionaries in own:
            if phrase in (words := dictionaries.get(name, {})):
                return words[phrase]
        if phrase in (built_in := dictionary(name)):
            return built_in[phrase]
    return phrase
