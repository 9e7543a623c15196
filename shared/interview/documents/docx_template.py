"""Fill Word templates, by docxtpl: Jinja2 in the text, the table rows, headers, footers and footnotes of a DOCX.

    filling = Filling(Path("letter.docx"), environment, name="letter.docx")
    filling.write(Path("out.docx"), {"planet": "Mars"})

The environment decides what names and values mean (library.docx_values); here is how they get into Word's XML. What is
more than words leaves a token in the text, and takes its place when the text is Word's again: so it keeps the letters
of the run it stands in, and nothing that a person typed is ever read as XML or as a template.
"""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Environment, TemplateError, TemplateSyntaxError
from lxml import etree
from markupsafe import Markup

from shared.interview.documents.archives import checked_word_file, parser
from shared.interview.documents.errors import DocumentError, DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.markdown_docx import DocxWriter
from shared.interview.documents.markdown_pictures import LeftOut
from shared.interview.documents.markdown_tree import Block, Inline, Manner, Mark, Paragraph, Picture, Words, inlines_of
from shared.interview.documents.read_docx import KIND

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OPEN, _CLOSE = "\ue000", "\ue001"
_TOKEN = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_BRACES = re.compile(r"(?<={)(?:<[^>]*>)+(?=[\{%\#])|(?<=[%\}\#])(?:<[^>]*>)+(?=\})", re.DOTALL)
_TAGS = re.compile(r"{%(?:(?!%}).)*|{#(?:(?!#}).)*|{{(?:(?!}}).)*", re.DOTALL)
_BETWEEN = re.compile(r"</w:t>.*?(?:<w:t>|<w:t [^>]*>)", re.DOTALL)
_PLACED = re.compile(r"\{\{(p|r) (.*?)\}\}", re.DOTALL)
_PARAGRAPH = re.compile(r"<w:p([ >])")
_XML_TAG = re.compile(r"<[^>]+>")
_AS_PLACED = re.compile(r"\{\{ *\((.*?)\)\|as_([pr])_here *\}\}")
_LONGEST_NEAR = 200
_SPLIT = 'w:rsidDel="00C0110C"'
"""Marks a paragraph that only holds what came after something with paragraphs of its own."""
_AFTER_UPDATE_FIELDS = frozenset(
    {
        "hdrShapeDefaults", "footnotePr", "endnotePr", "compat", "docVars", "rsids", "mathPr", "attachedSchema",
        "themeFontLang", "clrSchemeMapping", "doNotIncludeSubdocsInStats", "captions", "readModeInkLockDown",
        "schemaLibrary", "shapeDefaults", "decimalSymbol", "listSeparator",
    }
)  # fmt: skip
"""What stands after `updateFields` in the settings of a DOCX, by its schema."""
_PARTS = {"header": "a header", "footer": "a footer", "footnotes": "a footnote"}
"""Parts of a Word file beside its body, by the beginning of their names."""
_PART_NAME = re.compile(r"([a-z]+)\d*\.xml$")
_TAG_SIGNS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))
_MOST_DEPTH = 10
"""How deep templates may include each other."""
MOST_TEMPLATE_BYTES = 32 * 1024**2
"""How large a template may be: it is unpacked, filled and packed again while a person waits for a screen."""


MOST_PARAGRAPHS = 50_000
"""How many a part of a template may have, before and after it is filled: some two thousand pages."""


