"""Objects that stand for text: templates, tables, links, and text that depends on where it is shown (spec/area4 §6.7).

Only the name of a lazy template is stored with the answers; whoever needs its text in a later run seeks it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.interview.compile.expressions import Text
from shared.interview.errors import UndefinedAttribute
from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.runtime.run import Run, current_run, current_run_or_none
from shared.interview.runtime.text import render_optional


class LazyName(UndefinedAttribute):
    """A template's text is needed, but its block has not run in this evaluation; never counts as merely undefined."""


@public
class DATemplate(DAObject):
    """A text with a subject, both fixed."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """`content`, `subject`, `decorations`; absent ones are empty."""
        self.__dict__.update(content="", subject="", decorations=[])
        super().init(*arguments, **attributes)

    def show(self, **_: Any) -> str:
        """The text."""
        return str(self.content)

    def content_as_html(self, trim: bool = False, **_: Any) -> str:
        """The text as HTML, with `trim` without the paragraph around it."""
        return _html_now(str(self.content), trim)

    def subject_as_html(self, trim: bool = False, **_: Any) -> str:
        """The subject as HTML, with `trim` without the paragraph around it."""
        return _html_now(str(self.subject), trim)

    def __str__(self) -> str:
        return str(self.content)


def _html_now(text: str, trim: bool) -> str:
    run = current_run()
    return run.steering.html_of(run, text, trim)


HtmlMaker = Callable[[str, bool], str]
"""Turns Markdown into HTML; the second argument takes the outer paragraph away."""
_ABSENT = object()


@public
class DALazyTemplate(DAObject):
    """A text that is made anew each time it is used, with the x, i, j of the moment when it was defined.

    `source` is the template's block, `context` the values of x and i … n, `to_html` turns Markdown into HTML.
    """

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Keep what is needed to make the text; nothing of it is stored with the answers."""
        self.__dict__["_source"] = attributes.pop("source", None)
        self.__dict__["_context"] = attributes.pop("context", {})
        self.__dict__["_to_html"] = attributes.pop("to_html", None)
        super().init(*arguments, **attributes)

    def __getstate__(self) -> dict[str, Any]:
        return {"instanceName": self.instanceName, "has_nonrandom_instance_name": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __deepcopy__(self, memo: dict[int, Any]) -> DALazyTemplate:
        return self

    def has_source(self) -> bool:
        """Whether the text can be made in this run."""
        return self.__dict__.get("_source") is not None

    def _block(self) -> Any:
        """The block the text comes from. Raises LazyName when it has not run in this evaluation."""
        if not self.has_source():
            raise LazyName(self.instanceName)
        return self.__dict__["_source"]

    def _rendered(self, text: Text | None, variables: Mapping[str, Any] | None = None) -> str:
        run = current_run()
        with in_context(run, {**self.__dict__["_context"], **(variables or {})}):
            return render_optional(text, run)

    def _as_html(self, text: str, trim: bool) -> str:
        make: HtmlMaker | None = self.__dict__.get("_to_html")
        if make is None:
            raise DAError(f"{self.instanceName} can be shown as HTML only on a screen")
        return make(text, trim)

    @property
    def content(self) -> str:
        """The text, as Markdown."""
        return self._content({})

    def _content(self, variables: Mapping[str, Any]) -> str:
        return self._rendered(self._block().content, variables).rstrip()

    @property
    def subject(self) -> str:
        """The subject, as Markdown on one line."""
        return " ".join(self._rendered(self._block().subject).split())

    @property
    def decorations(self) -> list[str]:
        """Names of icons."""
        return [self._rendered(text).strip() for text in self._block().decorations]

    def content_as_html(self, trim: bool = False, **_: Any) -> str:
        """The text as HTML."""
        return self._as_html(self._content({}), trim)

    def subject_as_html(self, trim: bool = False, **_: Any) -> str:
        """The subject as HTML."""
        return self._as_html(self.subject, trim)

    def show(self, **variables: Any) -> str:
        """The text, made with some variables of its own."""
        return self._content(variables)

    def __str__(self) -> str:
        return self._content({})


@contextmanager
def in_context(run: Run, values: Mapping[str, Any]) -> Iterator[None]:
    """Give variables other values for a while."""
    before = {name: run.answers.get(name, _ABSENT) for name in values}
    run.answers.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is _ABSENT:
                run.answers.pop(name, None)
            else:
                run.answers[name] = value


@public
class DAContext(DADict):
    """Texts by where they are shown: `question` on the screen, `document` in documents, or one kind of document."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """`DAContext('name', question='…', document='…')`."""
        super().init(*arguments)
        self.__dict__.update(auto_gather=False, gathered=True)
        for key, value in attributes.items():
            self.elements[key] = value

    def __str__(self) -> str:
        context = evaluation_context()
        keys = ["question", "document"] if context is None else [context, "document", "question"]
        for key in keys:
            if key in self.elements:
                return str(self.elements[key])
        return ""


@public
class DALink(DAObject):
    """A link with a text: Markdown on the screen."""

    def __str__(self) -> str:
        return self.show()

    def show(self) -> str:
        """The link as Markdown."""
        return f"[{self.anchor_text}]({self.url})"


def evaluation_context() -> str | None:
    """Where texts are shown now: None for the screen, else the kind of document."""
    run = current_run_or_none()
    return run.evaluation_context if run is not None else None
