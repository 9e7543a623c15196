"""Word files with XML that grows, reaches for files or is nested without end: each is named, at once (area4 §9.3)."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from shared.interview.documents.docx_join import variables_of
from shared.interview.documents.errors import DocumentUnreadable
from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed
from tests.language.documents.assembling import Assemble

_SECONDS = 5.0
_AS_TEMPLATE = "  docx template file: a.docx\n"
_AS_PART = "  docx template file: outer.docx\n"
_AS_REFERENCE = "  valid formats: docx\n  content: Words\n  docx reference file: a.docx\n"
_LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "laugh"}">' for n in range(10))
_END = re.compile(r"</[\w:]+>\s*$")


def grown(xml: str) -> str:
    """With entities that would become ten thousand million words."""
    return f"<!DOCTYPE d [{_LAUGHS}]>" + _END.sub(lambda end: f"&e9;{end[0]}", xml)


def declared(xml: str) -> str:
    """With entities that nothing in it mentions."""
    return f"<!DOCTYPE d [{_LAUGHS}]>{xml}"


def reaching(xml: str) -> str:
    """With the words of a file of the server."""
    return '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + xml.replace(">Words<", ">&x;<")


def nested(xml: str) -> str:
    """With elements in each other, a hundred thousand deep."""
    return _END.sub(lambda end: "<a>" * 100_000 + "</a>" * 100_000 + end[0], xml)


def word_file(part: str = "", change: Callable[[str], str] = str, encoding: str = "utf-8") -> bytes:
    """A Word file with words in its body and its header, of which one part is changed."""
    document = docx.Document()
    document.add_paragraph("Words")
    document.sections[0].header.paragraphs[0].text = "Words"
    plain, made = io.BytesIO(), io.BytesIO()
    document.save(plain)
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            contents = before.read(name)
            if name == part:
                xml = re.sub(r"^<\?xml[^>]*\?>\s*", "", contents.decode())
                contents = (f'<?xml version="1.0" encoding="{encoding}"?>' + change(xml)).encode(encoding)
            after.writestr(name, contents)
    return made.getvalue()


def outer() -> bytes:
    """A template that includes `a.docx`."""
    document, made = docx.Document(), io.BytesIO()
    document.add_paragraph("{{p include_docx_template('a.docx') }}")
    document.save(made)
    return made.getvalue()


@pytest.mark.parametrize("use", [_AS_TEMPLATE, _AS_PART, _AS_REFERENCE], ids=["template", "part", "reference"])
@pytest.mark.parametrize("part", ["document", "header1", "settings", "styles"])
@pytest.mark.parametrize("change", [grown, declared, reaching, nested])
def test_a_hostile_word_file_is_named_at_once(
    assemble: Assemble, use: str, part: str, change: Callable[[str], str]
) -> None:
    session = assemble(
        f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n{use}",
        a__docx=word_file(f"word/{part}.xml", change),
        outer__docx=outer(),
    )
    begun = time.monotonic()
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert time.monotonic() - begun < _SECONDS
    assert isinstance(outcome, RunFailed), outcome
    assert "a.docx cannot be read as DOCX" in outcome.failure.error_message


@pytest.mark.parametrize("words", ["{{ " + "(" * 9_999 + "1" + ")" * 9_999 + " }}", "{% if 1 %}" * 999])
def test_tags_without_end_in_each_other_are_told_as_that(assemble: Assemble, tmp_path: Path, words: str) -> None:
    contents = word_file("word/document.xml", lambda xml: xml.replace(">Words<", f">{words}<"))
    session = assemble(f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n{_AS_TEMPLATE}", a__docx=contents)
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(outcome, RunFailed), outcome
    assert "The template a.docx is wrong: its tags or brackets stand too deep" in outcome.failure.error_message
    (tmp_path / "a.docx").write_bytes(contents)
    with pytest.raises(DocumentUnreadable, match=r"^a\.docx cannot be read as a DOCX template: its tags or brackets"):
        variables_of(tmp_path / "a.docx")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_dtd_is_found_in_other_letters_too(assemble: Assemble, encoding: str) -> None:
    session = assemble(
        f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n{_AS_TEMPLATE}",
        a__docx=word_file("word/settings.xml", declared, encoding),
    )
    outcome = session.run(ShowScreen(is_first=True)).outcome
    assert isinstance(outcome, RunFailed), outcome
    assert "word/settings.xml has a DTD" in outcome.failure.error_message


def test_the_same_file_unchanged_is_filled(assemble: Assemble) -> None:
    for use in (_AS_TEMPLATE, _AS_PART, _AS_REFERENCE):
        session = assemble(
            f"mandatory: True\nquestion: Done\nattachment:\n  name: Out\n{use}",
            a__docx=word_file("word/document.xml"),
            outer__docx=outer(),
        )
        assert session.open() == "Done"
        assert session.docx_text("Out.docx").strip() == "Words"
