"""Things, events, persons and individuals (spec/area4 §6.5)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.dates import as_datetime, current_datetime, date_difference
from shared.interview.library.languages import word
from shared.interview.library.named import public
from shared.interview.library.objects.addresses import Address, City, LatitudeLongitude
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.names import IndividualName, Name
from shared.interview.library.objects.wording import HE, SHE, THEY, Pronouns
from shared.interview.library.phones import phone_number_in_e164
from shared.interview.runtime.run import current_run_or_none


@public
class Thing(DAObject):
    """Something with a name. `thing.name = 'apple'` sets `thing.name.text`."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A thing whose name is not known yet, unless `name=` gives it."""
        self.initializeAttribute("name", Name)
        super().init(*arguments, **attributes)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name" and isinstance(value, str):
            self.name.text = value
            return
        super().__setattr__(name, value)


@public
class Event(DAObject):
    """Something that happens at a place."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """An event in a town that is not known yet."""
        if "address" not in attributes:
            self.initializeAttribute("address", City)
        if "location" not in attributes:
            self.initializeAttribute("location", LatitudeLongitude)
        super().init(*arguments, **attributes)


@public
class Person(DAObject):
    """A person or an organization, with a name and an address."""

    NameClass = Name
    AddressClass = Address

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Name, address and location are there from the beginning, empty."""
        if not isinstance(attributes.get("name"), DAObject):
            self.initializeAttribute("name", self.NameClass)
        if "address" not in attributes:
            self.initializeAttribute("address", self.AddressClass)
        if "location" not in attributes:
            self.initializeAttribute("location", LatitudeLongitude)
        super().init(*arguments, **attributes)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name" and isinstance(value, str):
            if isinstance(self.name, IndividualName):
                self.name.uses_parts = False
            self.name.text = value
            return
        super().__setattr__(name, value)

    def identified(self) -> bool:
        """Whether the name is known; never asks."""
        return bool(self.name.defined())

    def __str__(self) -> str:
        return str(self.name.full())

    def address_block(
        self, language: str | None = None, international: bool = False, show_country: bool = False
    ) -> str:
        """Name and address, as on an envelope."""
        shown = {"show_country": True} if show_country else {}
        return f"{self.name} [NEWLINE] {self.address.block(language=language, international=international, **shown)}"

    def email_address(self, include_name: bool | None = None) -> str:
        """The e-mail address as mail programs write it, with the name when it is known."""
        if include_name is False or (include_name is None and not self.name.defined()):
            return str(self.email)
        return f'"{str(self.name).replace(chr(34), "")}" <{self.email}>'

    def sms_number(self, country: str | None = None) -> str | None:
        """The mobile (else: the) telephone number in international form, or None when it is no number.

        `whatsapp:` stands before it for somebody who has the attribute `uses_whatsapp`.
        """
        number = self.mobile_number if "mobile_number" in self.__dict__ else self.phone_number
        found = phone_number_in_e164(number, country or self._country())
        return f"whatsapp:{found}" if found and "uses_whatsapp" in self.__dict__ else found

    def facsimile_number(self, country: str | None = None) -> str | None:
        """The fax number in international form, or None when it is no number."""
        return phone_number_in_e164(self.fax_number, country or self._country())

    def _country(self) -> str | None:
        for own in (self.__dict__.get("country"), self.address.__dict__.get("country")):
            if own:
                return str(own)
        return None

    def age_in_years(self, decimals: bool = False, as_of: Any = None) -> float | int:
        """Age by the birthdate, now or at a date; `age` is used when it is known."""
        if as_of is None and "age" in self.__dict__:
            return float(self.age) if decimals else int(self.age)
        moment = current_datetime() if as_of is None else as_datetime(as_of)
        years = date_difference(starting=self.birthdate, ending=moment)
        return years.years if decimals else int(years.delta.years)

    def first_name_hint(self) -> str:
        """The first name on the account, if this is the user and the user is logged in."""
        return self._hint("firstname")

    def last_name_hint(self) -> str:
        """The last name on the account, if this is the user and the user is logged in."""
        return self._hint("lastname")

    def _hint(self, part: str) -> str:
        run = current_run_or_none()
        if run is None or not run.context.user.is_authenticated or not self.is_user():
            return ""
        return str(getattr(run.context.user, part))


@public
class Individual(Person):
    """A human being: `name.first`, `name.last`, `gender`, `birthdate`."""

    NameClass = IndividualName

    def _third_person(self) -> Pronouns:
        match self.gender:
            case "female":
                return SHE
            case "male":
                return HE
            case _:
                return THEY

    def object_possessive(self, target: Any, **options: Any) -> str:
        """`your dog`, `the plaintiff's dog`."""
        if self._view(options).person != 3:
            return self.pronoun_possessive(target, **options)
        return super().object_possessive(target, **options)

    def familiar(self) -> str:
        """The first name."""
        return str(self.name.familiar())

    def salutation(self, with_name: bool = False, with_name_and_punctuation: bool = False, **_: Any) -> str:
        """`Mr.`, `Ms.`; with the last name, or with a colon behind it too, for a letter."""
        if "salutation_to_use" in self.__dict__ and self.salutation_to_use is not None:
            title = str(self.salutation_to_use)
        else:
            title = {"female": word("Ms."), "male": word("Mr.")}.get(self.gender, word("Mx."))
        if not with_name and not with_name_and_punctuation:
            return title
        return f"{title} {self.name.last}" + (":" if with_name_and_punctuation else "")


@public
class ChildList(DAList):
    """Children."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of individuals."""
        super().init(*arguments, **{"object_type": Individual, **attributes})


@public
class OfficeList(DAList):
    """The offices of an organization."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A list of addresses."""
        super().init(*arguments, **{"object_type": Address, **attributes})


@public
class Organization(Person):
    """A company or office: what it does, where it serves."""

    def will_handle(self, problem: str | None = None, county: str | None = None) -> bool:
        """Whether it deals with a problem in a county, by its lists `handles` and `serves`."""
        if problem is not None and not ("handles" in self.__dict__ and problem in self.handles):
            return False
        return county is None or ("serves" in self.__dict__ and county in self.serves)


@public
class RoleChangeTracker(DAObject):
    """Whether the role the interview waits for has changed, so that somebody has to be told."""

    last_role: Any

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Nobody was waited for yet."""
        self.__dict__["last_role"] = None
        super().init(*arguments, **attributes)

    def should_send_email(self) -> bool:
        """Whether e-mail about a change of roles is wanted: `role_event_notification_on` says so."""
        return bool(self.__dict__.get("notify", True))

    def _update(self, roles_needed: Any) -> bool:
        """Note who is waited for. True when that is somebody else than before."""
        roles = roles_needed if isinstance(roles_needed, list) else [roles_needed]
        changed = self.last_role not in roles
        self.last_role = roles[0] if roles else None
        return changed

    def send_email(self, roles_needed: Any, **recipients: Any) -> bool:
        """Tell the role whose turn it is, once: `role={'to': person, 'email': template}`. Whether it was told now."""
        from shared.interview.library.sending_mail import email_text, send_email

        config = recipients.pop("config", None)
        for told in recipients.values():
            email_text(told["to"])  # what is missing is asked for before anything is sent
        for role in roles_needed if isinstance(roles_needed, list) else [roles_needed]:
            if role == self.last_role:
                return False
            if role in recipients:
                told = recipients[role]
                was_sent = send_email(to=told["to"], template=told["email"], config=config)
                if was_sent:
                    self.last_role = role
                return was_sent
        return False
