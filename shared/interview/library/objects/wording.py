"""How an object is spoken of: pronouns, questions and verbs that agree with it (spec/area4 §6.1).

A point of view is a person (1, 2, 3) and whether it is plural. The user is spoken to (`set_info(user=user)`); an object
may fix its own with `_point_of_view`: `1`, `2`, `3`, or with a `p` behind it for plural. Another language says it
in its own way by `update_word_collection()`, or by `update_language_function()` for `his`, `your`, `does_a_b` and kin.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.interview.library import grammar
from shared.interview.library.information import get_info
from shared.interview.library.languages import word
from shared.interview.library.words import verbs


class Pronouns(NamedTuple):
    """The forms of one pronoun."""

    subjective: str
    objective: str
    possessive: str
    reflexive: str


class PointOfView(NamedTuple):
    """First, second or third person, singular or plural."""

    person: int
    is_plural: bool

    @property
    def is_third_singular(self) -> bool:
        """Whether verbs take their -s."""
        return self.person == 3 and not self.is_plural


IT = Pronouns("it", "it", "its", "itself")
HE = Pronouns("he", "him", "his", "himself")
SHE = Pronouns("she", "her", "her", "herself")
THEY = Pronouns("they", "them", "their", "themselves")
_SPOKEN = {
    (1, False): Pronouns("I", "me", "my", "myself"),
    (1, True): Pronouns("we", "us", "our", "ourselves"),
    (2, False): Pronouns("you", "you", "your", "yourself"),
    (2, True): Pronouns("you", "you", "your", "yourselves"),
}


_BEFORE_WHAT_IS_OWNED = {
    "his": grammar.his,
    "her": grammar.her,
    "its": grammar.its,
    "their": grammar.their,
    "your": grammar.your,
}


class Wording:
    """Methods for sentences about an object. Texts are lower case unless `capitalize=True`."""

    def point_of_view(self) -> PointOfView:
        """Who is spoken of, seen from the text."""
        fixed = str(self.__dict__.get("_point_of_view", ""))
        if fixed[:1] in ("1", "2", "3"):
            return PointOfView(int(fixed[0]), fixed.endswith("p"))
        if self.is_user():
            return PointOfView(2, self._is_several())
        return PointOfView(3, self._is_several())

    def is_user(self) -> bool:
        """Whether this is who `set_info(user=…)` named."""
        return get_info("user") is self

    def _is_several(self) -> bool:
        return False

    def _third_person(self) -> Pronouns:
        """The pronouns of the object when it is spoken about."""
        return IT

    def _pronouns(self, options: dict[str, Any]) -> Pronouns:
        view = self._view(options)
        if view.person == 3:
            return THEY if view.is_plural else self._third_person()
        return _SPOKEN[view]

    def _view(self, options: dict[str, Any]) -> PointOfView:
        """The point of view of a sentence; `third_person=True` speaks about the user instead of to the user."""
        view = self.point_of_view()
        if options.get("third_person", options.get("thirdperson", False)):
            return PointOfView(3, view.is_plural)
        return view

    # Pronouns
    def pronoun(self, **options: Any) -> str:
        """`him`, `her`, `it`, `you` …: as object of a sentence."""
        return self.pronoun_objective(**options)

    def pronoun_objective(self, **options: Any) -> str:
        """`him`, `her`, `it`, `you`, `me`, `them`."""
        return _spoken(self._pronouns(options).objective, options)

    def pronoun_subjective(self, **options: Any) -> str:
        """`he`, `she`, `it`, `you`, `I`, `they`."""
        return _spoken(self._pronouns(options).subjective, options)

    def pronoun_possessive(self, target: Any, **options: Any) -> str:
        """`his dog`, `your dog`."""
        own = self._pronouns(options).possessive
        put_before = _BEFORE_WHAT_IS_OWNED.get(own)
        return _capital(put_before(target) if put_before is not None else f"{word(own)} {target}", options)

    def itself(self, **options: Any) -> str:
        """`himself`, `yourself`, `itself`."""
        return _spoken(self._pronouns(options).reflexive, options)

    def pronoun_or_name(self, **options: Any) -> str:
        """`you` or `me`; anybody else by name."""
        return self._spoken_to_or_name("objective", options)

    def subjective_pronoun_or_name(self, **options: Any) -> str:
        """`you` or `I`; anybody else by name."""
        return self._spoken_to_or_name("subjective", options)

    def yourself_or_name(self, **options: Any) -> str:
        """`yourself` or `myself`; anybody else by name."""
        return self._spoken_to_or_name("reflexive", options)

    def _spoken_to_or_name(self, form: str, options: dict[str, Any]) -> str:
        if self._view(options).person == 3:
            return _capital(str(self), options)
        return _spoken(getattr(self._pronouns({}), form), options)

    # Possession
    def possessive(self, target: Any, **options: Any) -> str:
        """`Fred's dog`, `your dog`."""
        view = self._view(options)
        if view.person != 3:
            return self.pronoun_possessive(target, **options)
        return _capital(grammar.possessify(str(self), target, plural=view.is_plural), options)

    def object_possessive(self, target: Any, **options: Any) -> str:
        """Like `possessive`, with what the variable is called: `the plaintiff's dog`."""
        name: str = self.object_name()  # type: ignore[attr-defined]
        if "." in getattr(self, "instanceName", ""):
            return _capital(grammar.possessify_long(name, target), options)
        return _capital(grammar.possessify(f"{word('the')} {name}", target), options)

    # Questions and verbs
    def is_are_you(self, **options: Any) -> str:
        """`are you`, `is Fred`."""
        return _capital(self._asked("be", options), options)

    def do_question(self, the_verb: Any, **options: Any) -> str:
        """`do you eat`, `does Fred eat`."""
        view = self._view(options)
        match view.person:
            case 1:
                text = f"{self._asked('do', options)} {the_verb}"
            case 2:
                text = grammar.do_you(the_verb)
            case _:
                text = grammar.does_a_b(str(self), the_verb, plural=view.is_plural)
        return _capital(text, options)

    def did_question(self, the_verb: Any, **options: Any) -> str:
        """`did you eat`, `did Fred eat`."""
        match self._view(options).person:
            case 1:
                text = f"{self._asked('do', options, is_past=True)} {the_verb}"
            case 2:
                text = grammar.did_you(the_verb)
            case _:
                text = grammar.did_a_b(str(self), the_verb)
        return _capital(text, options)

    def were_question(self, the_target: Any, **options: Any) -> str:
        """`were you present`, `was Fred present`."""
        if self._view(options).person == 2:
            return _capital(grammar.were_you(the_target), options)
        return _capital(f"{self._asked('be', options, is_past=True)} {the_target}", options)

    def have_question(self, the_target: Any, **options: Any) -> str:
        """`have you eaten`, `has Fred eaten`."""
        if self._view(options).person == 2:
            return _capital(grammar.have_you(the_target), options)
        return _capital(f"{self._asked('have', options)} {the_target}", options)

    def does_verb(self, the_verb: Any, **options: Any) -> str:
        """The present of a verb as it goes with the object: `eats`, `eat`."""
        return _capital(grammar.verb_present(the_verb, self._person_of_verb(options)), options)

    def did_verb(self, the_verb: Any, **options: Any) -> str:
        """The past of a verb as it goes with the object."""
        return _capital(grammar.verb_past(the_verb, self._person_of_verb(options) + "p"), options)

    def _asked(self, auxiliary: str, options: dict[str, Any], *, is_past: bool = False) -> str:
        """An auxiliary verb before the subject: `are you`, `does Fred`."""
        view = self._view(options)
        subject = str(self) if view.person == 3 else word(_SPOKEN[view].subjective)
        person = self._person_of_verb(options)
        verb = verbs.verb_past(auxiliary, person + "p") if is_past else verbs.verb_present(auxiliary, person)
        return f"{word(verb)} {subject}"

    def _person_of_verb(self, options: dict[str, Any]) -> str:
        view = self._view(options)
        return "pl" if view.is_plural else f"{view.person}sg"


def _spoken(text: str, options: dict[str, Any]) -> str:
    return _capital(word(text), options)


def _capital(text: str, options: dict[str, Any]) -> str:
    return text[:1].upper() + text[1:] if options.get("capitalize") else text
