"""English verbs: present and past by person. Rules of spelling with a table of irregular verbs; pure.

A person is written like `1sg`, `2sg`, `3sg`, `1pl`, `pl`; a past person has a `p` behind it (`3sgp`, `ppl`).
"""

from __future__ import annotations

import re

from shared.interview.library.words.irregular import PAST

_BASE_OF_PAST = {past: base for base, past in PAST.items() if past != base and past not in ("lay", "wound", "ground")}
_BE_PRESENT = {"1sg": "am", "2sg": "are", "3sg": "is"}
_BE_PAST = {"1sg": "was", "2sg": "were", "3sg": "was"}
_MODAL = frozenset(("can", "may", "will", "shall", "must"))
_DOUBLES = re.compile(
    r"(?:^[^aeiou]*(?:qu)?[aeiou][bdgklmnprt]|(?:re|com|per|ad|e|o)mit|(?:re|de|pre|in|con|trans)fer|(?:oc|re|in)cur"
    r"|(?:re|com)pel|control|begin|regret|forget|abet|equip|quiz)$"
)
_VOWEL = re.compile(r"[aeiouy]")
_LOST_E = re.compile(
    r"(?:[cuvz]|[^s]s|[^aeiourl]l|[aeiu]ng|[rd]g|[aeiou]g|(?:[^aeo]|cre)at|(?:inv|un|ign|exc|rec|^c)it|ut|[^o]ot"
    r"|(?:compl|del|comp)et|[^ao]id|[^eo]ad|[^o]od|[^o]ud|[^a]im|[^o]om|[^e]am|um|[^aoe]in|[^eo]an|(?:phon|postpon|clon)"
    r"|ven|[^a]ir|[^eo]ar|(?:st|gn|pl)or|ur|[^eo]ap|(?:^h|sc|^c)op|[wp]ip|yp|ik|[^eo]ak|[^o]ok|ib|ob|[^ao]il|[^o]ol|[^ao]ul)$"
)
"""Stems that had an e before `ed` was put on: `creat` of `created`, but not `treat` of `treated`."""


def verb_present(verb: str, person: str = "3sg") -> str:
    """The present of a verb given in any form: `verb_present("walked")` is `walks`; `1sg`, `2sg`, `pl`: `walk`."""
    head, base = _split(verb)
    base = infinitive(base)
    if base == "be":
        return _BE_PRESENT.get(person, "are") + head
    if person != "3sg" or base in _MODAL:
        return base + head
    return _third_person(base) + head


def verb_past(verb: str, person: str = "3sgp") -> str:
    """The simple past of a verb given in any form: `verb_past("help")` is `helped`."""
    head, base = _split(verb)
    base = infinitive(base)
    if base == "be":
        return _BE_PAST.get(person.removesuffix("p"), "were") + head
    return PAST.get(base, "") + head if base in PAST else _regular_past(base) + head


def to_infinitive(verb: str) -> str:
    """A verb given in any form as it stands behind `do`: `liked` is `like`, `is here` is `be here`."""
    head, first = _split(verb)
    return infinitive(first) + head


def infinitive(verb: str) -> str:
    """The base form, as far as the spelling shows it."""
    if verb in ("am", "is", "are", "was", "were", "been", "being", "be"):
        return "be"
    if verb in ("has", "had"):
        return "have"
    if verb in ("does", "did"):
        return "do"
    if verb in PAST:
        return verb
    if verb in _BASE_OF_PAST:
        return _BASE_OF_PAST[verb]
    for base in _candidates(verb):
        if verb in (_third_person(base), _regular_past(base), _participle(base)):
            return base
    return verb


def _candidates(verb: str) -> list[str]:
    """Possible base forms of an inflected regular verb, the likeliest first."""
    if verb.endswith(("ies", "ied")):
        return [verb[:-3] + "y"] if len(verb) > 4 else [verb[:-1]]
    if verb.endswith("eed") or (verb.endswith("ed") and len(verb) < 4):
        return []
    if verb.endswith("ed"):
        return _bases_of_stem(verb[:-2])
    if verb.endswith("es") and verb[:-2].endswith(("ss", "sh", "ch", "x", "zz", "o")):
        return [verb[:-2]]
    if verb.endswith("s") and not verb.endswith(("ss", "us", "is")) and len(verb) > 2:
        return [verb[:-1]]
    if verb.endswith("ing") and _VOWEL.search(verb[:-3]):
        return _bases_of_stem(verb[:-3])
    return []


def _bases_of_stem(stem: str) -> list[str]:
    """Possible base forms of what stands before `ed` or `ing`."""
    for base in (stem, stem + "e", stem[:-1]):
        if base in PAST or base == "be":
            return [base]
    if stem.endswith("y") and len(stem) == 2:
        return [stem[:-1] + "ie"]
    if stem[-1:] == stem[-2:-1] and stem[-1] not in "elsz":
        return [stem[:-1], stem]
    return [stem + "e", stem] if _LOST_E.search(stem) else [stem, stem + "e"]


def _split(verb: str) -> tuple[str, str]:
    """A phrase like `go away` as (rest, first word in small letters)."""
    first, blank, rest = verb.strip().partition(" ")
    return blank + rest, first.lower() if first.isupper() else first


def _third_person(base: str) -> str:
    if base == "have":
        return "has"
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return base + "es"
    if base.endswith("y") and base[-2:-1] not in ("a", "e", "i", "o", "u"):
        return base[:-1] + "ies"
    return base + "s"


def _participle(base: str) -> str:
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "be":
        return base[:-1] + "ing"
    if base.endswith("ic"):
        return base + "king"
    return base + base[-1] * (_DOUBLES.search(base) is not None) + "ing"


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2:-1] not in ("a", "e", "i", "o", "u"):
        return base[:-1] + "ied"
    if _DOUBLES.search(base):
        return base + base[-1] + "ed"
    if base.endswith("ic"):
        return base + "ked"
    return base + "ed"
