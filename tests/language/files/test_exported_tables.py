"""Tables as files: spreadsheets, CSV, JSON (spec/area4 §2.11)."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable

import openpyxl
import pytest

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import RunFailed

from .filing import FilingSession

Open = Callable[..., FilingSession]

TABLE = """
objects:
  - people: DAList.using(object_type=Individual, there_are_any=True, there_is_another=False)
---
initial: True
code: |
  if not defined('people.gathered'):
    for first, born, debt in (('Ana', '2001-02-03', 12.5), ('=1+1', '1999-12-31', None)):
      people.appendObject(birthdate=as_datetime(born), debt=debt).name.first = first
    people.gathered = True
---
table: people_table
rows: people
columns:
  - Name: row_item.name.first
  - Born: row_item.birthdate
  - Debt: row_item.debt
delete buttons: True
---
mandatory: True
code: |
  exported = people_table.export(%s)
---
mandatory: True
question: |
  ${ exported.filename } ${ exported.mimetype }
"""


def exported(session: Open, arguments: str) -> tuple[str, bytes]:
    said = session(TABLE % arguments)
    return said.open(), said.kept[1].contents


def test_a_spreadsheet_keeps_numbers_dates_and_texts_and_has_no_buttons(session: Open) -> None:
    asked, contents = exported(session, "'people.xlsx', title='All: people'")
    assert asked == "people.xlsx application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    sheet = openpyxl.load_workbook(io.BytesIO(contents)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("Name", "Born", "Debt")
    assert (rows[1][0], rows[1][1].isoformat(), rows[1][2]) == ("Ana", "2001-02-03T00:00:00", 12.5)
    assert sheet["A3"].data_type == "s"
    assert (sheet.title, sheet.freeze_panes) == ("All  people", "A2")


def test_csv_disarms_what_a_spreadsheet_would_take_for_a_formula(session: Open) -> None:
    asked, contents = exported(session, "'people.csv'")
    assert asked == "people.csv text/csv"
    lines = contents.decode().splitlines()
    assert lines[0] == "Name,Born,Debt"
    assert lines[1].startswith("Ana,2001-02-03T00:00:00")
    assert lines[2].startswith("'=1+1,1999-12-31T00:00:00")


def test_json_has_an_object_for_each_row(session: Open) -> None:
    asked, contents = exported(session, "'people', file_format='json'")
    assert asked == "people.json application/json"
    assert json.loads(contents)[0]["Debt"] == 12.5
    assert [row["Name"] for row in json.loads(contents)] == ["Ana", "=1+1"]


def test_a_table_is_a_spreadsheet_unless_said_otherwise(session: Open) -> None:
    assert exported(session, "")[0].startswith("file.xlsx")


def test_other_formats_are_refused_in_words(session: Open) -> None:
    with pytest.raises(AssertionError, match="xlsx, csv or json, not as pdf"):
        session(TABLE % "'people.pdf'").open()


DATA_FRAME = TABLE.replace("exported = people_table.export(%s)", "frame = people_table.as_df()").replace(
    "${ exported.filename } ${ exported.mimetype }", "${ frame.shape } ${ list(frame.columns) }"
)


def test_a_table_is_a_data_frame_where_pandas_is_installed(session: Open) -> None:
    assert session(DATA_FRAME).open() == "(2, 3) [‘Name’, ‘Born’, ‘Debt’]"


def test_without_pandas_a_data_frame_says_what_is_missing(session: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    s = session(DATA_FRAME)
    s.run(ShowScreen(is_first=True))
    assert isinstance(s.result.outcome, RunFailed)
    assert "as_df() needs pandas" in s.result.outcome.failure.error_message
