"""English nouns: plural, singular, indefinite article. Rules of spelling with tables of what they miss; pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.interview.library.words.irregular import (
    MEN_IS_NO_PLURAL,
    O_TAKES_S,
    PLURALS,
    SINGULAR_IN_IE,
    SINGULAR_IN_OE,
    SINGULAR_IN_S,
    UNCHANGING,
)

_SINGULARS = {plural: singular for singular, plural in PLURALS.items() if plural not in ("they", "themselves")}
_SILENT_H = re.compile(r"(?:honest|honor|honour|hour|heir)", re.I)
_YOU_SOUND = re.compile(r"(?:uni(?:[^dmn]|\Z)|unanim|ones?\b|once\b|eu|ewe|ouija|u[bcfhjkqrst][aeiou]|use)", re.I)
_LETTERS_LIKE_VOWELS = frozenset("AEFHILMNORSX")


def noun_plural(noun: str) -> str:
    """The plural of a singular noun: `apple` → `apples`. The last word of a phrase is inflected."""
    return _inflect(noun, _plural_of_word, PLURALS)


def noun_singular(noun: str) -> str:
    """The singular of a noun that may be plural: `apples` → `apple`; what is singular already stays."""
    return _inflect(noun, _singular_of_word, _SINGULARS)


def indefinite_article(noun: str) -> str:
    """`a` or `an` before the noun, by its sound: `an hour`, `a unicorn`. Letters with accents are no vowels."""
    text = noun.strip()
    if not text:
        return noun
    first = re.split(r"[\s\-]", text, maxsplit=1)[0]
    if first.isupper() and first.isalpha() and len(first) <= 3:
        is_vowel = first[0] in _LETTERS_LIKE_VOWELS
    elif first[0].isdigit():
        is_vowel = first.startswith("8") or re.match(r"1[18](?:\D|\d{3}\b|$)", first) is not None
    else:
        is_vowel = _SILENT_H.match(first) is not None or (
            first[0].lower() in "aeiou" and _YOU_SOUND.match(first) is None
        )
    return f"{'an' if is_vowel else 'a'} {noun}"


def _inflect(noun: str, inflect_word: Callable[[str], str], irregular: dict[str, str]) -> str:
    """Apply a rule to the last word, keeping what stands before it, blanks around it, and its capitals."""
    body = noun.rstrip()
    tail = noun[len(body) :]
    if not body:
        return noun
    if body.lower() in irregular:
        return _like(body, irregular[body.lower()]) + tail
    head, blank, last = body.rpartition(" ")
    return head + blank + _like(last, inflect_word(last.lower())) + tail


def _like(pattern: str, word: str) -> str:
    """The word with the capitals of the pattern."""
    if pattern.lower() == word[: len(pattern)].lower() and not pattern.isupper():
        return pattern + word[len(pattern) :]
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    if pattern[:1].isupper():
        common = 0
        while common < min(len(pattern), len(word)) and pattern[common].lower() == word[common].lower():
            common += 1
        return pattern[:common] + word[common:] if common else word[:1].upper() + word[1:]
    return word


def _plural_of_word(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    if word in UNCHANGING or not word[-1].isalpha():
        return word
    for compound in ("man", "woman", "child", "foot", "tooth", "goose", "mouse", "wife", "person"):
        if word.endswith(compound) and word not in (
            "human",
            "german",
            "roman",
            "norman",
            "talisman",
            "shaman",
            "ottoman",
        ):
            return word[: -len(compound)] + PLURALS[compound]
    if word.endswith("sis"):
        return word[:-2] + "es"
    if word.endswith(("s", "sh", "x", "z", "tch")) or (word.endswith("ch") and not word.endswith(("arch", "och"))):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return word[:-1] + "ies"
    if word.endswith("o") and word[-2:-1] not in ("a", "e", "i", "o", "u", "") and word not in O_TAKES_S:
        return word + "es"
    return word + "s"


def _singular_of_word(word: str) -> str:
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word in UNCHANGING or word in SINGULAR_IN_S or word in PLURALS:
        return word
    for compound in ("men", "women", "children", "feet", "teeth", "geese", "mice", "wives", "people"):
        if word.endswith(compound) and word not in MEN_IS_NO_PLURAL:
            return word[: -len(compound)] + _SINGULARS[compound]
    if not word.endswith("s") or word.endswith(("ss", "'s", "’s")) or len(word) < 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-1] if word[:-1] in SINGULAR_IN_IE else word[:-3] + "y"
    stem = word[:-2]
    if word.endswith("es") and (
        stem in SINGULAR_IN_S
        or stem.endswith(("ss", "sh", "x", "zz", "tch", "each", "oach", "tach"))
        or (stem.endswith("ch") and not stem.endswith("ach"))
        or (stem.endswith("o") and stem + "e" not in SINGULAR_IN_OE)
    ):
        return stem
    if word.endswith(("us", "is")) and not word.endswith(("menus", "gurus", "emus", "taxis", "skis")):
        return word
    return word[:-1]