class TemplateBroken(DocumentError):
    """A template's Jinja2 is wrong. `part` says where when that is not the body, `near` is what stands there."""

    def __init__(self, name: str, message: str, near: str = "", part: str = "") -> None:
        where = f" in {part}" if part else ""
        super().__init__(f"The template {name} is wrong{where}: {message}." + (f" Near: “{near}”" if near else ""))
        self.name, self.near = name, near


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text with looks, for a template: Markdown that has been read."""

    blocks: tuple[Block, ...]

    @property
    def inlines(self) -> tuple[Inline, ...]:
        """All of it on lines of one paragraph."""
        found: list[Inline] = []
        for block in self.blocks:
            inner = inlines_of(block)
            if found and inner:
                found += [Mark("break"), Mark("break")]
            found += inner
        return tuple(found)


@dataclass(frozen=True, slots=True)
class WordFile:
    """A DOCX that takes the place of a tag."""

    path: Path
    is_inline: bool = False
    """Only the text of its paragraphs counts."""


def words_for_xml(text: str) -> str:
    """A text without the signs that no XML can hold, and without ours."""
    return _PRIVATE.sub("", _CONTROLS.sub("", text))


@dataclass
class Filling:
    """One template being filled. `depth` counts the templates that include each other."""

    source: Path
    environment: Environment
    name: str = ""
    depth: int = 0
    hyperlink_style: str = ""
    left_out: LeftOut | None = None
    _insertions: list[Callable[[Any], list[Any]]] = field(default_factory=list)
    _template: Any = None
    _scratch: Any = None

    def write(self, target: Path, values: Mapping[str, Any]) -> None:
        """Write the filled template.

        Raises DocumentUnreadable, DocumentTooLarge, TemplateBroken, and whatever the values raise.
        """
        from docx.opc.exceptions import PackageNotFoundError

        label = self.name or self.source.name
        if self.depth > _MOST_DEPTH:
            raise TemplateBroken(label, f"templates include each other more than {_MOST_DEPTH} deep")
        if self.source.stat().st_size > MOST_TEMPLATE_BYTES:
            raise DocumentTooLarge(label, f"a template may have {MOST_TEMPLATE_BYTES // 1024**2} MB")
        checked_word_file(self.source, name=label)
        self._template = _Template(str(self.source), self)
        try:
            self._template.init_docx()
        except (PackageNotFoundError, KeyError, ValueError, etree.XMLSyntaxError) as error:
            raise DocumentUnreadable(label, KIND, str(error)) from error
        try:
            self._template.render(dict(values), self.environment, autoescape=True)
        except TemplateError as error:
            message = self._template.unclosed or str(error.message or error).rstrip(".")
            raise TemplateBroken(label, message, self._template.near, self._template.part) from error
        except Exception as error:
            near, part = self._template.near, self._template.part
            if isinstance(error, etree.XMLSyntaxError) or (
                isinstance(error, AttributeError) and getattr(error, "name", None) == "nsmap"
            ):
                wrong = "what it is filled with does not fit where the tag stands"
                raise TemplateBroken(label, wrong, near, part) from error
            if not hasattr(error, "__notes__"):  # of templates that include each other the innermost says it
                where = (f", in {part}" if part else "") + (f", near “{near}”" if near else "")
                error.add_note(f"In the template {label}{where}.")
            raise
        self._template.save(str(target))

    # What values become
    def token(self, make: Callable[[Any], list[Any]]) -> Markup:
        """A sign in the text; `make` gives the elements of Word that take its place, from the run it stood in."""
        self._insertions.append(make)
        return Markup(f"{_OPEN}{len(self._insertions) - 1}{_CLOSE}")  # noqa: S704

    def within_text(self, value: Formatted | Picture | WordFile | str) -> Markup | str:
        """For `{{ … }}`: words as they are, everything else as runs of its own."""
        if isinstance(value, str):
            return value
        if isinstance(value, WordFile):
            return self.token(lambda run: self._runs_of_file(value, run))
        inlines = (value,) if isinstance(value, Picture) else value.inlines
        if all(isinstance(inline, Words) or inline == Mark("break") for inline in inlines):
            return words_for_xml("".join(one.text if isinstance(one, Words) else "\n" for one in inlines))
        return self.token(lambda run: self._runs(inlines, run))

    def as_runs(self, value: Formatted | Picture | WordFile | str) -> Markup:
        """For `{{r … }}`: inside of a paragraph, between runs. More than one paragraph makes more."""
        if isinstance(value, str):
            value = Formatted((Paragraph((Words(value),)),))
        if isinstance(value, WordFile):
            return Markup("".join(map(_as_text, self._runs_of_file(value, None))))  # noqa: S704
        blocks = (Paragraph((value,)),) if isinstance(value, Picture) else value.blocks
        if not blocks:
            return Markup("")
        first = blocks[0]
        head = "".join(map(_as_text, self._runs(first.inlines, None))) if isinstance(first, Paragraph) else ""
        rest = blocks[1:] if isinstance(first, Paragraph) else blocks
        if not rest:
            return Markup(head)  # noqa: S704
        return Markup(f"{head}</w:p>{self._paragraphs(rest)}<w:p {_SPLIT}>")  # noqa: S704

    def as_paragraphs(self, value: Formatted | Picture | WordFile | str) -> Markup:
        """For `{{p … }}`: in the place of a paragraph."""
        if isinstance(value, WordFile):
            return Markup(self._inside_of(value))  # noqa: S704
        if isinstance(value, str):
            value = Formatted(tuple(Paragraph((Words(line),)) for line in value.split("\n\n")))
        blocks = (Paragraph((value,)),) if isinstance(value, Picture) else value.blocks
        return Markup(self._paragraphs(blocks))  # noqa: S704

    def _writer(self) -> tuple[Any, DocxWriter]:
        """A document that shares the template's styles and pictures, emptied, and what writes to it."""
        if self._scratch is None:
            self._scratch = self._template.new_subdoc()
        for element in list(self._scratch.subdocx.element.body):
            self._scratch.subdocx.element.body.remove(element)
        return self._scratch, DocxWriter(
            self._scratch.subdocx,
            Manner(),
            is_within=True,
            hyperlink_style=self.hyperlink_style,
            left_out=self.left_out,
        )

    def _paragraphs(self, blocks: Sequence[Block]) -> str:
        subdocument, writer = self._writer()
        writer.blocks(blocks, subdocument.subdocx)
        writer.notes()
        return str(subdocument)

    def _runs(self, inlines: Sequence[Inline], run: Any) -> list[Any]:
        subdocument, writer = self._writer()
        paragraph = subdocument.subdocx.add_paragraph()
        writer.inlines(inlines, paragraph)
        writer.notes_within(paragraph)
        made = [element for element in paragraph._p if element.tag != f"{{{W}}}pPr"]
        looks = None if run is None else run.find(f"{{{W}}}rPr")
        if looks is not None:
            for element in made:
                for inner in [element] if element.tag == f"{{{W}}}r" else element.iter(f"{{{W}}}r"):
                    _inherit(inner, looks)
        return made

    def _inside_of(self, file: WordFile) -> str:
        """What a Word file holds, as XML; anybody may have made it. Raises DocumentUnreadable, DocumentTooLarge."""
        from docx.opc.exceptions import PackageNotFoundError

        checked_word_file(file.path, name=file.path.name)
        try:
            inside = str(self._template.new_subdoc(str(file.path)))
            for part in self._template.docx.part.package.image_parts:
                # Those of the other file can be counted, but not measured, as the template does with the same picture.
                part._image = None
            return inside
        except (PackageNotFoundError, KeyError, ValueError, etree.XMLSyntaxError) as error:
            raise DocumentUnreadable(file.path.name, KIND, str(error)) from error

    def _runs_of_file(self, file: WordFile, run: Any) -> list[Any]:
        xml = f'<w:body xmlns:w="{W}" {_namespaces()}>{self._inside_of(file)}</w:body>'
        body = etree.fromstring(xml.encode(), parser())
        made: list[Any] = []
        for paragraph in body.iter(f"{{{W}}}p"):
            made += [element for element in paragraph if element.tag != f"{{{W}}}pPr"]
        return made

    # Afterwards
    def settle(self, xml: str) -> str:
        """Put what tokens stand for in their place, and take away paragraphs that were only split off."""
        if _OPEN not in xml and _SPLIT not in xml:
            return xml
        tree = etree.fromstring(xml.encode(), etree.XMLParser(recover=True, resolve_entities=False, no_network=True))
        for text in list(tree.iter(f"{{{W}}}t")):
            if text.text and _OPEN in text.text:
                self._replace(text)
        for paragraph in list(tree.iter(f"{{{W}}}p")):
            if paragraph.attrib.pop(f"{{{W}}}rsidDel", "") == "00C0110C" and not _has_content(paragraph):
                paragraph.getparent().remove(paragraph)
        made: str = etree.tostring(tree, encoding="unicode")
        return made

    def _replace(self, text: Any) -> None:
        """Cut the run a text stands in at its tokens."""
        run = text.getparent()
        if run is None or run.tag != f"{{{W}}}r" or run.getparent() is None:
            text.text = _TOKEN.sub("", text.text)
            return
        pieces: list[Any] = []
        current = _emptied(run)
        for element in list(run):
            if element is not text:
                if element.tag != f"{{{W}}}rPr":
                    current.append(copy.deepcopy(element))
                continue
            last = 0
            for token in _TOKEN.finditer(text.text):
                _append_text(current, text.text[last : token.start()])
                pieces.append(current)
                pieces += self._insertions[int(token[1])](run)
                current, last = _emptied(run), token.end()
            _append_text(current, text.text[last:])
        pieces.append(current)
        place = run.getparent().index(run)
        parent = run.getparent()
        parent.remove(run)
        for piece in reversed([one for one in pieces if one.tag != f"{{{W}}}r" or _has_content(one)]):
            parent.insert(place, piece)


