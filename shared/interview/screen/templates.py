"""The content of `template` blocks as text and as HTML (spec/area4 §2.10)."""

from __future__ import annotations

from shared.interview.compile.blocks import TemplateBlock
from shared.interview.runtime.run import Run
from shared.interview.screen.texts import Scene


def target_html(block: TemplateBlock, run: Run) -> str:
    """What fills `[TARGET …]`: the content as HTML, without the paragraph around it (spec/area1 §12.6)."""
    if block.content is None:
        return ""
    scene = Scene(run)
    return scene.finish(scene.plain(block.content), block.content.source, trims=True)


def text_html(rendered: str, run: Run, *, trims: bool = False) -> str:
    """HTML of a text that has been rendered already, e.g. of `template.content_as_html()`."""
    return Scene(run).finish(rendered, trims=trims)
