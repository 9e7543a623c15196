"""Text of strangers, as text: what could be taken for HTML by a page goes (spec/area4 §5.4)."""

from __future__ import annotations

import html
import re

import nh3

_OPENS_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_MOST_ROUNDS = 8
"""How deep tags may be hidden in each other; nobody types that, and every round reads the whole text."""


def strip_markup(text: str) -> str:
    r"""What a person typed, as text content only: tags gone, everything else kept as typed.

    Backslashes go first, lest `<\script>` become a tag by losing them; a `<` that no `>` closes, or that ends the
    text, gets a blank behind it, lest it open a tag together with the words of a page. So does every `<` of a text
    in which tags are hidden in tags too deep.
    """
    text = text.replace("\\", "").strip()
    for _ in range(_MOST_ROUNDS):
        if "<" not in text:
            break
        end = text.rfind(">") + 1
        bare = text[:end] + _OPENS_TAG.sub("< ", text[end:])
        bare = html.unescape(nh3.clean(bare.replace("&", "&amp;"), tags=set())).strip()
        if bare == text:
            break
        text = bare
    else:
        text = _OPENS_TAG.sub("< ", text)
    return text + " " if text.endswith("<") else text
