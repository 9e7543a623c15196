"""What names and values mean in Word templates: the environment of Jinja2 they are filled in (spec/area4 §9.3).

Names are those of the interview: a missing one is sought when it is used, as everywhere. The environment is Jinja2's
sandbox: a template reaches variables, the functions of the library and a few of Python's, nothing behind them.
"""

from __future__ import annotations

import builtins
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, pass_context
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing as nothing
from markupsafe import Markup

from shared.interview.documents.docx_template import Filling, Formatted, WordFile, words_for_xml
from shared.interview.documents.markdown_codes import TEXTS, arguments_of, picture_of, qr_picture
from shared.interview.documents.markdown_reader import read_markdown
from shared.interview.documents.markdown_tree import Paragraph, Picture, Styled, StyleKind, Words
from shared.interview.errors import Undefined as UndefinedName
from shared.interview.errors import UndefinedAttribute, UndefinedItem
from shared.interview.library.document_sources import DocumentSources
from shared.interview.library.docx_filters import FILTERS
from shared.interview.library.faults import DAError
from shared.interview.library.jinja_filters import registered_filters
from shared.interview.library.objects.files import DAFile, DAFileCollection, DAFileList, DAStaticFile
from shared.interview.library.objects.texts import DALazyTemplate, DATemplate
from shared.interview.runtime.run import Run, current_run

_MEMO = "docx filling"
_OF_PYTHON = frozenset(
    {
        "abs", "all", "any", "bool", "dict", "divmod", "enumerate", "filter", "float", "int", "isinstance", "len",
        "list", "map", "max", "min", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum",
        "tuple", "zip",
    }
)  # fmt: skip
_EXTENSIONS = ("jinja2.ext.do", "jinja2.ext.loopcontrols")
_MARKUP = re.compile(r"\[(FILE|QR) ([^\[\]\n]+)\]")
_BLANK = "_" * 25
_TEXT_CODES = {
    "BLANK": _BLANK,
    "BLANKFILL": _BLANK,
    "CHECKBOX": "____",
    "BR": "\n",
    "NEWLINE": "\n",
    "TAB": "\t",
    "SKIPLINE": "\n\n",
    "NOPAR": "",
    "END": "",
    **TEXTS,
}
_CODE = re.compile(r"\[(" + "|".join(_TEXT_CODES) + r")\]")
_AT_LINE_ENDS = re.compile(r" *(\[(?:BR|NEWLINE|SKIPLINE)\]) *")
_REDACTED = re.compile(r"\[REDACTION_WORD ([^\]\n]*)\]")


