"""Every mark of spec/area4 §7.3 in PDF, DOCX, RTF and on screen: a row says what it becomes in each.

Lines of the PDF are told by `looks.said`: `108: a` begins 108 points from the left edge of the page. The margin is 72,
and first lines begin 36 further in.
"""

from __future__ import annotations

import io
import re
from typing import NamedTuple

import pytest
from PIL import Image

from tests.language.documents.assembling import Assemble, AssemblingSession
from tests.language.documents.looks import drawn, pages, rtf_body, said, word_xml


class Row(NamedTuple):
    """A text, and what it becomes. Of a file or page only a part is given; of the PDF all lines."""

    text: str
    pdf: str
    docx: str
    rtf: str
    screen: str
    drawn: str = ""
    """What the PDF shows beside words."""


_RUN = "<w:r><w:t>{}</w:t></w:r>"
_BREAK = "<w:t>a</w:t></w:r><w:r><w:br/></w:r><w:r><w:t>b</w:t>"
_BLANK = "_" * 25
_INPUT = '<span class="da-embedded-field" data-input-name="dg"></span>'
_ROWS = (
    # Paragraphs
    Row("[CENTER] a", "center: a", '<w:jc w:val="center"/>', r"\qc", '<p class="text-center">a</p>'),
    Row("[BOLDCENTER] a", "center bold: a", "<w:b/>", r"\qc", '<p class="text-center fw-bold">a</p>'),
    Row("[BOLDCENTER] a", "center bold: a", '<w:jc w:val="center"/>', r"{\b a}", "fw-bold"),
    Row("[FLUSHLEFT] a", "72: a", '<w:jc w:val="left"/>', r"\ql", '<p class="text-start">a</p>'),
    Row("[FLUSHRIGHT] a", "right: a", '<w:jc w:val="right"/>', r"\qr", '<p class="text-end">a</p>'),
    Row("a", "108: a", '<w:ind w:firstLine="720"/>', r"\fi720", "<p>a</p>"),
    Row("[NOINDENT] a", "72: a", "<w:pPr></w:pPr><w:r><w:t>a", r"\fi0", "<p>a</p>"),
    Row("[BORDER] a", "78: a", '<w:pBdr><w:top w:val="single"', r"\box\brdrs", '<p class="border p-2">a</p>', "rule"),
    Row("[INDENTBY 1in] a", "144: a", '<w:ind w:left="1440"/>', r"\fi0\li1440\ri0", 'style="padding-left: 1in;"'),
    Row(
        "[INDENTBY 1in 2in] a",
        "144: a",
        '<w:ind w:left="1440" w:right="2880"/>',
        r"\fi0\li1440\ri2880",
        'style="padding-left: 1in; padding-right: 2in;"',
    ),
    # Breaks
    Row("a[BR]b", "108: a\n72: b", _BREAK, r"a\line b", "a<br>b"),
    Row("a[NEWLINE]b", "108: a\n72: b", _BREAK, r"a\line b", "a<br>b"),
    Row("| a\n| b", "72: a\n72: b", _BREAK, r"a\line b", "<p>a<br>\nb<br></p>"),
    Row("a[NEWPAR]b", "108: a\n108: b", "<w:t>a</w:t></w:r></w:p><w:p>", r"a\par}", "<p>a</p>\n<p>b</p>"),
    Row(
        "a[SKIPLINE]b",
        "108: a\n108: b",
        "<w:p><w:pPr></w:pPr></w:p>",
        r"{\pard\par}",
        "<p>a</p>\n<p>\xa0</p>\n<p>b</p>",
    ),
    Row("a[PAGEBREAK]b", "108: a\n--\n108: b", '<w:br w:type="page"/>', r"\page", "<p>ab</p>"),
    # Signs
    Row("[PAGENUM].", "108: 1.", "> PAGE <", r"{\field{\*\fldinst PAGE}{\fldrslt 1}}", "<p>.</p>"),
    Row("[TOTALPAGES].", "108: 1.", "> NUMPAGES <", r"\fldinst NUMPAGES", "<p>.</p>"),
    Row("[SECTIONNUM].", "108: 0.", "> SECTION <", r"{\sectnum}", "<p>.</p>"),
    Row("a[NBSP]b", "108: a\xa0b", _RUN.format("a\xa0b"), r"a\~b", "a\xa0b"),
    Row("a[ENDASH]b", "108: a–b", _RUN.format("a–b"), r"a\u8211?b", "a–b"),
    Row("a[EMDASH]b", "108: a—b", _RUN.format("a—b"), r"a\u8212?b", "a—b"),
    Row("a[HYPHEN]b", "108: a-b", _RUN.format("a-b"), "a-b", "a-b"),
    Row("a[TAB]b", "108: a b", "<w:r><w:tab/></w:r>", r"a\tab b", "a" + "\xa0" * 4 + "b"),
    Row("a[BLANK]b", "108: a b", _RUN.format(_BLANK), f"a{_BLANK}b", "text-decoration-underline", "rule"),
    Row("a[BLANKFILL]b", "108: a b", _RUN.format(_BLANK), f"a{_BLANK}b", "text-decoration-underline", "rule"),
    Row("[CHECKBOX] a", "129: a", _RUN.format("____"), "____ a", "text-decoration-underline", "rule"),
    Row("a [REDACTION_WORD bcd] e", "108: a ███ e", "a ███ e", r"a \u9608?\u9608?\u9608? e", "a ███ e"),
    Row("a[END]b", "108: ab", _RUN.format("ab"), "ab", "<p>ab</p>"),
    Row("a[NOPAR]b", "108: ab", _RUN.format("ab"), "ab", "<p>ab</p>"),
    # From here on
    Row("[NOINDENTATION]\n\na", "72: a", "<w:pPr></w:pPr>", r"\fi0\li0", "<p>a</p>"),
    Row("[NOINDENTATION]\n\n[INDENTATION]\n\na", "108: a", "firstLine", r"\fi720\li0", "<p>a</p>"),
    Row("[START_INDENTATION]\n\na", "144: a", 'w:left="720"', r"\fi720\li720", "<p>a</p>"),
    Row("[START_INDENTATION]\n\n[STOP_INDENTATION]\n\na", "108: a", "<w:ind w:firstLine=", r"\fi720\li0", "<p>a</p>"),
    # Columns
    Row(
        "[BEGIN_TWOCOL] a [BREAK] b [END_TWOCOL]",
        "78: a b",
        '<w:tcW w:type="dxa" w:w="4680"/>',
        r"\cellx4680\cellx9360",
        '<div class="row">\n<div class="col">\n<p>a</p>\n</div>\n<div class="col">\n<p>b</p>',
    ),
    Row(
        "[BEGIN_CAPTION] a [VERTICAL_LINE] b [END_CAPTION]",
        "78: a b",
        '<w:tcBorders><w:right w:val="single"',
        r"\clbrdrr\brdrs",
        '<div class="row dacaption">',
        "rule",
    ),
    # Pictures
    Row("[FILE house.png, 1in, A h]", "", 'cx="914400" cy="609600"', "picwgoal1440", 'style="width: 1in;"', "picture"),
    Row("[FILE house, 50%, A h]", "", 'descr="A h"', "picwgoal4680", '<img alt="A h"', "picture"),
    Row("[EMOJI house]", "", 'cx="152400"', "picwgoal240", 'style="width: 1em;"', "picture"),
    Row("a :house: b", "108: a b", 'descr="house"', "picwgoal240", 'style="width: 1em;"', "picture"),
    Row("[NO_EMOJIS]a :house:", "108: a :house:", "a :house:", "a :house:", "<p>a :house:</p>"),
    Row("[QR hello, 1in, A c]", "", 'cx="914400" cy="914400"', "picwgoal1440", '<img alt="A c"', "picture"),
    Row("[FILE no.png, 1in, A h]", "108: [A h]", "[A h]", "[A h]", '<img alt="A h"'),
    # What only screens know
    Row("a[TARGET x]b", "108: ab", _RUN.format("ab"), "ab", '<span class="datargetx"></span>'),
    Row("a[FIELD v]b", "108: ab", _RUN.format("ab"), "ab", _INPUT),
    Row("a[YOUTUBE abc]b", "108: ab", _RUN.format("ab"), "ab", "youtube-nocookie.com/embed/abc"),
    Row("a[VIMEO abc]b", "108: ab", _RUN.format("ab"), "ab", "player.vimeo.com/video/abc"),
    # No mark
    Row("[UNKNOWN] a", "108: [UNKNOWN] a", "[UNKNOWN] a", "[UNKNOWN] a", "[UNKNOWN] a"),
)


