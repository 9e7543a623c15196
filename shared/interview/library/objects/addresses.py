"""Where things and people are (spec/area4 §6.5)."""

from __future__ import annotations

import re
from typing import Any

from shared.interview.library.languages import get_country, word
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.places import country_name
from shared.interview.runtime.run import current_run_or_none

_SAYS_WHAT_IT_IS = re.compile(
    r"(?:\b(?:unit|apt|apartment|suite|ste|floor|fl|room|rm|bldg|building|lot|space|dept|department|office|ofc|penthouse"
    r"|ph|trailer|trlr|slip|pier|hangar|basement|bsmt|lobby|lower|upper|front|rear|side|stop|box|number|no)\b|#)",
    re.I,
)
_NEW_LINE = " [NEWLINE] "


@public
class LatitudeLongitude(DAObject):
    """A place on the globe, as the browser tells it when `track_location` asks for it."""

    gathered: bool
    known: bool

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Not known yet."""
        self.__dict__.update(gathered=False, known=False)
        super().init(*arguments, **attributes)

    def status(self) -> bool:
        """Whether the browser still has to be asked; takes over what it told. For `track_location`."""
        if self.gathered:
            return False
        run = current_run_or_none()
        location = run.context.user.location if run is not None else None
        if not location:
            return True
        self.gathered = True
        if "error" in location or "latitude" not in location:
            self.known = False
            self.error = location.get("error", "")
        else:
            self.known = True
            self.latitude, self.longitude = location["latitude"], location["longitude"]
        return False

    def __str__(self) -> str:
        if self.known:
            return f"{self.latitude}, {self.longitude}"
        return str(self.__dict__.get("error") or word("Unknown"))


@public
class Address(DAObject):
    """A postal address: address, unit, floor, room, city, state, zip or postal_code, county, country."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """An empty address."""
        self.initializeAttribute("location", LatitudeLongitude)
        self.__dict__.update(_geocoded=False, geolocated=False, city_only=False)
        super().init(*arguments, **attributes)

    def __str__(self) -> str:
        return self.block()

    def _part(self, name: str) -> str:
        """A part of the address as far as it is known."""
        value = self.__dict__.get(name)
        return "" if value is None else str(value).strip()

    def formatted_unit(self, language: str | None = None, require: bool = False) -> str:
        """The unit, floor or room with the word that belongs to it; asked for only with `require`."""
        if "unit" in self.__dict__ or ("floor" not in self.__dict__ and "room" not in self.__dict__):
            if require:
                _ = self.unit
            unit = self._part("unit")
            if not unit or _SAYS_WHAT_IT_IS.search(unit):
                return unit
            return f"{word('Unit')} {unit}"
        if floor := self._part("floor"):
            return f"{word('Floor')} {floor}"
        room = self._part("room")
        return f"{word('Room')} {room}" if room else ""

    def _street(self) -> str:
        if "address" not in self.__dict__ and "street_number" in self.__dict__ and "street" in self.__dict__:
            return f"{self.street_number} {self.street}"
        return str(self.address)

    def _town(self) -> str:
        """City, state and postal code on one line."""
        text = str(self.city)
        if state := self._part("state"):
            text += f", {state}"
        code = self._part("zip") or self._part("postal_code")
        return f"{text} {code}" if code else text

    def _foreign_country(self, omit_default: bool, language: str | None) -> str:
        country = self._part("country")
        if not country or (omit_default and country == get_country()):
            return ""
        return country_name(country, language)

    def block(
        self,
        language: str | None = None,
        international: bool = False,
        show_country: bool | None = None,
        bare: bool = False,
    ) -> str:
        """The address as it stands on an envelope, lines joined by a line break."""
        lines = [] if self.city_only else [self._street(), self.formatted_unit(language)]
        lines.append(self._town())
        if show_country is not False:
            lines.append(self._foreign_country(show_country is not True and not international, language))
        return ("\n" if bare else _NEW_LINE).join(line for line in lines if line)

    def on_one_line(
        self,
        include_unit: bool = True,
        omit_default_country: bool = True,
        language: str | None = None,
        show_country: bool | None = None,
        bare: bool = False,
    ) -> str:
        """The address on one line: `123 Main Street, Unit 4, Boston, MA 02110`."""
        parts = [] if self.city_only else [self._street()]
        if include_unit and not self.city_only:
            parts.append(self.formatted_unit(language))
        parts.append(self._town())
        if show_country is not False:
            parts.append(self._foreign_country(omit_default_country and show_country is not True, language))
        return ", ".join(part for part in parts if part)

    def line_one(self, language: str | None = None, bare: bool = False) -> str:
        """Street and unit."""
        if self.city_only:
            return ""
        unit = self.formatted_unit(language)
        return self._street() + (f", {unit}" if unit else "")

    def line_two(self, language: str | None = None, bare: bool = False) -> str:
        """City, state and postal code."""
        return self._town()

    def geocode(self, address: str | None = None, reset: bool = False) -> bool:
        """Look the address up on the internet: this server has no such service, so nothing is found."""
        self.__dict__["_geocoded"] = True
        return self.was_geocoded_successfully()

    def was_geocoded(self) -> bool:
        """Whether it was tried to look the address up."""
        return bool(self._geocoded)

    def was_geocoded_successfully(self) -> bool:
        """Whether the address was found on the internet."""
        return bool(self._geocoded and self.geolocated)

    def reset_geocoding(self) -> None:
        """Forget what was looked up."""
        self.__dict__.update(_geocoded=False, geolocated=False)

    def normalize(self, *_: Any, **__: Any) -> bool:
        """Write the address as the internet has it: False, because nothing was found."""
        return self.was_geocoded_successfully()


@public
class City(Address):
    """A town, without a street."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """An address of which only the city counts."""
        super().init(*arguments, **{"city_only": True, **attributes})
