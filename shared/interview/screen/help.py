"""The help tab, audio and video, and what a question is decorated with (spec/area4 §2.1, §8.1)."""

from __future__ import annotations

import html
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.screen import HelpPart
from shared.interview.compile.blocks import HelpItem
from shared.interview.compile.expressions import Text
from shared.interview.screen.markup import is_icon_name, width_style
from shared.interview.screen.texts import Scene


def question_help(item: HelpItem | None, scene: Scene) -> tuple[HelpPart, ...]:
    """The help of the question itself."""
    return () if item is None else (_part(item, scene, "Help with this question"),)


def interview_help(scene: Scene) -> tuple[HelpPart, ...]:
    """The help of the whole interview, in the language of the run or for all languages."""
    tables = scene.run.interview.help
    items = tables.get(scene.run.language) or tables.get("*") or []
    return tuple(_part(item, scene, "Help") for item in items)


def _part(item: HelpItem, scene: Scene, heading: str) -> HelpPart:
    return HelpPart(
        heading_text=scene.words(item.heading).text or scene.word(heading),
        label_text=scene.plain(item.label),
        content_html=scene.block_html(item.content),
        media_html=media(item.audio, item.video, scene),
    )


def media(audio: Sequence[Text], video: Sequence[Text], scene: Scene) -> str:
    """Players for the files given as `audio` and `video`."""
    return player("audio", audio, scene).html + player("video", video, scene).html


@dataclass(frozen=True, slots=True)
class Player:
    """What plays some files, and the files: (URL, media type)."""

    html: str = ""
    files: tuple[tuple[str, str], ...] = ()


def player(kind: Literal["audio", "video"], references: Sequence[Text], scene: Scene) -> Player:
    """A player for files that stand for each other, as a browser can play them; markup makes its own."""
    players = ""
    files: list[tuple[str, str]] = []
    for reference in references:
        text = scene.plain(reference)
        if text.startswith("[") or not text:
            players += scene.finish(text)
            continue
        url = scene.pictures.url(text)
        if url is None:
            continue
        files.append((url, mimetypes.guess_type(url)[0] or f"{kind}/mpeg"))
    sources = "".join(f'<source src="{html.escape(url)}" type="{type_}">' for url, type_ in files)
    if sources:
        players += f'<{kind} controls class="da{kind}-control">{sources}</{kind}>'
    return Player(players, tuple(files))


def decoration(items: Sequence[Text], scene: Scene) -> str:
    """Small pictures beside the heading, by registered name or file."""
    made = []
    for item in items:
        name, _, width = scene.plain(item).partition(",")
        url = scene.pictures.url(name.strip())
        if url is not None:
            style = width_style(width) or "width: 2.1em;"
            made.append(f'<img class="daiconimage" alt="" style="{style}" src="{html.escape(url)}">')
        elif is_icon_name(name.strip()) and (icon := scene.pictures.icon(name.strip())):
            made.append(f'<span style="font-size: 2.1em;">{icon}</span>')
    return "".join(made)


def attributions(scene: Scene) -> str:
    """Who made the pictures that were shown."""
    used = dict.fromkeys(scene.pictures.used.values())
    return "".join(f'<div class="daattribution"><small>{scene.finish(text, trims=True)}</small></div>' for text in used)
