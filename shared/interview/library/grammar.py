"""Building sentences: lists, nouns with numbers, possessives, verbs, and the prefixes English puts before a noun.

What authors call in texts (spec/area4 §7.5). In English, with nouns and what stands before them in Spanish too;
`update_language_function` of languages.py puts another language's function in the place of any of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from shared.interview.library.languages import by_language, get_language, word
from shared.interview.library.numbers import nice_number, number_of
from shared.interview.library.words import nouns, spanish_nouns, spanish_phrases, verbs

__all__ = [
    "a_in_the_b",
    "a_preposition_b",
    "add_separators",
    "are_you",
    "capitalize",
    "comma_and_list",
    "comma_list",
    "did_a_b",
    "did_you",
    "do_you",
    "does_a_b",
    "fix_punctuation",
    "has",
    "have_you",
    "her",
    "his",
    "in_the",
    "indefinite_article",
    "is_you",
    "its",
    "noun_plural",
    "noun_singular",
    "of_the",
    "possessify",
    "possessify_long",
    "quantity_noun",
    "some",
    "the",
    "their",
    "these",
    "this",
    "title_case",
    "verb_past",
    "verb_present",
    "was_you",
    "were_you",
    "your",
]

_SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "but", "by", "en", "for", "from", "if", "in", "nor", "of", "on", "or", "per", "the")
) | {"to", "v", "vs", "via", "with"}


@by_language
def capitalize(text: Any, **_: Any) -> str:
    """The text with a capital first letter; a single letter stays as it is (spec/area4 §12.31)."""
    content = str(text)
    return content[0].upper() + content[1:] if len(content) > 1 else content


@by_language
def title_case(text: Any, **_: Any) -> str:
    """The text with the capitals of a title: small words in the middle stay small."""
    words = re.split(r"(\s+)", str(text))
    last = len(words) - 1
    return "".join(
        piece if index not in (0, last) and piece.lower() in _SMALL_WORDS else _with_capital(piece)
        for index, piece in enumerate(words)
    )


def _with_capital(piece: str) -> str:
    """A capital on the first letter, unless the word has capitals of its own inside (`iPhone`, `McDonald`)."""
    if any(letter.isupper() for letter in piece[1:]):
        return piece
    return re.sub(r"[^\W\d_]", lambda match: match.group().upper(), piece, count=1)


@by_language
def comma_and_list(*items: Any, **options: Any) -> str:
    """The items as in a sentence: `a`, `a and b`, `a, b, and c`.

    Options: `oxford` (True), `and_string`, `comma_string`, `before_and`, `after_and`.
    """
    texts = _texts(items)
    conjunction = str(options.get("and_string", word("and")))
    comma = str(options.get("comma_string", ", "))
    before, after = str(options.get("before_and", " ")), str(options.get("after_and", " "))
    joined = before + conjunction + after
    if len(texts) < 3:
        return joined.join(texts)
    oxford = comma.rstrip(" ") if options.get("oxford", True) else ""
    return comma.join(texts[:-1]) + oxford + joined + texts[-1]


@by_language
def comma_list(*items: Any, **options: Any) -> str:
    """The items separated by commas, without a conjunction; `comma_string` is the separator."""
    return str(options.get("comma_string", ", ")).join(_texts(items))


@by_language
def add_separators(*items: Any, **options: Any) -> list[str]:
    """The items, each with what follows it in a list of clauses: `;`, `; and`, `.`

    Options: `separator` (";"), `last_separator` ("; and"), `end_mark` (".").
    """
    texts = [text.rstrip() for text in _texts(items)]
    separator = str(options.get("separator", ";"))
    last_separator = str(options.get("last_separator", "; " + word("and")))
    ends = [separator] * max(len(texts) - 2, 0) + [last_separator] * min(max(len(texts) - 1, 0), 1)
    ends += [str(options.get("end_mark", "."))]
    return [text + end for text, end in zip(texts, ends, strict=False)]


def _texts(items: tuple[Any, ...]) -> list[str]:
    """The arguments as texts: each a text, or a collection of them."""
    found: list[str] = []
    for item in items:
        if isinstance(item, str) or not isinstance(item, Iterable):
            found.append(str(item))
        else:
            found.extend(str(element) for element in item)
    return found


def _is_one(number: Any) -> bool:
    """Whether a number or the length of a collection is one."""
    try:
        return bool(number_of(number) == 1)
    except (TypeError, ValueError):
        return False


@by_language
def noun_plural(noun: Any, number: Any = None, **_: Any) -> str:
    """The plural of a noun, also of one that is plural already; the singular if `number` is one."""
    to_singular, to_plural = _nouns()
    singular = to_singular(str(noun))
    return singular if number is not None and _is_one(number) else to_plural(singular)


@by_language
def noun_singular(noun: Any, number: Any = None, **_: Any) -> str:
    """The singular of a noun; the noun as given if `number` is not one."""
    return str(noun) if number is not None and not _is_one(number) else _nouns()[0](str(noun))


def _nouns() -> tuple[Callable[[str], str], Callable[[str], str]]:
    """How the language that is spoken makes a singular and a plural; as English does where it has no rules here."""
    if get_language() == "es":
        return spanish_nouns.noun_singular, spanish_nouns.noun_plural
    return nouns.noun_singular, nouns.noun_plural


@by_language
def quantity_noun(number: Any, noun: Any, *, as_integer: bool = True, capitalize: bool = False, **_: Any) -> str:
    """The number and the noun in the form that fits it: `three apples`, `one apple`, `25 apples`."""
    value = number_of(number)
    if as_integer:
        value = round(value)
    text = f"{nice_number(value)} {noun_plural(noun, value)}"
    return _capital(text, capitalize)


@by_language
def indefinite_article(noun: Any, *, capitalize: bool = False, **_: Any) -> str:
    """The noun with `a` or `an`, as it sounds."""
    article = spanish_phrases.indefinite_article if get_language() == "es" else nouns.indefinite_article
    return _capital(article(str(noun)), capitalize)


@by_language
def verb_present(verb: Any, person: str | int = "3sg", **_: Any) -> str:
    """The present of a verb: `verb_present("walked")` is `walks`. Persons: 1sg, 2sg, 3sg, pl; or 1, 2, 3."""
    return verbs.verb_present(str(verb), _person(person))


@by_language
def verb_past(verb: Any, person: str | int = "3sgp", **_: Any) -> str:
    """The past of a verb: `verb_past("help")` is `helped`. Persons: 1sgp, 2sgp, 3sgp, ppl; or 1, 2, 3."""
    return verbs.verb_past(str(verb), _person(person))


def _person(person: str | int) -> str:
    """A person as the rules for verbs write it; a bare number is that person alone, in the singular."""
    return f"{person}sg" if str(person) in ("1", "2", "3") else str(person)


@by_language
def possessify(owner: Any, thing: Any, *, plural: bool = False, capitalize: bool = False, **_: Any) -> str:
    """`Fred's dog`; with `plural` an owner in -s takes the apostrophe only: `the users' dog`."""
    text = str(owner)
    if get_language() == "es":
        return _capital(f"{spanish_phrases.the(str(thing))} {spanish_phrases.of(text)}", capitalize)
    mark = "'" if plural and text.endswith("s") else "'s"
    return _capital(f"{text}{mark} {thing}", capitalize)


@by_language
def possessify_long(owner: Any, thing: Any, *, capitalize: bool = False, **_: Any) -> str:
    """`the dog of the plaintiff`."""
    if get_language() == "es":
        return _capital(f"{spanish_phrases.the(str(thing))} {spanish_phrases.of_the(str(owner))}", capitalize)
    return _capital(f"the {thing} of the {owner}", capitalize)


@by_language
def fix_punctuation(text: Any, mark: str = ".", other_marks: Iterable[str] = (".", "?", "!")) -> str:
    """The text with a full stop at its end, unless it ends in `.`, `?` or `!` already."""
    stripped = str(text).rstrip()
    if not stripped or stripped.endswith((mark, *other_marks)):
        return stripped
    return stripped + mark


@by_language
def a_preposition_b(a: Any, b: Any, *, preposition: str = "in the", capitalize: bool = False, **_: Any) -> str:
    """`dog in the house`, with the preposition given."""
    return _capital(f"{a} {preposition} {b}", capitalize)


@by_language
def a_in_the_b(a: Any, b: Any, *, capitalize: bool = False, **_: Any) -> str:
    """`dog in the house`."""
    return _capital(f"{a} {in_the(b)}", capitalize)


@by_language
def does_a_b(a: Any, b: Any, *, capitalize: bool = False, plural: bool = False, **_: Any) -> str:
    """`does John eat`; `do the children eat` with `plural`."""
    return _capital(f"{word('do' if plural else 'does')} {a} {verbs.to_infinitive(str(b))}", capitalize)


@by_language
def did_a_b(a: Any, b: Any, *, capitalize: bool = False, **_: Any) -> str:
    """`did John eat`."""
    return _capital(f"{word('did')} {a} {verbs.to_infinitive(str(b))}", capitalize)


def _prefix(name: str, prefix: str, example: str) -> Callable[..., str]:
    """A function that puts a fixed text before a noun."""

    def put_before(text: Any, *, capitalize: bool = False, **_: Any) -> str:
        said = word(prefix)
        own = spanish_phrases.BEFORE_NOUNS.get(name) if get_language() == "es" and said == prefix else None
        return _capital(own(str(text)) if own is not None else f"{said} {text}", capitalize)

    put_before.__name__ = put_before.__qualname__ = name
    put_before.__doc__ = f"`{example}`."
    return by_language(put_before)


def _capital(text: str, wanted: bool) -> str:
    return capitalize(text) if wanted else text


her = _prefix("her", "her", "her dog")
his = _prefix("his", "his", "his dog")
its = _prefix("its", "its", "its wheel")
their = _prefix("their", "their", "their dog")
your = _prefix("your", "your", "your dog")
are_you = _prefix("are_you", "are you", "are you happy")
is_you = _prefix("is_you", "is", "is Fred")
was_you = _prefix("was_you", "was", "was Fred")
were_you = _prefix("were_you", "were you", "were you there")
have_you = _prefix("have_you", "have you", "have you eaten")
has = _prefix("has", "has", "has Fred")
did_you = _prefix("did_you", "did you", "did you go")
do_you = _prefix("do_you", "do you", "do you go")
of_the = _prefix("of_the", "of the", "of the house")
in_the = _prefix("in_the", "in the", "in the house")
the = _prefix("the", "the", "the house")
these = _prefix("these", "these", "these houses")
this = _prefix("this", "this", "this house")
some = _prefix("some", "some", "some rain")
