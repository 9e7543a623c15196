"""The content of `template` blocks as text and as HTML (spec/area4 §2.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.interview.compile.blocks import TemplateBlock
from shared.interview.compile.expressions import Expression
from shared.interview.errors import EvaluationError
from shared.interview.runtime.run import Run
from shared.interview.runtime.text import render
from shared.interview.screen.texts import Scene


def target_html(block: TemplateBlock, run: Run) -> str:
    """What fills `[TARGET …]`: the content as HTML, without the paragraph around it (spec/area1 §12.6)."""
    source = block.content.source if block.content is not None else ""
    return Scene(run).finish(template_text(block, "content", run), source, trims=True)


def template_text(block: TemplateBlock, part: str, run: Run) -> str:
    """`content`, `subject` or `decorations` (by blanks) of a template, rendered now. Raises Undefined and kin."""
    match part:
        case "subject":
            return "" if block.subject is None else render(block.subject, run).strip()
        case "decorations":
            return " ".join(render(text, run).strip() for text in block.decorations)
        case _:
            return _content(block, run)


def text_maker(block: TemplateBlock, run: Run, context: Mapping[str, Any]) -> Callable[[str, Mapping[str, Any]], str]:
    """What a lazy template is given to make its text with: in the context it was defined in, with extra variables."""

    def make(part: str, variables: Mapping[str, Any]) -> str:
        with standing_in(run, {**context, **variables}):
            return template_text(block, part, run)

    return make


def html_maker(run: Run) -> Callable[[str, bool], str]:
    """What a lazy template is given to turn its text into HTML with."""

    def make(text: str, trims: bool) -> str:
        return Scene(run).finish(text, trims=trims)

    return make


def _content(block: TemplateBlock, run: Run) -> str:
    if block.content is not None:
        return render(block.content, run).strip()
    if isinstance(block.content_files, Expression) or block.content_files:
        raise EvaluationError("`content file` is not available yet; write the text under `content`", block.position)
    return ""


@contextmanager
def standing_in(run: Run, variables: Mapping[str, Any]) -> Iterator[None]:
    """Give variables other values for a while; afterwards everything is as it was."""
    answers = run.answers
    before = {name: answers[name] for name in variables if name in answers}
    answers.update(variables)
    try:
        yield
    finally:
        for name in variables:
            if name in before:
                answers[name] = before[name]
            else:
                answers.pop(name, None)
