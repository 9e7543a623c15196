"""What a document is going to be: everything an attachment says, with its texts rendered and its templates filled.

Nothing is kept yet: a name that is missing here is sought first, and the draft made again. A draft knows how to write
each of its files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from shared.interview.compile.blocks import Attachment, Block
from shared.interview.compile.expressions import Expression, Flag, Text
from shared.interview.compile.templates import template_text
from shared.interview.documents.markdown_docx import write_docx
from shared.interview.documents.markdown_pdf import write_pdf
from shared.interview.documents.markdown_reader import read_markdown
from shared.interview.documents.markdown_rtf import write_rtf
from shared.interview.errors import EvaluationError, Position
from shared.interview.evaluate.document_manner import manner_of
from shared.interview.library.document_sources import DocumentSources
from shared.interview.library.plain_text import space_to_underscore
from shared.interview.runtime.run import Run
from shared.interview.runtime.text import render, text_of_file
from shared.kernel.errors import Refused

Writer = Callable[[Path], None]
"""Writes one file of a document."""
ALL = "*"
_OF_CONTENT = ("pdf", "rtf", "html")
_REDACTED = re.compile(r"\[REDACTION_WORD ([^\]\n]*)\]")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_LONGEST_NAME = 120
_ENDINGS = frozenset({"pdf", "docx", "rtf", "md", "html"})


@dataclass(slots=True)
class Draft:
    """A document that can be written."""

    attachment: Attachment
    name: str
    filename: str
    """Without ending."""
    description: str = ""
    formats: tuple[str, ...] = ()
    files: dict[str, Writer] = field(default_factory=dict)
    """By format, in the order shown."""
    endings: dict[str, str] = field(default_factory=dict)
    """Ending of the file name by format, where it is another word."""
    markdown: str = ""
    language: str = "en"
    options: dict[str, Any] = field(default_factory=dict)
    """What flags and texts of the attachment say, by key."""

    @property
    def standards(self) -> tuple[str, ...]:
        """What a PDF is held to, as typst calls it."""
        found = ("a-2b",) if self.options.get("pdf/a") else ()
        return (*found, "ua-1") if self.options.get("tagged pdf") else found


class Drafting:
    """Makes the draft of one attachment."""

    def __init__(self, run: Run, block: Block, attachment: Attachment) -> None:
        self.run, self.block, self.attachment = run, block, attachment
        self.sources = DocumentSources(run, block.package, attachment.position)

    def draft(self) -> Draft:
        """The draft. Raises Undefined and kin, EvaluationError, and whatever the author's code raises."""
        attachment = self.attachment
        with self._in_language(attachment.language):
            name = self.line(attachment.name) or "Document"
            filename = _file_name(self.line(attachment.filename) or space_to_underscore(name))
            made = Draft(attachment, name, filename, self.text(attachment.description), language=self.run.language)
            made.options = self._options()
            made.formats = self._formats()
            if attachment.manual is not None:
                self._manual(made)
            elif attachment.docx_templates:
                from shared.interview.evaluate.document_templates import draft_docx

                draft_docx(self, made)
            elif attachment.pdf_template:
                from shared.interview.evaluate.document_templates import draft_pdf

                draft_pdf(self, made)
            else:
                self._content(made)
        made.filename = _without_ending(made.filename, {*_ENDINGS, *made.files, *made.endings.values()})
        return made

    # Reading what the attachment says
    def text(self, text: Text | None) -> str:
        """A text with its Mako carried out; empty when there is none."""
        return "" if text is None else render(text, self.run).strip()

    def line(self, text: Text | None) -> str:
        """A text on one line."""
        return " ".join(self.text(text).split())

    def value(self, expression: Expression) -> Any:
        """What an expression gives."""
        return eval(expression.code, self.run.answers)

    def flag(self, flag: Flag) -> bool:
        """A YAML truth value, or whether an expression holds."""
        return flag if isinstance(flag, bool) else bool(self.value(flag))

    def resolved(self, value: Any) -> Any:
        """A compiled structure as its values."""
        match value:
            case Text():
                return render(value, self.run)
            case Expression():
                return self.value(value)
            case dict():
                return {key: self.resolved(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self.resolved(inner) for inner in value]
            case _:
                return value

    def names(self, files: tuple[Text, ...] | Expression) -> list[Any]:
        """File names and file objects."""
        if isinstance(files, Expression):
            value = self.value(files)
            if hasattr(value, "elements") and not hasattr(value, "path"):
                value = list(value)
            return list(value) if isinstance(value, list | tuple) else [value]
        return [self.line(file) for file in files]

    def template(self, name: Any) -> Path:
        """A file of `data/templates`, or of a file object. Raises EvaluationError when it is not there."""
        if hasattr(name, "path"):
            return Path(name.path())
        reference = str(name).strip()
        full = reference if ":" in reference else f"{self.block.package}:{reference}"
        try:
            if self.run.path is None:
                raise EvaluationError(f"The file {reference} cannot be reached here", self.attachment.position)
            return self.run.path.find(full, section="templates").path
        except Refused as error:
            raise EvaluationError(
                f"The template {reference!r} was not found: templates lie in data/templates of the package",
                self.attachment.position,
            ) from error

    @contextmanager
    def as_document(self, kind: str) -> Iterator[None]:
        """Texts are rendered for a document of this kind meanwhile."""
        run = self.run
        before = run.evaluation_context, run.redacts
        run.evaluation_context = kind
        run.redacts = self.flag(self.attachment.flags.get("redact", True))
        try:
            yield
        finally:
            run.evaluation_context, run.redacts = before

    @contextmanager
    def _in_language(self, language: str | None) -> Iterator[None]:
        run, before = self.run, self.run.language
        if language is not None and language != "*":
            run.language = language
        try:
            yield
        finally:
            run.language = before

    def _options(self) -> dict[str, Any]:
        attachment, features = self.attachment, self.run.interview.features
        found: dict[str, Any] = {key: features[key] for key in ("pdf/a", "tagged pdf") if key in features}
        found |= {key: self.flag(flag) for key, flag in attachment.flags.items()}
        found |= {key: self.line(text) for key, text in attachment.texts.items()}
        for key, people in attachment.access.items():
            found[key] = self.names(people)
        return found

    def _formats(self) -> tuple[str, ...]:
        formats = self.attachment.formats
        if isinstance(formats, Expression):
            value = self.value(formats)
            return tuple(str(one).lower() for one in (value if isinstance(value, list | tuple) else [value]))
        return formats

    # Markdown
    def _content(self, made: Draft) -> None:
        markdown = self._markdown()
        if "raw" in made.options and made.options["raw"].lower() not in ("", "false"):
            self._raw(made, markdown)
            return
        formats = _OF_CONTENT if not made.formats or ALL in made.formats else made.formats
        made.formats = formats
        if self.flag(self.attachment.flags.get("redact", True)):
            markdown = _REDACTED.sub(lambda found: re.sub(r"\S", "█", found[1]), markdown)
        made.markdown = markdown
        blocks = read_markdown(markdown, self.sources)
        manner = manner_of(self._metadata(), title=made.name, language=made.language, sources=self.sources)
        left_out = self.sources.left_out
        for name in formats:
            match name:
                case "pdf":
                    made.files[name] = partial(
                        write_pdf, blocks, manner, name=made.name, standards=made.standards, left_out=left_out
                    )
                case "docx" | "rtf to docx":
                    made.files[name] = partial(
                        write_docx, blocks, manner, reference=self._reference(), left_out=left_out
                    )
                    made.endings[name] = "docx"
                case "rtf":
                    made.files[name] = partial(write_rtf, blocks, manner, left_out=left_out)
                case "md":
                    made.files[name] = partial(_write_text, markdown)
                case _:
                    pass

    def _markdown(self) -> str:
        attachment = self.attachment
        texts = [attachment.content] if attachment.content is not None else []
        with self.as_document("pandoc"):
            for name in self.names(attachment.content_files):
                path = self.template(name)
                source = text_of_file(path, attachment.position)
                texts.append(template_text(attachment.definitions + source, Position(path.name, 1)))
            return "".join(render(text, self.run) for text in texts)

    def _raw(self, made: Draft, content: str) -> None:
        """`raw`: the content as it is, in a file with this ending."""
        ending = made.options["raw"].lower().lstrip(".")
        made.files["raw"] = partial(_write_text, content)
        made.endings["raw"] = "txt" if ending == "true" else ending
        made.formats = ("raw",)

    def _metadata(self) -> dict[str, Any]:
        attachment = self.attachment
        found: dict[str, Any] = {}
        options = self.run.interview.document_options
        for place in ("initial yaml", "", "additional yaml"):
            if not place:
                for block in options:
                    found |= self.resolved(block.metadata)
                found |= self.resolved(attachment.metadata)
                continue
            files = attachment.files.get(place)
            if files is None:
                files = next((block.files[place] for block in reversed(options) if place in block.files), ())
            for name in self.names(files):
                found |= self._yaml(name)
        return {name: value.strip() if isinstance(value, str) else value for name, value in found.items()}

    def _yaml(self, name: Any) -> dict[str, Any]:
        path = self.template(name)
        try:
            found = YAML(typ="safe", pure=True).load(text_of_file(path, self.attachment.position))
        except (YAMLError, ValueError) as error:
            raise EvaluationError(f"{path.name} cannot be read as YAML: {error}", self.attachment.position) from error
        return found if isinstance(found, dict) else {}

    def _reference(self) -> Path | None:
        key = "docx reference file"
        files = self.attachment.files.get(key)
        if files is None:
            options = self.run.interview.document_options
            files = next((block.files[key] for block in reversed(options) if key in block.files), ())
        names = self.names(files)
        return self.template(names[-1]) if names else None

    # Files made by code
    def _manual(self, made: Draft) -> None:
        manual = self.attachment.manual
        assert manual is not None
        values = (
            self.value(manual)
            if isinstance(manual, Expression)
            else {ending: self.value(expression) for ending, expression in manual.items()}
        )
        if not isinstance(values, dict):
            raise EvaluationError(
                "`manual code` gives a dictionary of file endings, each with its file", self.attachment.position
            )
        for ending, value in values.items():
            source = _path_of(value)
            if source is None:
                raise EvaluationError(f"`manual`: what {ending!r} stands for is no file", self.attachment.position)
            made.files[str(ending).lower().lstrip(".")] = partial(_copy, source)
        made.formats = tuple(made.files)


def _path_of(value: Any) -> Path | None:
    """Where the contents of a file object are: of a list of files the first."""
    path = getattr(value, "path", None)
    if callable(path):
        return Path(str(path()))
    return Path(value) if isinstance(value, str | Path) and Path(value).is_absolute() else None


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _without_ending(filename: str, endings: set[str]) -> str:
    """The name of a file whose ending the author has written as well: each format adds its own."""
    stem, dot, ending = filename.rpartition(".")
    return stem if dot and stem and ending.lower() in endings else filename


def _file_name(name: str) -> str:
    """A name that every file system takes."""
    made = _UNSAFE.sub("_", name).strip(". ")[:_LONGEST_NAME]
    return made or "document"
