"""Sections, the menu and the progress bar (spec/area4 §5.9, §8.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.screen import MenuItem, Section
from shared.interview.compile.blocks import QuestionBlock
from shared.interview.library.objects.remembered import SECTION_KEYS
from shared.interview.runtime.operations import SubmitForm
from shared.interview.runtime.run import Run
from shared.interview.screen.buttons import icon_html
from shared.interview.screen.links import action_of
from shared.interview.screen.texts import Scene, encoded_action

_MOVE = 0.05
"""How much of the rest of the way a step is worth when the author does not say."""
_STATE = "section"


@dataclass(frozen=True, slots=True)
class Heading:
    """One section as the author declared it."""

    key: str
    title: str
    subsections: tuple[Heading, ...] = ()
    opens: bool = False
    """What stands below it is not folded away (`auto open`)."""
    is_hidden: bool = False

    def all_keys(self) -> set[str]:
        """Its own key and those of everything below it."""
        return {self.key}.union(*(inner.all_keys() for inner in self.subsections))


# -- Sections -------------------------------------------------------------------------------------------------------


def enter_section(block: QuestionBlock, scene: Scene) -> None:
    """A question with `section` moves there."""
    key = scene.plain(block.section)
    if key:
        state = section_state(scene)
        if state["current"] and state["current"] != key and state["current"] not in state["past"]:
            state["past"].append(state["current"])
        state["current"] = key
        if key not in state["past"]:
            state["past"].append(key)


def section_state(scene: Scene) -> dict[str, Any]:
    """`current`, and `past`: keys of sections that were entered, in order."""
    state: dict[str, Any] = scene.run.internal.setdefault(_STATE, {"current": None, "past": []})
    return state


def build_sections(scene: Scene) -> tuple[Section, ...]:
    """The navigation column; empty unless the interview has `navigation` and declares sections."""
    run = scene.run
    if not run.interview.features.get("navigation"):
        return ()
    declared = run.interview.sections.get(run.language) or run.interview.sections.get("*")
    written = run.internal.get("sections") or (declared.sections if declared is not None else [])
    state = section_state(scene)
    if state.get("hidden"):
        return ()
    are_progressive = declared is None or declared.is_progressive
    fold = declared is not None and not declared.is_progressive and not declared.opens_automatically
    return tuple(
        _section(heading, state, scene, are_progressive=are_progressive, fold=fold) for heading in headings(written)
    )


def headings(items: Sequence[Any]) -> tuple[Heading, ...]:
    """The declared sections in one form: text, `{id: title}`, with `subsections`, or `{title: [subsections]}`.

    Beside them an item may have `auto open` and `hidden`.
    """
    found = []
    for item in items:
        if not isinstance(item, Mapping):
            found.append(Heading(str(item), str(item)))
            continue
        below = headings(item.get("subsections") or [])
        opens, is_hidden = bool(item.get("auto open")), bool(item.get("hidden"))
        for key, title in item.items():
            if key in SECTION_KEYS:
                continue
            if isinstance(title, list):
                found.append(Heading(str(key), str(key), headings(title), opens, is_hidden))
            else:
                found.append(Heading(str(key), str(title), below, opens, is_hidden))
    return tuple(found)


def _section(heading: Heading, state: Mapping[str, Any], scene: Scene, *, are_progressive: bool, fold: bool) -> Section:
    """One entry. Where sections are not `progressive`, those that are still to come are open too.

    What stands below them is then folded away, but in the section one is in, and where sections `auto open`.
    """
    is_past = heading.key in state["past"]
    is_current = state["current"] in heading.all_keys()
    is_open = is_past or not are_progressive
    may_lead = is_open and state["current"] != heading.key and not state.get("disabled")
    leads_there = may_lead and scene.run.interview.index.has_literal(heading.key)
    link = encoded_action("_da_priority_action", {"_action": heading.key, "_arguments": {}}) if leads_there else ""
    return Section(
        key=heading.key,
        label_html=scene.finish(scene.word(heading.title), trims=True, has_terms=False),
        is_current=is_current,
        is_past=is_past,
        is_dimmed=not is_open and not is_current,
        link_action=link,
        subsections=tuple(
            _section(inner, state, scene, are_progressive=are_progressive, fold=fold) for inner in heading.subsections
        ),
        is_folded=fold and bool(heading.subsections) and not is_current and not heading.opens,
        is_hidden=heading.is_hidden,
    )


# -- Menu -----------------------------------------------------------------------------------------------------------


def build_menu(scene: Scene) -> tuple[MenuItem, ...]:
    """The entries of `menu_items`, if the interview has set it, for those who may see them."""
    given = scene.run.peek("menu_items") or ()
    roles = scene.run.context.user.roles
    entries = []
    for entry in getattr(given, "elements", given):
        if not isinstance(entry, Mapping) or "label" not in entry:
            continue
        needed = entry.get("required privileges") or []
        needed = [needed] if isinstance(needed, str) else needed
        if needed and not set(needed) & set(roles):
            continue
        url = str(entry.get("url") or "")
        entries.append(
            MenuItem(
                label_text=str(entry["label"]),
                icon_html=icon_html(str(entry.get("icon") or ""), scene),
                url=url,
                action=action_of(url, scene.site),
                anchor=str(entry.get("anchor") or ""),
                screen_size=str(entry.get("screen_size") or entry.get("screen size") or ""),
            )
        )
    return tuple(entries)


# -- Progress -------------------------------------------------------------------------------------------------------


def move_progress(block: QuestionBlock, scene: Scene) -> float | None:
    """Where the bar stands now, in percent; None hides it. A question may set it, other steps move it a little."""
    run, internal = scene.run, scene.run.internal
    features = run.interview.features
    progress = float(internal.get("progress") or 0)
    if block.progress is not None:
        if block.progress > progress or features.get("progress can go backwards"):
            progress = float(block.progress)
    elif not block.hides_progress and _is_further_step(scene):
        progress = _further(progress, run)
    run.memo["progress"] = True
    internal["progress"] = progress
    is_hidden = not features.get("progress bar") or block.hides_progress or progress <= 0
    return None if is_hidden else min(progress, 100.0)


def advance_progress(run: Run) -> None:
    """Move the bar as a step without a place of its own does: for answers that did not come by a form."""
    run.internal["progress"] = _further(float(run.internal.get("progress") or 0), run)


def _further(progress: float, run: Run) -> float:
    features = run.interview.features
    return progress + _share(features) * (_goal(features, progress, run) - progress)


def _is_further_step(scene: Scene) -> bool:
    """Whether this run took a form, and the bar has not moved for it yet."""
    run = scene.run
    is_refused = run.form_result is not None and not run.form_result.is_valid
    return isinstance(run.operation, SubmitForm) and not is_refused and "progress" not in run.memo


def _share(features: Mapping[str, Any]) -> float:
    try:
        return min(1.0, max(0.0, float(features.get("progress bar multiplier", _MOVE))))
    except (TypeError, ValueError):
        return _MOVE


def _goal(features: Mapping[str, Any], progress: float, run: Run) -> float:
    """Where the present stretch ends: at 100, or at the next milestone some question declares."""
    if features.get("progress bar method") != "stepped":
        return 100.0
    milestones = (
        definer.progress
        for definer in run.interview.definers
        if isinstance(definer, QuestionBlock) and definer.progress is not None
    )
    return min((place for place in milestones if place > progress), default=100.0)


def note_breadcrumb(breadcrumb: str, run: Run) -> list[str]:
    """Keep the crumb of a question with the pending action it is asked for; gives those of the actions around it.

    Outermost first. `DABreadCrumbs` shows these and the question's own.
    """
    pending = run.internal["event_stack"].get(run.context.user.session_uid, [])
    if breadcrumb and pending:
        pending[0]["breadcrumb"] = breadcrumb
    outer = [entry["breadcrumb"] for entry in reversed(pending[1:]) if entry.get("breadcrumb")]
    run.memo["breadcrumbs"] = [*outer, breadcrumb] if breadcrumb else outer
    return outer
