"""Spanish nouns: plural and singular, by the rules of spelling (Real Academia Española, Nueva gramática, §3.2); pure.

What cannot be known from the letters alone is left as it is: whether `tesis` is one or many.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_PLAIN = str.maketrans("áéíóú", "aeiou")
_SHARP = str.maketrans("aeiou", "áéíóú")
_ENDS_SHARP = re.compile(r"[áéíóú][ns]$")
_KEEPS_ACCENT = re.compile(r"[aeo][íú][ns]$")
"""Two vowels that the accent holds apart: `país`, `países`."""
_SHARP_VOWEL = re.compile(r"[áéíóú]")
_VOWELS = re.compile(r"[aeiouü]+|[áéíóú]")
_UNCHANGING = frozenset(
    ("lunes", "martes", "miércoles", "jueves", "viernes", "crisis", "tesis", "análisis", "dosis", "paraguas")
)
_IRREGULAR = {"carácter": "caracteres", "régimen": "regímenes", "espécimen": "especímenes", "pie": "pies"}
_SINGULARS = {plural: singular for singular, plural in _IRREGULAR.items()} | {
    f"{word}s": word
    for word in (
        "café", "bebé", "comité", "papá", "mamá", "sofá", "cine", "sede", "aire", "nene", "higiene", "informe",
        "base", "clase", "fase", "frase", "envase", "nave", "vale", "timbre",
    )
}  # fmt: skip
"""Plurals whose letters would give another singular."""
_NO_END_OF_A_WORD = re.compile(r"(?:[^aeiouáéíóúü][dlnrsyj]|(?<!relo)j)$")
"""Stems that need their e: `padres` is `padre`, `viajes` is `viaje`."""
_SHARP_STEMS = re.compile(r"(?:[iuí]on|an|en|in|un|on|es|as|is|os|us)$")
"""Ends of stems whose singular has its accent on the last syllable when they have two or more."""
_STRESSED_BEFORE = frozenset(("imagen", "origen", "orden", "joven", "virgen", "margen", "examen", "volumen", "crimen"))
"""Words in -n whose singular is stressed before its last syllable, and has no accent."""


def noun_plural(noun: str) -> str:
    """The plural of a singular noun: `ciudad` → `ciudades`. The first word of a phrase is inflected."""
    return _inflected(noun, _plural)


def noun_singular(noun: str) -> str:
    """The singular of a noun that may be plural: `canciones` → `canción`; what is singular already stays."""
    return _inflected(noun, _singular)


def _inflected(noun: str, rule: Callable[[str], str]) -> str:
    found = re.match(r"(\s*)([^\W\d_]+)(.*)\Z", noun, re.DOTALL)
    if found is None:
        return noun
    made = rule(found[2].lower())
    if found[2].isupper() and len(found[2]) > 1:
        made = made.upper()
    elif found[2][0].isupper():
        made = made[0].upper() + made[1:]
    return found[1] + made + found[3]


def _plural(word: str) -> str:
    if word in _UNCHANGING or word.endswith("x"):
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word[-1] in "íú":
        return f"{word}es"
    if word[-1] in "aeiouáéó":
        return f"{word}s"
    if word[-1] == "z":
        return f"{word[:-1]}ces"
    if word[-1] == "s" and not (_ENDS_SHARP.search(word) or _syllables(word) == 1):
        return word  # the plural already, or one of the words in -s that do not change
    if _ENDS_SHARP.search(word) and not _KEEPS_ACCENT.search(word):
        return f"{word[:-2]}{word[-2].translate(_PLAIN)}{word[-1]}es"
    if word in _STRESSED_BEFORE:
        return f"{_with_accent(word)}es"
    return f"{word}es"


def _singular(word: str) -> str:
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word in _UNCHANGING or not word.endswith("s") or _ENDS_SHARP.search(word) or _syllables(word) == 1:
        return word
    if word.endswith("ces") and len(word) > 4:
        return f"{word[:-3]}z"
    if word.endswith(("íes", "úes")):
        return word[:-2]
    stem = word[:-2]
    if word.endswith("es") and stem and stem[-1] in "dlnrsyj" and not _NO_END_OF_A_WORD.search(stem):
        plain = stem.translate(_PLAIN)
        if plain in _STRESSED_BEFORE:
            return plain
        if _SHARP_STEMS.search(stem) and not _SHARP_VOWEL.search(stem) and _syllables(stem) > 1:
            return f"{stem[:-2]}{stem[-2].translate(_SHARP)}{stem[-1]}"
        return stem
    return word[:-1]


def _syllables(word: str) -> int:
    return len(_VOWELS.findall(word))


def _with_accent(word: str) -> str:
    """The word with an accent on the vowel that is stressed when a syllable is added: `examen` → `exámen`."""
    vowels = [found.end() - 1 for found in _VOWELS.finditer(word)]
    place = vowels[-2]
    return word[:place] + word[place].translate(_SHARP) + word[place + 1 :]
