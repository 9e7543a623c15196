"""What turns author's texts into what a screen shows: Mako, special markup, Markdown, terms, links.

A `Scene` belongs to the making of one screen: the block that is shown, the run it is shown in, and the context it was
sought in. Rendering may raise a missing name; the seek loop above catches that and asks for the name first.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from shared.interview.compile.blocks import QuestionBlock
from shared.interview.compile.expressions import Expression, Flag, Text
from shared.interview.library.languages import word
from shared.interview.library.links import icon_class
from shared.interview.runtime.run import Run
from shared.interview.runtime.sought import Sought
from shared.interview.runtime.text import render
from shared.interview.screen.links import Site, finish_links
from shared.interview.screen.markdown import DEFAULT_TABLE_CLASS, to_html, to_plain_text
from shared.interview.screen.markup import translate
from shared.interview.screen.stored_files import stored_file
from shared.interview.screen.terms import NO_TERMS, Terms, mark_terms

T = TypeVar("T")
FONT_AWESOME, MATERIAL_ICONS = "font awesome", "material icons"
"""What the server's setting `default icons` may say; any other value: there are none."""


@dataclass(frozen=True, slots=True)
class Words:
    """One rendered text, as HTML and as plain text."""

    html: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.html)


NO_WORDS = Words()


class Scene:
    """How texts of one screen become HTML; those of a screen that nobody sees have their Mako carried out, no more."""

    def __init__(
        self,
        run: Run,
        block: QuestionBlock | None = None,
        sought: Sought | None = None,
        *,
        is_unseen: bool = False,
    ) -> None:
        self.run, self.block, self.sought = run, block, sought or Sought(name="")
        self._is_unseen = is_unseen
        self.terms: Terms = NO_TERMS
        self.table_class = DEFAULT_TABLE_CLASS

    @cached_property
    def site(self) -> Site:
        """Where this server and this interview are, for telling links apart."""
        request = self.run.context.request
        context = self.run.context
        return Site(root=request.url_root, page=request.url, interview=context.interview, session=context.session_code)

    @cached_property
    def pictures(self) -> StaticPictures:
        """Registered images and static files."""
        interview, context = self.run.interview, self.run.context
        package = self.block.package if self.block else interview.package
        icons = interview.features.get("default icons", context.config.get("default icons", FONT_AWESOME))
        return StaticPictures(interview.images, package, context.request.url_root, icons=icons, run=self.run)

    # Plain
    def plain(self, text: Text | None) -> str:
        """The text with its Mako carried out and blanks around it gone; empty when there is none."""
        return "" if text is None else render(text, self.run).strip()

    def value(self, expression: Expression) -> Any:
        """What an expression gives. Raises Undefined and kin."""
        return eval(expression.code, self.run.answers)

    def flag(self, flag: Flag | None, default: bool = False) -> bool:
        """A YAML truth value, or whether an expression holds."""
        if flag is None:
            return default
        return flag if isinstance(flag, bool) else bool(self.value(flag))

    def resolve(self, value: Any) -> Any:
        """A compiled leaf as its value: texts rendered, expressions evaluated, collections within."""
        match value:
            case Text():
                return self.plain(value)
            case Expression():
                return self.value(value)
            case dict():
                return {key: self.resolve(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.resolve(inner) for inner in value]
            case _:
                return value

    # HTML
    def block_html(self, text: Text | None, *, has_terms: bool = True) -> str:
        """A text as paragraphs."""
        return "" if text is None else self.finish(self.plain(text), source=text.source, has_terms=has_terms)

    def line_html(self, text: Text | None, *, has_terms: bool = False) -> str:
        """A text as one line: for headings, labels, buttons."""
        return "" if text is None else self.finish(self.plain(text), text.source, trims=True, has_terms=has_terms)

    def words(self, text: Text | None) -> Words:
        """A label, as HTML and as plain text."""
        if text is None:
            return NO_WORDS
        made = self.line_html(text)
        return Words(made, to_plain_text(made))

    def words_of(self, value: Any) -> Words:
        """A label that code computed."""
        made = self.finish(str(value), trims=True, has_terms=False)
        return Words(made, to_plain_text(made))

    def finish(self, rendered: str, source: str = "", *, trims: bool = False, has_terms: bool = True) -> str:
        """HTML of a rendered text. Scripts in Markdown links count only where the author's own text has them."""
        if not rendered or self._is_unseen:
            return rendered
        made = to_html(
            translate(rendered, self.pictures),
            trims=trims,
            allows_javascript_links="javascript:" in source.lower(),
            table_class=self.table_class,
        )
        if has_terms and self.terms:
            made = mark_terms(made, self.terms)
        return finish_links(made, self.site)

    def finish_raw(self, rendered: str) -> str:
        """HTML that the author wrote as HTML: only targets, other special markup and links are seen to."""
        if not rendered or self._is_unseen:
            return rendered
        return finish_links(translate(rendered, self.pictures), self.site)

    def word(self, phrase: str) -> str:
        """A built-in phrase in the language of the run."""
        return word(phrase, language=self.run.language)

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """The things in an order of chance that stays the same while this visitor answers this session."""
        seed = f"{self.run.context.session_id}|{self.block.name if self.block else ''}"
        return [
            thing
            for _, thing in sorted(
                enumerate(things),
                key=lambda pair: hashlib.blake2b(f"{seed}|{pair[0]}".encode(), digest_size=8).digest(),
            )
        ]

    # Names
    def literal(self, name: str) -> str:
        """A saved name with x and i … n replaced by what they stand for."""
        return self.sought.literal(name)


class StaticPictures:
    """Pictures of the interview's packages, and files by number."""

    def __init__(
        self,
        images: Mapping[str, tuple[str, str]],
        package: str,
        root: str,
        icons: Any = None,
        run: Run | None = None,
    ) -> None:
        self._images, self._package, self._root, self._icons = images, package, root, icons
        self._run = run
        self.used: dict[str, str] = {}
        """Attributions of the registered images that were shown."""

    def is_registered(self, name: str) -> bool:
        """Whether an `images` or `image sets` block names it."""
        return name in self._images

    def stored(self, number: str, width: str, alternative: str) -> str | None:
        """What shows a file of the session that is no picture: its first page, its text, a player, or a link to it."""
        return None if self._run is None else stored_file(self._run, int(number), width, alternative, self._root)

    def icon(self, name: str) -> str | None:
        """The icon of that name, when the server's `default icons` say that other names are icons."""
        if self._icons == FONT_AWESOME:
            return f'<i class="{icon_class(name)}" aria-hidden="true"></i>'
        if self._icons == MATERIAL_ICONS:
            return f'<i class="da-material-icons" aria-hidden="true">{name}</i>'
        return None

    def url(self, reference: str) -> str | None:
        """URL of a registered name, a number of a stored file, a static file or a full URL."""
        if reference in self._images:
            file, attribution = self._images[reference]
            if attribution:
                self.used[reference] = attribution
            return self.url(file)
        if reference.isdigit():
            return f"{self._root}uploadedfile/{reference}"
        if reference.startswith(("http://", "https://", "/")):
            return reference
        package, colon, path = reference.rpartition(":")
        if not colon and "." not in path:
            return None
        path = path.removeprefix("data/static/").lstrip("/")
        return f"{self._root}packagestatic/{quote(package or self._package)}/{quote(path)}"


def encoded_json(value: Any) -> str:
    """base64 of JSON without padding, as actions travel in attributes and URLs."""
    return base64.b64encode(orjson.dumps(value, default=str)).decode().rstrip("=")


def encoded_action(action: str, arguments: Mapping[str, Any] | None = None) -> str:
    """An action as the browser sends it back: base64 of JSON {action, arguments}."""
    return encoded_json({"action": action, "arguments": dict(arguments or {})})


def as_json(value: Any) -> Any:
    """A value as JSON can hold it; what it cannot hold becomes text."""
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))
