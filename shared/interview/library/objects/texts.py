"""Objects that stand for text: templates, tables, links, and text that depends on where it is shown (spec/area4 §6.7).

How a template's text is made is not known here: the block that defines it hands over a function. Only the name of a lazy
template is stored with the answers; whoever needs its text in a later run seeks it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.interview.errors import UndefinedAttribute
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.runtime.run import current_run_or_none


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

    def __str__(self) -> str:
        return str(self.content)


TextMaker = Callable[[str, Mapping[str, Any]], str]
"""Makes `content` or `subject` of a template as Markdown, with some extra variables."""
HtmlMaker = Callable[[str, bool], str]
"""Turns Markdown into HTML; the second argument takes the outer paragraph away."""


@public
class DALazyTemplate(DAObject):
    """A text that is made anew each time it is used, with the x, i, j of the moment when it was defined."""

    def give_source(self, make_text: TextMaker, make_html: HtmlMaker) -> None:
        """Say how the text is made; called by the template's block."""
        self.__dict__["_make_text"], self.__dict__["_make_html"] = make_text, make_html

    def __getstate__(self) -> dict[str, Any]:
        return {"instanceName": self.instanceName, "has_nonrandom_instance_name": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __deepcopy__(self, memo: dict[int, Any]) -> DALazyTemplate:
        made = type(self)(self.instanceName)
        made.__dict__.update(self.__dict__)
        return made

    def has_source(self) -> bool:
        """Whether the text can be made in this run."""
        return "_make_text" in self.__dict__

    def _text(self, part: str, variables: Mapping[str, Any] | None = None) -> str:
        if "_make_text" not in self.__dict__:
            raise LazyName(self.instanceName)
        made: str = self.__dict__["_make_text"](part, variables or {})
        return made

    def _html(self, text: str, trim: bool) -> str:
        made: str = self.__dict__["_make_html"](text, trim)
        return made

    @property
    def content(self) -> str:
        """The text, as Markdown."""
        return self._text("content")

    @property
    def subject(self) -> str:
        """The subject, as Markdown on one line."""
        return " ".join(self._text("subject").split())

    @property
    def decorations(self) -> list[str]:
        """Names of icons."""
        return self._text("decorations").split()

    def content_as_html(self, trim: bool = False, **_: Any) -> str:
        """The text as HTML."""
        return self._html(self.content, trim)

    def subject_as_html(self, trim: bool = False, **_: Any) -> str:
        """The subject as HTML."""
        return self._html(self.subject, trim)

    def show(self, **variables: Any) -> str:
        """The text, made with some variables of its own."""
        return self._text("content", variables)

    def __str__(self) -> str:
        return self._text("content")


@public
class DALazyTableTemplate(DALazyTemplate):
    """A table, made anew each time it is used."""

    def give_rows(self, make_rows: Callable[[], list[list[Any]]], headers: Callable[[], list[str]]) -> None:
        """Say how the cells are made, for `export()`; called by the table's block."""
        self.__dict__["_make_rows"], self.__dict__["_make_headers"] = make_rows, headers

    def header_and_contents(self) -> tuple[list[str], list[list[Any]]]:
        """Headers, and the cells of each row."""
        if "_make_rows" not in self.__dict__:
            raise LazyName(self.instanceName)
        return self.__dict__["_make_headers"](), self.__dict__["_make_rows"]()


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
        if context is None:
            keys = ["question", "document"]
        else:
            keys = [context, "document", "question"]
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