class Missing(StrictUndefined):
    """A name without a value: whoever uses it has it sought."""

    __slots__ = ("_error",)

    def __init__(self, *arguments: Any, error: Exception | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._error = error

    def _fail_with_undefined_error(self, *_: Any, **__: Any) -> Any:
        if self._error is not None:
            raise self._error
        raise UndefinedName(str(self._undefined_name))

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail_with_undefined_error
    __call__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = _fail_with_undefined_error
    __getitem__ = __contains__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._fail_with_undefined_error()


class Absent(Undefined):
    """A name without a value where `skip undefined` is set: nothing, whatever is done with it."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def _same(self, *_: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same


class _Names(Context):
    """What a name stands for: something of the template, of its fields, else of the interview."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        if found is not nothing:
            return found
        environment = self.environment
        assert isinstance(environment, WordEnvironment)
        return environment.name(key)


class WordEnvironment(SandboxedEnvironment):
    """The environment of one template."""

    context_class = _Names

    def __init__(self, run: Run, sources: DocumentSources, *, skips_undefined: bool = False) -> None:
        missing = Absent if skips_undefined else Missing
        super().__init__(undefined=missing, finalize=self._shown, extensions=_EXTENSIONS)
        self._run, self.sources, self.skips = run, sources, skips_undefined
        self.filling: Filling | None = None
        self.values: Mapping[str, Any] = {}
        """What the template is given beside the variables of the interview."""
        self._automatic = _automatic_filter(run)
        self.filters |= FILTERS | registered_filters()
        self.filters |= {
            "as_p_here": self._in_paragraphs,
            "as_r_here": self._in_runs,
            "markdown": self.markdown,
            "inline_markdown": self.inline_markdown,
            "paragraphs": self.paragraphs,
            "manual_line_breaks": manual_line_breaks,
            "bold": self._bold,
            "italic": self._italic,
            "RichText": _as_words,
            "inline_image": lambda value: value,
        }

    def compile(self, source: Any, *arguments: Any, **options: Any) -> Any:
        """The code of a template. Raises TemplateSyntaxError."""
        try:
            return super().compile(source, *arguments, **options)
        except RecursionError as error:
            raise TemplateSyntaxError("its tags or brackets stand too deep in each other", 1) from error

    @property
    def package(self) -> str:
        """Relative file names belong to it."""
        return self.sources.package

    # Names
    def name(self, key: str) -> Any:
        """A variable, a function of the library, or one of Python's that is harmless."""
        if key.startswith("__"):
            return nothing
        answers = self._run.answers
        if key in answers:
            return answers[key]
        known: Mapping[str, Any] = answers["__builtins__"]
        if key in known and (key in _OF_PYTHON or not hasattr(builtins, key)):
            return known[key]
        return _rich_text() if key == "RichText" else nothing

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute, else an item. One that is missing is sought when it is used."""
        if isinstance(obj, Undefined):
            return self._of_nothing(obj)
        try:
            return self._checked(obj, attribute, getattr(obj, attribute))
        except AttributeError as error:
            try:
                return obj[attribute]
            except (TypeError, LookupError, AttributeError):
                return self._absent(error, obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item, or an attribute by its name. One that is missing is sought when it is used."""
        if isinstance(obj, Undefined):
            return self._of_nothing(obj)
        try:
            return obj[argument]
        except (AttributeError, TypeError, LookupError) as error:
            if not isinstance(argument, str):
                return self._absent(error, obj, argument)
            try:
                return self._checked(obj, argument, getattr(obj, argument))
            except AttributeError as second:
                is_sought = isinstance(error, UndefinedItem)
                return self._absent(error if is_sought else second, obj, argument)

    def _checked(self, obj: Any, attribute: str, value: Any) -> Any:
        formatting = self.wrap_str_format(value)
        if formatting is not None:
            return formatting
        is_safe = self.is_safe_attribute(obj, attribute, value)
        return value if is_safe else self.unsafe_undefined(obj, attribute)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """What is kept from templates. Raises SecurityError when it is used."""
        return StrictUndefined(
            f"access to attribute {attribute!r} of {type(obj).__name__!r} is unsafe", exc=SecurityError
        )

    def _of_nothing(self, obj: Undefined) -> Any:
        return obj if self.skips else obj._fail_with_undefined_error()

    def _absent(self, error: Exception, obj: Any, name: Any) -> Any:
        if self.skips:
            return Absent()
        if isinstance(error, UndefinedAttribute | UndefinedItem | UndefinedName):
            return Missing(error=error)
        return StrictUndefined(obj=obj, name=name)

    # Values
    @pass_context
    def _shown(self, _: Context, value: Any) -> Any:
        """What `{{ … }}` puts into the text. Without a context Jinja2 would make constants into text itself."""
        if isinstance(value, Undefined | Markup) or hasattr(value, "__html__"):
            return value
        if self._automatic is not None:
            value = self._automatic(value)
        found = self._rich(value)
        filling = self._filling()
        if isinstance(found, str):
            return self._with_pictures(found)
        return filling.within_text(found) if not isinstance(found, list) else self._all(found, filling.within_text)

    def _in_paragraphs(self, value: Any) -> Any:
        return self._placed(value, self._filling().as_paragraphs)

    def _in_runs(self, value: Any) -> Any:
        return self._placed(value, self._filling().as_runs)

    def _placed(self, value: Any, place: Callable[[Any], Markup]) -> Any:
        if isinstance(value, Undefined):
            return value
        if isinstance(value, Markup) or hasattr(value, "__html__"):
            return value
        found = self._rich(value)
        return self._all(found, place) if isinstance(found, list) else place(found)

    def _all(self, found: list[Any], place: Callable[[Any], Any]) -> Markup:
        return Markup("").join(place(one) for one in found)

    def _filling(self) -> Filling:
        assert self.filling is not None
        return self.filling

    def _rich(self, value: Any) -> str | Formatted | Picture | WordFile | list[Any]:
        """A value as Word can hold it: words, text with looks, a picture, a file, or several."""
        match value:
            case Formatted() | Picture() | WordFile():
                return value
            case DALazyTemplate() | DATemplate():
                return Formatted(read_markdown(str(value), self.sources))
            case DAFile() | DAStaticFile():
                return self._file(value)
            case DAFileCollection():
                return self._file(value.__dict__.get("docx") or value._first())
            case DAFileList():
                return [self._file(file) for file in value]
            case [WordFile(), *_]:
                return list(value)
            case _:
                return plain_words(str(value))

    def _file(self, file: Any) -> str | Picture | WordFile:
        if isinstance(file, DAFile) and not file.ok:
            return str(file.initialized) if "initialized" not in file.__dict__ else ""
        path = Path(file.path())
        mimetype = str(file.__dict__.get("mimetype") or "")
        if path.suffix.lower() == ".docx":
            # Files of a package are templates of its author; one of the session may be anybody's, and stays as it is.
            return self.part(path, {}) if isinstance(file, DAStaticFile) else WordFile(path)
        if mimetype.startswith("image/"):
            return picture_of(path, "", file.get_alt_text() or "")
        if mimetype.startswith("text/"):
            return words_for_xml(path.read_text(encoding="utf-8", errors="replace"))
        return words_for_xml(str(file.__dict__.get("filename") or path.name))

    def part(self, source: Path, variables: Mapping[str, Any], *, is_inline: bool = False) -> WordFile:
        """Another template, filled with the same variables and some of its own. Raises as fill_template does."""
        target = Path(tempfile.mkdtemp(prefix="part-")) / source.name
        skips = self.skips
        fill_template(self._run, source, target, variables, sources=self.sources, skips_undefined=skips)
        return WordFile(target, is_inline=is_inline)

    def _with_pictures(self, text: str) -> Any:
        """Words, with what `[FILE …]` and `[QR …]` in them stand for."""
        text = words_for_xml(text)
        if "[" not in text:
            return text
        pieces: list[Any] = []
        last = 0
        for found in _MARKUP.finditer(text):
            made = self._mentioned(found[1], found[2])
            if made is not None:
                pieces += [text[last : found.start()], made]
                last = found.end()
        if not pieces:
            return text
        return Markup("").join([*pieces, text[last:]])

    def _mentioned(self, kind: str, argument: str) -> Any:
        reference, width, alternative = arguments_of(argument)
        if kind == "QR":
            path = qr_picture(reference, self.sources)
            return None if path is None else self._filling().within_text(picture_of(path, width or "2in", alternative))
        path = self.sources.picture(reference)
        if path is not None:
            return self._filling().within_text(picture_of(path, width, alternative))
        word_file = self.sources.word_file(reference)
        if word_file is not None:
            return self._filling().within_text(WordFile(word_file))
        return None

    # Filters that know where they are
    def markdown(self, text: Any) -> Any:
        """Markdown with its paragraphs, lists, tables and pictures."""
        if isinstance(text, Undefined | Formatted):
            return text
        return Formatted(read_markdown(str(text), self.sources))

    def inline_markdown(self, text: Any) -> Any:
        """Markdown on lines of one paragraph."""
        made = self.markdown(text)
        if not isinstance(made, Formatted):
            return made
        return Formatted((Paragraph(made.inlines),)) if made.blocks else made

    def paragraphs(self, text: Any) -> Any:
        """Every line a paragraph of its own."""
        return self.markdown(re.sub(r"[\r\n]+", "\n\n", str(text))) if not isinstance(text, Undefined) else text

    def _bold(self, text: Any) -> Any:
        return text if isinstance(text, Undefined) else _styled("strong", text)

    def _italic(self, text: Any) -> Any:
        return text if isinstance(text, Undefined) else _styled("emphasis", text)


def _styled(kind: StyleKind, text: Any) -> Any:
    words = plain_words(str(text)).strip()
    return Formatted((Paragraph((Styled(kind, (Words(words),)),)),)) if words else ""


def _rich_text() -> Any:
    """Text with looks of docxtpl's own, for templates that make some: `{{r RichText('now', bold=True) }}`."""
    from docxtpl import RichText

    return RichText


def _as_words(value: Any) -> Any:
    return value


def manual_line_breaks(text: Any) -> Any:
    """A text that keeps its lines: Word breaks them where the text does."""
    return text if isinstance(text, Undefined) else re.sub(r" *\r?\n *", "\n", str(text))


def plain_words(text: str) -> str:
    """A text with the square-bracket markup that words can show; that of pictures stays."""
    if "[" not in text:
        return words_for_xml(text)
    text = _CODE.sub(lambda code: _TEXT_CODES[code[1]], _AT_LINE_ENDS.sub(r"\1", text))
    text = _REDACTED.sub(lambda found: re.sub(r"\S", "█", found[1]), text)
    return words_for_xml(text)


def _automatic_filter(run: Run) -> Callable[[Any], Any] | None:
    """The feature `auto jinja filter`: a function that everything shown goes through."""
    named = run.interview.features.get("auto jinja filter")
    if not named:
        return None
    found = run.evaluate(str(named))
    if not callable(found):
        raise DAError(f"`auto jinja filter` names {named}, which is no function")
    return found  # type: ignore[no-any-return]


def fill_template(
    run: Run,
    source: Path,
    target: Path,
    values: Mapping[str, Any],
    *,
    sources: DocumentSources,
    name: str = "",
    skips_undefined: bool = False,
    hyperlink_style: str = "",
) -> None:
    """Fill a Word template with values, and with all variables of the interview.

    Raises DocumentUnreadable, DocumentTooLarge, TemplateBroken, Undefined and kin.
    """
    outer: WordEnvironment | None = run.memo.get(_MEMO)
    depth = 0 if outer is None or outer.filling is None else outer.filling.depth + 1
    environment = WordEnvironment(run, sources, skips_undefined=skips_undefined)
    filling = Filling(
        source,
        environment,
        name=name or source.name,
        depth=depth,
        hyperlink_style=hyperlink_style,
        left_out=sources.left_out,
    )
    environment.filling = filling
    environment.values = {**(outer.values if outer is not None else {}), **values}
    with _at_work(run, environment):
        filling.write(target, environment.values)


@contextmanager
def _at_work(run: Run, environment: WordEnvironment) -> Iterator[None]:
    before, context = run.memo.get(_MEMO), run.evaluation_context
    run.memo[_MEMO], run.evaluation_context = environment, "docx"
    try:
        yield
    finally:
        run.evaluation_context = context
        if before is None:
            run.memo.pop(_MEMO, None)
        else:
            run.memo[_MEMO] = before


def environment_at_work() -> WordEnvironment:
    """The environment of the template that is being filled. Raises DAError when none is."""
    found = current_run().memo.get(_MEMO)
    if found is None:
        raise DAError(
            "include_docx_template() is for Word templates: write {{p include_docx_template('part.docx') }} in a DOCX"
        )
    assert isinstance(found, WordEnvironment)
    return found
