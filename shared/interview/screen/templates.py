"""The content of `template` blocks as HTML (spec/area4 §2.10). Its text is made by the library."""

from __future__ import annotations

from collections.abc import Callable

from shared.interview.compile.blocks import TemplateBlock
from shared.interview.runtime.run import Run
from shared.interview.screen.texts import Scene


def target_html(block: TemplateBlock, run: Run) -> str:
    """What fills `[TARGET …]`: the content as HTML, without the paragraph around it (spec/area1 §12.6)."""
    scene = Scene(run)
    return "" if block.content is None else scene.finish(scene.plain(block.content), block.content.source, trims=True)


def html_maker(run: Run) -> Callable[[str, bool], str]:
    """What a lazy template is given to turn its text into HTML with: a function of the text and whether to trim it."""

    def make(text: str, trims: bool) -> str:
        return Scene(run).finish(text, trims=trims)

    return make
