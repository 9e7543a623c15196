"""The start page: which interviews can be started, grouped by package, and what they need that is not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jinja2

from services.gateway.spoken import speaking
from shared.contracts.session import InterviewEntry

_NEEDS = {
    "stores": "stores shared between sessions",
    "scheduler": "the scheduler",
    "mail": "the mail service",
    "incoming mail": "mail that arrives in a session",
    "actions": "actions from other services",
    "files": "file uploads",
    "accounts": "user accounts",
}
"""What `needs` of an interview's metadata means to a reader."""

NOBODY: Mapping[str, Any] = {"name": "", "is_admin": False, "may_list": False}

_EXAMPLES = "colloquy.examples"


@dataclass(frozen=True, slots=True)
class Entry:
    """One interview on the start page."""

    reference: str
    title: str
    description: str
    tags: tuple[str, ...]
    address: str
    missing: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Group:
    """The interviews of one package."""

    title: str
    entries: tuple[Entry, ...]


class StartPage:
    """Renders the start page; `abilities` are the `needs` that this installation can meet."""

    def __init__(self, *, templates: jinja2.Environment, abilities: frozenset[str]) -> None:
        self._templates, self._abilities = templates, abilities

    def render(
        self, interviews: Iterable[InterviewEntry], account: Mapping[str, Any] = NOBODY, *, language: str = "en"
    ) -> str:
        """The page; `account` is who has signed in, for the bar at the top. Problems are told in English."""
        return self._templates.get_template("start.html").render(
            groups=self.groups(interviews), account=account, language=language, say=speaking(language)
        )

    def groups(self, interviews: Iterable[InterviewEntry]) -> list[Group]:
        """By package: our examples first, the others by name; within a package in the order given."""
        packages: dict[str, list[Entry]] = {}
        for one in interviews:
            packages.setdefault(one.reference.partition(":")[0], []).append(self._entry(one))
        order = sorted(packages, key=lambda package: (package != _EXAMPLES, package))
        return [Group("Examples" if package == _EXAMPLES else package, tuple(packages[package])) for package in order]

    def _entry(self, one: InterviewEntry) -> Entry:
        return Entry(
            reference=one.reference,
            title=one.title or one.reference.rpartition("/")[2],
            description=one.description,
            tags=one.tags,
            address=f"/interview?{urlencode({'i': one.reference, 'new_session': '1', 'from_list': '1'})}",
            missing=tuple(_NEEDS.get(need, need) for need in one.needs if need not in self._abilities),
            problem=one.problem,
        )