class _Template(DocxTemplate):  # type: ignore[misc]
    """docxtpl, with places for what is more than words."""

    def __init__(self, source: str, filling: Filling) -> None:
        super().__init__(source)
        self._filling = filling
        self.near = self.part = self.unclosed = ""
        """Where rendering has failed: the words of the paragraph, the part when it is not the body; what is missing."""

    def patch_xml(self, src_xml: str) -> str:
        """Tell apart `{{p …}}` and `{{r …}}` before docxtpl takes the letter away."""
        self._see_that_it_is_not_too_long(src_xml)
        merged = _BRACES.sub("", src_xml)
        merged = _TAGS.sub(lambda tag: _ampersands(_BETWEEN.sub("", tag[0])), merged)
        merged = _PLACED.sub(lambda tag: f"{{{{{tag[1]} ({tag[2].strip()})|as_{tag[1]}_here }}}}", merged)
        patched: str = super().patch_xml(merged)
        return patched

    def map_tree(self, tree: Any) -> None:
        """Put the filled body in the place of the template's, emptied before: to take it out whole costs its square."""
        self.docx._element.body.clear()
        super().map_tree(tree)

    def render_xml_part(self, src_xml: str, part: Any, context: Any, jinja_env: Any = None) -> str:
        """Render one part, and settle what tokens stand for."""
        try:
            rendered = super().render_xml_part(src_xml, part, context, jinja_env)
        except Exception as error:
            words = _words_near(error, src_xml)
            self.near = words[:_LONGEST_NEAR]
            named = _PART_NAME.search(str(part.partname))
            self.part = _PARTS.get(named[1], "") if named else ""
            if isinstance(error, TemplateSyntaxError):
                self.unclosed = _unclosed(words)
            raise
        return self._filling.settle(rendered)

    def resolve_listing(self, xml: str) -> str:
        """Make the line ends and tabs of values those of Word."""
        self._see_that_it_is_not_too_long(xml)
        resolved: str = super().resolve_listing(xml)
        return resolved

    def _see_that_it_is_not_too_long(self, xml: str) -> None:
        """Every step takes time for each paragraph. Raises DocumentTooLarge."""
        count = xml.count("<w:p>") + xml.count("<w:p ")
        if count > MOST_PARAGRAPHS:
            raise DocumentTooLarge(
                self._filling.name or self._filling.source.name,
                f"it has {count} paragraphs, more than {MOST_PARAGRAPHS}",
                advice="Make several documents of it.",
            )


