"""What pages of the gateway itself say in the language of who reads them: errors, waiting, links that have ended.

Screens speak their interview's language (wording.py); here nobody knows the interview, so the browser is asked
(`Accept-Language`, RFC 9110 §12.5.4). A phrase that is in no table stays English, and one that is put together with a
value is in the table without it: `Phrase("You are invited as %s.", address)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.gateway.wording import Say, wording

_TABLE = Path(__file__).with_name("spoken.json")
_LONGEST_HEADER = 500


@dataclass(frozen=True, slots=True, init=False)
class Phrase:
    """A phrase of the table, and what stands in the places that it marks with `%s`."""

    text: str
    values: tuple[object, ...]

    def __init__(self, text: str, *values: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "values", values)

    def said(self, say: Say) -> str:
        """In another language."""
        return say(self.text) % self.values if self.values else say(self.text)


Words = str | Phrase


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Every phrase with its text in every language."""
    found: dict[str, dict[str, str]] = json.loads(_TABLE.read_bytes())
    return found


@cache
def languages() -> frozenset[str]:
    """Those that there are besides English."""
    return frozenset(language for texts in table().values() for language in texts)


def language_of(accepted: str) -> str:
    """The language that a browser prefers among those that there are; English when it wants none of them."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:_LONGEST_HEADER].split(",")):
        name, _, quality = part.partition(";q=")
        try:
            share = float(quality) if quality else 1.0
        except ValueError:
            continue
        language = name.strip().lower().partition("-")[0]
        if share > 0 and (language == "en" or language in languages()):
            wanted.append((-share, place, language))
    return min(wanted)[2] if wanted else "en"


def said(words: Words, say: Say) -> str:
    """Words in another language; what has no translation, as a name or an address, stays."""
    return words.said(say) if isinstance(words, Phrase) else say(words)


@cache
def speaking(language: str) -> Say:
    """How a phrase is said in this language."""
    return wording({phrase: texts[language] for phrase, texts in table().items() if language in texts})
