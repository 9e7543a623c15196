"""What other sites show of a link to the interview: `social` of `metadata`, as tags in the head (spec/area4 §2.1).

`description` and `image` speak to everybody; `og`, `fb` and `twitter` hold the names of the Open Graph protocol, of
Facebook and of Twitter cards (https://ogp.me, https://developer.x.com/en/docs/twitter-for-websites/cards).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.interview.screen.texts import Scene

_ATTRIBUTES = {"og": "property", "fb": "property", "twitter": "name"}
"""The names that sites look for are those of an attribute `property` or `name`."""
_SPREAD = {"description": ("og", "twitter"), "image": ("og", "twitter")}


def social_tags(scene: Scene, title: str) -> tuple[tuple[str, str, str], ...]:
    """Attribute, name and content of each tag, as plain text. Empty when the interview says nothing."""
    given = scene.run.interview.metadata.get("social")
    if not isinstance(given, Mapping):
        return ()
    return tuple(_tags(given, title, scene))


def _tags(given: Mapping[str, Any], title: str, scene: Scene) -> Iterator[tuple[str, str, str]]:
    groups: dict[str, dict[str, Any]] = {name: {} for name in _ATTRIBUTES}
    for name, value in given.items():
        if name in groups:
            groups[name] |= value if isinstance(value, Mapping) else {}
            continue
        if (content := _content(name, value, scene)) is None:
            continue
        yield ("itemprop", name, content) if name == "image" else ("name", name, content)
        for group in _SPREAD.get(name, ()):
            groups[group].setdefault(name, value)
    groups["og"] = {"title": title, "type": "website"} | groups["og"]
    for group, attribute in _ATTRIBUTES.items():
        for name, value in groups[group].items():
            if (content := _content(name, value, scene)) is not None:
                yield attribute, f"{group}:{name}", content


def _content(name: str, value: Any, scene: Scene) -> str | None:
    """One line of text; of a picture the whole address, because other sites fetch it."""
    if value is None or isinstance(value, (Mapping, list)) or not (text := " ".join(str(value).split())):
        return None
    if name != "image":
        return text
    address = scene.pictures.url(text)
    if address is None or not address.startswith("/"):
        return address
    return scene.run.context.request.url_root.rstrip("/") + address
