"""What Spanish puts before a noun: articles, possessives, `en la`, `del`; by gender and number of the noun; pure.

The gender is told by the end of the word (Real Academia Española, Nueva gramática, §2.2), and by a list of common words
that do not follow it. `el` and `un` stand before feminine nouns that begin with a stressed a (`el agua`, §14.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.interview.library.words.spanish_nouns import noun_singular

_FEMININE_ENDS = ("a", "ción", "sión", "gión", "xión", "dad", "tad", "tud", "umbre", "ez", "crisis", "tesis")
_FEMININE = frozenset(
    (
        "mano", "foto", "moto", "radio", "madre", "mujer", "clave", "calle", "clase", "noche", "tarde", "leche",
        "gente", "sangre", "nube", "llave", "nave", "parte", "muerte", "suerte", "mente", "fuente", "corte", "ley",
        "luz", "paz", "voz", "cruz", "vez", "flor", "sal", "miel", "piel", "cárcel", "señal", "red", "sed", "pared",
        "imagen", "base", "frase", "fase", "sede", "torre", "carne", "fe", "fiebre", "hambre", "dosis", "labor", "raíz",
        "nariz",
    )
)  # fmt: skip
_MASCULINE = frozenset(
    (
        "día", "mapa", "problema", "sistema", "tema", "programa", "idioma", "clima", "planeta", "poema", "drama",
        "papá", "sofá", "tranvía", "pijama", "diploma", "esquema", "síntoma", "fantasma", "crucigrama", "telegrama",
        "dilema", "lema", "panorama", "diagrama", "juez", "pez", "ajedrez", "abogado", "cura", "guardia", "policía",
        "paréntesis",
    )
)  # fmt: skip
_TAKES_EL = frozenset(
    ("agua", "alma", "águila", "arma", "área", "aula", "hambre", "hada", "hacha", "ala", "acta", "ama")
)


_BEFORE = frozenset(
    ("ex", "gran", "grande", "mejor", "peor", "mayor", "menor", "actual", "joven", "principal", "presente", "posible")
)
"""Words that stand before a noun and say nothing of its gender."""
_NO_NOUNS = frozenset(("de", "del", "en", "y", "e", "o", "u", "que", "a", "al", "con", "por", "para", "sin"))


def is_feminine(noun: str) -> bool:
    """By its first word that tells: `casa grande` is feminine, and so is `ex esposa`."""
    word = noun_singular(_telling(noun))
    if word in _FEMININE or word in _MASCULINE:
        return word in _FEMININE
    return word.endswith(_FEMININE_ENDS)


def is_plural(noun: str) -> bool:
    """Whether the letters say that it is more than one."""
    return noun_singular(telling := _telling(noun)) != telling


def _telling(noun: str) -> str:
    """The word that gender and number are told by, in small letters: the noun itself after `ex`, `gran` and kin."""
    words = noun.lower().split()
    while len(words) > 1 and noun_singular(words[0]) in _BEFORE and words[1] not in _NO_NOUNS:
        del words[0]
    return words[0].removeprefix("ex-") if words else ""


def _takes_el(noun: str) -> bool:
    """Only right before the noun: `el agua`, but `la gran agua`."""
    return noun.strip().split(" ", 1)[0].lower() in _TAKES_EL


def _form(noun: str, forms: tuple[str, str, str, str]) -> str:
    """Of masculine, feminine, masculine plural, feminine plural."""
    return forms[2 * is_plural(noun) + is_feminine(noun)]


def _article(noun: str) -> str:
    if _takes_el(noun):
        return "el"
    return _form(noun, ("el", "la", "los", "las"))


def the(noun: str) -> str:
    """`la casa`, `los perros`."""
    return f"{_article(noun)} {noun}"


def in_the(noun: str) -> str:
    """`en la casa`."""
    return f"en {the(noun)}"


def of_the(noun: str) -> str:
    """`de la casa`, `del perro`."""
    return f"del {noun}" if _article(noun) == "el" else f"de {the(noun)}"


def of(owner: str) -> str:
    """`de Juan`, `del demandante` of `el demandante`; `El` of a name stays (`de El Salvador`; RAE, Ortografía)."""
    return f"del {owner[3:]}" if owner.startswith("el ") else f"de {owner}"


def indefinite_article(noun: str) -> str:
    """`un perro`, `una casa`, `unas casas`."""
    if _takes_el(noun):
        return f"un {noun}"
    return f"{_form(noun, ('un', 'una', 'unos', 'unas'))} {noun}"


def some(noun: str) -> str:
    """`algún perro`, `algunas casas`."""
    return f"{_form(noun, ('algún', 'alguna', 'algunos', 'algunas'))} {noun}"


def this(noun: str) -> str:
    """`este perro`, `estas casas`: the noun says whether it is one or many."""
    return f"{_form(noun, ('este', 'esta', 'estos', 'estas'))} {noun}"


def _of_whom(one: str, many: str) -> Callable[[str], str]:
    return lambda noun: f"{many if is_plural(noun) else one} {noun}"


BEFORE_NOUNS: Mapping[str, Callable[[str], str]] = {
    "the": the,
    "this": this,
    "these": this,
    "some": some,
    "in_the": in_the,
    "of_the": of_the,
    "his": _of_whom("su", "sus"),
    "her": _of_whom("su", "sus"),
    "its": _of_whom("su", "sus"),
    "their": _of_whom("su", "sus"),
    "your": _of_whom("su", "sus"),
}
"""By the name of the language function. Who reads is spoken to as `usted`."""
