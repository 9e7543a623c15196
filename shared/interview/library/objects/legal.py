"""Cases, courts, parties and documents (spec/area4 §6.5): what `docassemble.base.legal` adds."""

from __future__ import annotations

from typing import Any

from shared.interview.library.grammar import capitalize
from shared.interview.library.languages import word
from shared.interview.library.named import LEGAL, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.persons import Individual, Person


@public_in(LEGAL)
class Jurisdiction(DAObject):
    """Where a court has power."""

    def __str__(self) -> str:
        return str(self.name) if "name" in self.__dict__ else self.object_name()


@public_in(LEGAL)
class Court(DAObject):
    """A court: `name`, `jurisdiction`."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A court whose jurisdiction is a list, empty at first."""
        self.__dict__["jurisdiction"] = []
        super().init(*arguments, **attributes)

    def __str__(self) -> str:
        return str(self.name)

    def in_the_county(self) -> str:
        """Words for a caption when the court sits for a county."""
        return f"{word('In the')} {self.name}"


@public_in(LEGAL)
class PartyList(DAList):
    """Individuals or organizations on one side of a case."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of individuals, unless another `object_type` is given."""
        super().init(*arguments, **{"object_type": Individual, **attributes})


@public_in(LEGAL)
class Case(DAObject):
    """A lawsuit: `court`, `plaintiff` and `defendant` (or other sides, see `action_type`), `case_id`."""

    _sides: list[str]

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A civil action of plaintiffs against defendants, unless `action_type` says another."""
        self.__dict__["is_solved"] = False
        self.action_type = attributes.pop("action_type", "plaintiff defendant")
        sides = str(self.action_type).split()
        self.__dict__["_sides"] = sides if len(sides) == 2 else ["plaintiff", "defendant"]
        for side in self._sides:
            if side not in attributes:
                self.initializeAttribute(side, PartyList)
        super().init(*arguments, **attributes)

    @property
    def firstParty(self) -> Any:
        """The side that sues."""
        return getattr(self, self._sides[0])

    @property
    def secondParty(self) -> Any:
        """The side that is sued."""
        return getattr(self, self._sides[1])

    def parties(self) -> list[Any]:
        """Everybody on either side."""
        return [party for side in self._sides for party in getattr(self, side)]

    def all_known_people(self) -> list[Any]:
        """Everybody known so far, parties and their children; never asks."""
        found: list[Any] = []
        for side in self._sides:
            _collect_people(self.__dict__.get(side), found)
        return found

    def role_of(self, party: Any) -> str:
        """Which side a party is on, or `third party`."""
        for side in self._sides:
            known = self.__dict__.get(side)
            if known is not None and any(member is party for member in known.elements):
                return side
        return "third party"

    def case_id_in_caption(self, **_: Any) -> str:
        """The number of the case for a caption, or a place to write it."""
        if "case_id" in self.__dict__ and self.case_id:
            return f"{word('Case No.')} {self.case_id}"
        return f"{word('Case No.')} ____________________"

    def determine_court(self) -> None:
        """Find the court: for derived classes that know how."""

    def __str__(self) -> str:
        return str(self.case_id) if "case_id" in self.__dict__ else self.object_name()


def _collect_people(known: Any, found: list[Any]) -> None:
    for person in getattr(known, "elements", ()):
        if isinstance(person, Person) and person.identified() and all(person is not other for other in found):
            found.append(person)
            _collect_people(person.__dict__.get("child"), found)


@public_in(LEGAL)
class Document(DAObject):
    """A document: `title`."""

    def __str__(self) -> str:
        return str(self.title)


@public_in(LEGAL)
class LegalFiling(Document):
    """A document filed in a case."""

    def caption(self) -> str:
        """Markup of the heading of a filing: court, parties, number and title."""
        case = self.case
        first, second = case.firstParty, case.secondParty
        names = list(case._sides)
        lines = [
            f"[BOLDCENTER] {case.court}",
            "",
            "[BEGIN_CAPTION]",
            f"{str(first).upper()},",
            "",
            f"{capitalize(word(first.as_noun(names[0])))}",
            "",
            word("v."),
            "",
            f"{str(second).upper()},",
            "",
            f"{capitalize(word(second.as_noun(names[1])))}",
            "",
            "[VERTICAL_LINE]",
            f"{case.case_id_in_caption()}",
            "",
            "[END_CAPTION]",
        ]
        if "title" in self.__dict__:
            lines += ["", f"[BOLDCENTER] {str(self.title).upper()}"]
        return "\n".join(lines) + "\n"


@public_in(LEGAL)
class Pleading(LegalFiling):
    """A filing of one side that answers or claims."""
