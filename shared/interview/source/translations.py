"""Read files of translations: what an interview's texts are in other languages (spec/area4 §2.1)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_XLIFF_1 = "{urn:oasis:names:tc:xliff:document:1.2}"
_XLIFF_2 = "{urn:oasis:names:tc:xliff:document:2.0}"


class BadTranslations(ValueError):
    """A file of translations cannot be read."""


@dataclass(frozen=True, slots=True)
class Translation:
    """One text as its author wrote it, Mako included, in another language."""

    original: str
    language: str
    text: str


def read_translations(path: Path) -> list[Translation]:
    """All translations of an .xlsx, .xlf or .xliff file; those that are empty are left out. Raises BadTranslations."""
    try:
        found = _of_workbook(path) if path.suffix.lower() == ".xlsx" else _of_xliff(path)
        return [one for one in found if one.text.strip() and one.original.strip()]
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadTranslations(f"{path.name} is no file of translations: {error}") from error


def _of_workbook(path: Path) -> Iterator[Translation]:
    """Rows of the first sheet, by the titles of its columns: `tran_lang`, `orig_text`, `tran_text`."""
    import openpyxl  # only interviews with such files pay for it

    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        rows: Iterator[tuple[Any, ...]] = workbook.worksheets[0].iter_rows(values_only=True)
        titles = [str(title or "").strip() for title in next(rows, ())]
        language, original, text = (titles.index(title) for title in ("tran_lang", "orig_text", "tran_text"))
        for row in rows:
            yield Translation(str(row[original] or ""), str(row[language] or "").strip(), str(row[text] or ""))
    finally:
        workbook.close()


def _of_xliff(path: Path) -> Iterator[Translation]:
    root = ElementTree.fromstring(path.read_bytes())  # noqa: S314  a file of the interview, as trusted as its code
    if root.tag == f"{_XLIFF_1}xliff":
        for file in root.iter(f"{_XLIFF_1}file"):
            yield from _units(file, f"{_XLIFF_1}trans-unit", _XLIFF_1, file.attrib["target-language"])
    elif root.tag == f"{_XLIFF_2}xliff":
        yield from _units(root, f"{_XLIFF_2}unit", _XLIFF_2, root.attrib["trgLang"])
    else:
        raise BadTranslations(f"{path.name} is neither XLIFF 1.2 nor 2.0")


def _units(container: ElementTree.Element, tag: str, namespace: str, language: str) -> Iterator[Translation]:
    for unit in container.iter(tag):
        yield Translation(_text(unit, f"{namespace}source"), language, _text(unit, f"{namespace}target"))


def _text(unit: ElementTree.Element, tag: str) -> str:
    """What stands in all elements of that name, marks around protected pieces left out."""
    return "".join("".join(element.itertext()) for element in unit.iter(tag))
