"""Texts in other languages from files (spec/area4 §2.1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from shared.interview.source.translations import BadTranslations, Translation, read_translations
from tests.language.core.sessions import Session

Open = Callable[..., Session]
_TEXT = """
translations: words.xlf
---
initial: True
code: |
  set_language(url_args.get('lang', 'en'))
---
mandatory: True
question: Hello, ${ name }!
subquestion: Good bye.
---
code: |
  name = 'Ann'
"""
_XLIFF = """<?xml version="1.0"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">
  <file source-language="en" target-language="es" original="test.yml" datatype="plaintext"><body>
    <trans-unit id="1"><source>Hello, <mrk mtype="protected">${ name }</mrk>!</source>
      <target>¡Hola, ${ name }!</target></trans-unit>
    <trans-unit id="2"><source>Never used</source><target></target></trans-unit>
  </body></file>
</xliff>
"""


def test_a_text_is_shown_in_the_language_of_the_run_where_there_is_a_translation(session: Open) -> None:
    s = session(_TEXT, **{"data/sources/words.xlf": _XLIFF})
    assert s.open() == "Hello, Ann!"
    assert s.open(lang="es") == "¡Hola, Ann!"
    assert "Good bye." in s.screen.subquestion_html


def test_a_missing_file_of_translations_is_an_error_that_names_it(session: Open) -> None:
    s = session(_TEXT)
    with pytest.raises(AssertionError, match=r"words\.xlf"):
        s.open()


def test_a_workbook_gives_its_columns_by_title(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["question_id", "orig_lang", "tran_lang", "orig_text", "tran_text"])
    sheet.append(["ID a", "en", "fr", "Yes, ${ name }", "Oui, ${ name }"])
    sheet.append(["ID a", "en", "fr", "No", None])
    workbook.save(tmp_path / "words.xlsx")
    assert read_translations(tmp_path / "words.xlsx") == [Translation("Yes, ${ name }", "fr", "Oui, ${ name }")]


def test_the_second_version_of_xliff_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "words.xliff"
    file.write_text(
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="de"><file id="f">'
        "<unit id='1'><segment><source>Yes</source><target>Ja</target></segment></unit></file></xliff>"
    )
    assert read_translations(file) == [Translation("Yes", "de", "Ja")]


def test_what_is_no_file_of_translations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.xlsx").write_text("no workbook")
    with pytest.raises(BadTranslations, match=r"words\.xlsx"):
        read_translations(tmp_path / "words.xlsx")
