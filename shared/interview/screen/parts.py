"""Screen parts: texts around the question, from the nearest place that sets them (spec/area4 §2.9).

The question's own key, then `set_parts()`, then default screen parts and metadata (language before `*`), then the
server's configuration. What a screen shows is remembered for pages that have no question of their own.
"""

from __future__ import annotations

from typing import Any

from shared.interview.compile.expressions import Text
from shared.interview.screen.markdown import to_plain_text
from shared.interview.screen.texts import Scene

BLOCK_PARTS = {
    "pre": "pre_html",
    "post": "post_html",
    "submit": "submit_html",
    "under": "under_html",
    "right": "right_html",
    "footer": "footer_html",
    "navigation bar html": "navigation_bar_html",
}
LINE_PARTS = {
    "title": "title_html",
    "short title": "short_title_html",
    "subtitle": "subtitle_html",
    "logo": "logo_html",
    "short logo": "short_logo_html",
}
PLAIN_PARTS = {
    "title url": "title_url",
    "exit link": "exit_link",
    "exit label": "exit_label_text",
    "css class": "css_class",
    "table css class": "table_css_class",
    "back button label": "back_label_text",
    "corner back button label": "corner_back_label_text",
}
STORE = "screen_parts"
"""Key of `_internal` under which `set_parts()` keeps its values and screens leave theirs."""


def part(name: str, scene: Scene) -> tuple[str, str]:
    """A part as rendered text, and the author's source of it; empty when nothing sets it."""
    block, run = scene.block, scene.run
    if block is not None and name in block.parts:
        return scene.plain(block.parts[name]), block.parts[name].source
    stored = run.internal.get(STORE)
    if stored and (own := stored.get(name)) is not None:
        return str(own).strip(), ""
    interview = run.interview
    if name in interview.part_names:
        for tables in (interview.screen_parts, interview.metadata_texts):
            for candidate in (run.language, "*"):
                found: Text | None = tables.get(candidate, {}).get(name)
                if found is not None:
                    return scene.plain(found), found.source
    config = run.context.config
    configured = config.get(f"main page {name}") if config else None
    return (str(configured).strip(), "") if configured else ("", "")


def part_text(name: str, scene: Scene) -> str:
    """A part that is no Markdown: a URL, a class, a plain label."""
    return part(name, scene)[0]


def part_line(name: str, scene: Scene) -> str:
    """A part as one line of HTML."""
    rendered, source = part(name, scene)
    return scene.finish(rendered, source, trims=True, has_terms=False)


def build_parts(scene: Scene) -> dict[str, Any]:
    """All parts, by their names in Screen."""
    found: dict[str, Any] = {}
    for name, target in BLOCK_PARTS.items():
        rendered, source = part(name, scene)
        is_markup = name == "navigation bar html" or rendered.startswith("<")
        found[target] = scene.finish_raw(rendered) if is_markup else scene.finish(rendered, source)
    for name, target in LINE_PARTS.items():
        rendered, source = part(name, scene)
        is_markup = name in {"logo", "short logo"}
        found[target] = scene.finish_raw(rendered) if is_markup else scene.finish(rendered, source, trims=True)
    for name, target in PLAIN_PARTS.items():
        found[target] = part_text(name, scene)
    title = to_plain_text(found["title_html"])
    found["tab_title_text"] = to_plain_text(part_line("tab title", scene)) or title
    found["footer_html"] = "" if found["footer_html"] == "off" else found["footer_html"]
    remember(title, to_plain_text(found["subtitle_html"]), found["tab_title_text"], scene)
    return found


def remember(title: str, subtitle: str, tab_title: str, scene: Scene) -> None:
    """Keep what lists of sessions and pages without a question show."""
    internal = scene.run.internal
    for key, value in (("title", title), ("subtitle", subtitle), ("tab title", tab_title)):
        if value:
            internal.setdefault("shown_parts", {})[key] = value


def button_label(name: str, phrase: str, scene: Scene) -> str:
    """The label of a standard button as one line of HTML: a part, or the built-in word."""
    return part_line(f"{name} label", scene) or scene.words_of(scene.word(phrase)).html


def button_color(name: str, default: str, scene: Scene) -> str:
    """The colour of a standard button."""
    return part_text(f"{name} color", scene) or default
