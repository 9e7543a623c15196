"""Tables as files: the cells of a table as a spreadsheet, as CSV or as JSON (spec/area4 §2.11). Pure."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from decimal import Decimal
from typing import Any

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST_TITLE = 31
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\]")


def as_xlsx(headers: list[str], rows: list[list[Any]], title: str | None, freezes_header: bool) -> bytes:
    """A spreadsheet of one sheet. Texts stay texts: what begins with `=` is no formula."""
    import openpyxl  # only tables that become spreadsheets pay for it

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = _NOT_IN_TITLE.sub(" ", title or "").strip()[:_LONGEST_TITLE] or "Sheet1"
    for number, row in enumerate([list(headers), *rows], start=1):
        for place, value in enumerate(row, start=1):
            cell, plain = sheet.cell(row=number, column=place), _cell(value)
            cell.value = plain
            if isinstance(plain, str):
                cell.data_type = "s"
    if freezes_header:
        sheet.freeze_panes = "A2"
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _cell(value: Any) -> Any:
    """A value a spreadsheet knows: number, truth value, moment without zone, or text."""
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return float(value)
        case datetime.datetime():
            return datetime.datetime.combine(value.date(), value.time())
        case datetime.date() | datetime.time():
            return value
    return _NOT_IN_XML.sub("", str(value))


def as_csv(headers: list[str], rows: list[list[Any]]) -> bytes:
    """Comma-separated values, UTF-8. A text a spreadsheet would take for a formula gets an apostrophe before it."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerows([[_harmless(value) for value in row] for row in [list(headers), *rows]])
    return made.getvalue().encode()


def _harmless(value: Any) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    return f"'{text}" if text.startswith(("=", "@")) and isinstance(value, str) else text


def as_json(headers: list[str], rows: list[list[Any]]) -> bytes:
    """A list of rows, each an object of values by header."""
    entries = [dict(zip(headers, row, strict=True)) for row in rows]
    return (json.dumps(entries, ensure_ascii=False, indent=2, default=_for_json) + "\n").encode()


def _for_json(value: Any) -> Any:
    from shared.interview.library.json_form import simplified

    plain = simplified(value)
    return str(value) if plain is None or isinstance(plain, dict) else plain
