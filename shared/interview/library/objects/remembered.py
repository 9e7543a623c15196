"""Objects that remember things beside the variables: sections, bread crumbs, values of one browser, device or user."""

from __future__ import annotations

import html
from typing import Any

from shared.interview.library import links
from shared.interview.library.named import FUNCTIONS, public, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.run import current_run, current_run_or_none


@public
class DASessionLocal(DAObject):
    """Values that belong to one browser session: `session_local`."""


@public
class DADeviceLocal(DAObject):
    """Values that belong to one device: `device_local`."""


@public
class DAUserLocal(DAObject):
    """Values that belong to one user: `user_local`."""


@public
class DABreadCrumbs(DAObject):
    """The names of the pending questions that have a `breadcrumb`."""

    def get_crumbs(self) -> list[str]:
        """The crumbs, outermost first."""
        run = current_run_or_none()
        return list(run.memo.get("breadcrumbs", ())) if run is not None else []

    def __str__(self) -> str:
        return " » ".join(self.get_crumbs())


@public_in(FUNCTIONS)
class DANav:
    """Where somebody is among the sections of an interview: `nav`. A view on what `_internal` remembers of them."""

    @property
    def _state(self) -> dict[str, Any]:
        run = current_run_or_none()
        if run is None:
            return {"current": None, "past": []}
        found: dict[str, Any] = run.internal.setdefault("section", {"current": None, "past": []})
        return found

    @property
    def current(self) -> str | None:
        """The id of the section one is in."""
        return self._state["current"]  # type: ignore[no-any-return]

    @property
    def past(self) -> list[str]:
        """The ids of sections that were entered, in order."""
        return list(self._state["past"])

    def __str__(self) -> str:
        return self.show_sections()

    def show_sections(self, style: str = "inline", show_links: bool = True) -> str:
        """The sections as HTML, for a text: one after the other (`inline`) or one below the other.

        Those that were entered are links when the interview has something to ask under their id.
        """
        titles = self._titles()
        if not titles or not self.visible():
            return ""
        items = "".join(self._link(key, title, show_links and self.enabled()) for key, title in titles.items())
        shape = " dainline" if style == "inline" else " flex-column"
        return f'<div class="dasections"><div class="danavlinks nav{shape}">{items}</div></div>'

    def _link(self, key: str, title: str, may_lead: bool) -> str:
        shown, run = html.escape(title), current_run()
        if key == self.current:
            return f'<span class="nav-link danavlink active" aria-current="step">{shown}</span>'
        if may_lead and key in self._state["past"] and run.interview.index.has_literal(key):
            action = links.url_action("_da_priority_action", _action=key, _arguments={})
            return f'<a class="nav-link danavlink" href="{html.escape(action)}">{shown}</a>'
        kind = "danotavailableyet text-muted" if key not in self._state["past"] else "inactive"
        return f'<span class="nav-link danavlink {kind}">{shown}</span>'

    def as_dict(self) -> dict[str, Any]:
        """As it is exported."""
        return {
            "past": self.past,
            "current": self.current,
            "hidden": not self.visible(),
            "progressive": self._is_progressive(),
        }

    def _is_progressive(self) -> bool:
        run = current_run_or_none()
        declared = None if run is None else run.interview.sections.get(run.language) or run.interview.sections.get("*")
        return declared is None or declared.is_progressive

    def set_section(self, section: str) -> bool:
        """Go to a section. False when that is where one is already."""
        state = self._state
        if section == state["current"]:
            return False
        state["current"] = section
        if section not in state["past"]:
            state["past"].append(section)
        return True

    def get_section(self, display: bool = False, language: str | None = None) -> str | None:
        """The id of the current section; with `display` its title."""
        if not display or self.current is None:
            return self.current
        return self._titles(language).get(self.current, self.current)

    def _titles(self, language: str | None = None) -> dict[str, str]:
        """Titles of all sections and subsections by id."""
        found: dict[str, str] = {}
        for item in self.get_sections(language):
            _note_titles(item, found)
        return found

    def get_sections(self, language: str | None = None) -> list[Any]:
        """The sections, as set or as written in the interview."""
        run = current_run_or_none()
        if run is None:
            return []
        if own := run.internal.get("sections"):
            return list(own)
        declared = run.interview.sections.get(language or run.language) or run.interview.sections.get("*")
        return list(declared.sections) if declared is not None else []

    def set_sections(self, sections: list[Any] | None, language: str | None = None) -> None:
        """Use other sections than those written in the interview; None goes back to those."""
        run = current_run()
        run.internal["sections"] = list(sections or [])

    def section_ids(self, language: str | None = None) -> list[str]:
        """The ids of sections and subsections, in order."""
        return list(self._titles(language))

    def hide(self) -> None:
        """Do not show the sections."""
        self._state["hidden"] = True

    def unhide(self) -> None:
        """Show the sections again."""
        self._state["hidden"] = False

    def disable(self) -> None:
        """Show the sections without links."""
        self._state["disabled"] = True

    def enable(self) -> None:
        """Show the sections with links again."""
        self._state["disabled"] = False

    def visible(self) -> bool:
        """Whether the sections are shown."""
        return not self._state.get("hidden", False)

    def enabled(self) -> bool:
        """Whether the sections are links."""
        return not self._state.get("disabled", False)

    def has_sections(self) -> bool:
        """Whether there are any."""
        return bool(self.get_sections())


SECTION_KEYS = frozenset({"subsections", "auto open", "hidden"})
"""What an item of `sections` says of itself beside its id and title."""


def _note_titles(item: Any, found: dict[str, str]) -> None:
    """Titles by id of one item: a text, `{id: title}`, `{title: [subsections]}`, `{id: title, subsections: [...]}`."""
    if isinstance(item, str):
        found[item] = item
        return
    if not isinstance(item, dict):
        return
    for key, value in item.items():
        if key == "subsections":
            for inner in value:
                _note_titles(inner, found)
        elif isinstance(value, list):
            found[str(key)] = str(key)
            for inner in value:
                _note_titles(inner, found)
        elif key not in SECTION_KEYS:
            found[str(key)] = str(value)