def _words_near(error: Exception, xml: str) -> str:
    """The words of the paragraph that was rendered when an error came; empty when that cannot be told."""
    number = error.lineno if isinstance(error, TemplateSyntaxError) else 0
    trace = error.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:  # Jinja2 gives its frames the lines of their template
            number = trace.tb_lineno
        trace = trace.tb_next
    paragraphs = _PARAGRAPH.sub(r"\n<w:p\1", xml).split("\n")  # as docxtpl does before it renders
    for paragraph in reversed(paragraphs[: number or 0]):
        words = " ".join(_XML_TAG.sub("", paragraph).split())
        if words:
            return _AS_PLACED.sub(r"{{\2 \1 }}", html.unescape(words))
    return ""


def _unclosed(words: str) -> str:
    """What to say of a tag without an end, which Jinja2 reads on into Word's XML; empty when all have one."""
    for begin, end in _TAG_SIGNS:
        if words.count(begin) > words.count(end):
            return f"a tag begins with {begin} but does not end with {end}"
    return ""


def _ampersands(tag: str) -> str:
    """The text of a tag as its author typed it: docxtpl sees to the other signs of XML."""
    return tag.replace("&quot;", '"').replace("&apos;", "'").replace("&amp;", "&") if "&" in tag else tag


def _inherit(run: Any, looks: Any) -> None:
    """Give a run the looks of another, as far as it has none of its own."""
    own = run.find(f"{{{W}}}rPr")
    if own is None:
        run.insert(0, copy.deepcopy(looks))
        return
    present = {element.tag for element in own}
    for element in looks:
        if element.tag not in present:
            own.append(copy.deepcopy(element))


def _emptied(run: Any) -> Any:
    fresh = etree.SubElement(etree.Element("holder"), run.tag, attrib=dict(run.attrib), nsmap=run.nsmap)
    looks = run.find(f"{{{W}}}rPr")
    if looks is not None:
        fresh.append(copy.deepcopy(looks))
    return fresh


def _append_text(run: Any, text: str) -> None:
    if text:
        element = etree.SubElement(run, f"{{{W}}}t")
        element.text = text
        element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _has_content(element: Any) -> bool:
    return any(inner.tag not in (f"{{{W}}}rPr", f"{{{W}}}pPr") for inner in element if inner.tag != f"{{{W}}}r") or any(
        _has_content(run) for run in element.findall(f"{{{W}}}r")
    )


def _as_text(element: Any) -> str:
    made: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return made


def _namespaces() -> str:
    from docx.oxml.ns import nsmap

    return " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in nsmap.items() if prefix != "w")


def have_references_updated(path: Path) -> None:
    """Have Word work out fields (tables of contents, page references) when the file is opened."""
    import docx
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    document = docx.Document(str(path))
    settings = document.settings.element
    if settings.find(qn("w:updateFields")) is None:
        element = OxmlElement("w:updateFields")
        element.set(qn("w:val"), "true")
        successor = next((one for one in settings if one.tag.rpartition("}")[2] in _AFTER_UPDATE_FIELDS), None)
        if successor is None:
            settings.append(element)
        else:
            successor.addprevious(element)
    document.save(str(path))