def made(assemble: Assemble, text: str) -> AssemblingSession:
    """A screen that says the text, with a document that says it in three formats."""
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    session = assemble(
        "images:\n  house: house.png\n---\nmandatory: True\nquestion: Done\nsubquestion: |\n"
        f"{lines}attachment:\n  name: Paper\n  valid formats: [pdf, docx, rtf, html]\n  content: |\n{lines}"
    )
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(picture, "PNG")
    place = session.folder / "data" / "static" / "house.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(picture.getvalue())
    assert session.open() == "Done"
    return session


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.text)
def test_a_mark_means_the_same_in_every_format(assemble: Assemble, row: Row) -> None:
    session = made(assemble, row.text)
    pdf = session.contents("Paper.pdf")
    assert said(pdf).replace("a  b", "a b") == row.pdf
    assert drawn(pdf) == set(filter(None, [row.drawn]))
    assert row.docx in re.sub(r"<w:spacing[^>]*/>", "", word_xml(session.contents("Paper.docx")))
    assert row.rtf in rtf_body(session.contents("Paper.rtf"))
    assert row.screen in session.screen.subquestion_html
    assert row.screen in session.screen.documents[0].preview_html


@pytest.mark.parametrize(
    ("mark", "lines"),
    [
        ("[TIGHTSPACING]", 1.0),
        ("[SINGLESPACING]", 1.0),
        ("[ONEANDAHALFSPACING]", 1.5),
        ("[DOUBLESPACING]", 2.0),
        ("[TRIPLESPACING]", 3.0),
    ],
)
def test_lines_stand_apart_as_a_mark_of_spacing_says(assemble: Assemble, mark: str, lines: float) -> None:
    session = made(assemble, f"{mark}\n\na[BR]b")
    [[first, second]] = pages(session.contents("Paper.pdf"))
    single = made(assemble, "[SINGLESPACING]\n\na[BR]b")
    [[above, below]] = pages(single.contents("Paper.pdf"))
    assert first.bottom - second.bottom == pytest.approx((above.bottom - below.bottom) * lines, rel=0.15)
    assert f'w:line="{240 * lines:.0f}"' in word_xml(session.contents("Paper.docx"))
    assert rf"\sl{240 * lines:.0f}\slmult1" in rtf_body(session.contents("Paper.rtf"))
    assert session.screen.subquestion_html == "<p>a<br>b</p>"
