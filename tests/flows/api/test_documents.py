"""Templates, documents and names through the HTTP API (spec/area2 §11.3)."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import httpx
import pytest

from tests.flows.api.conftest import FRUIT, Program
from tests.unit.interview.documents.made import docx_file, picture
from tests.unit.interview.documents.test_template_fields import form

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def sent(
    program: Program, path: str, name: str, contents: bytes, field: str = "template", **data: str
) -> httpx.Response:
    files = {field: (name, contents, "application/octet-stream")}
    return program.http.post(path, data=data, files=files)


def test_fields_of_a_pdf_are_told_as_json(admin: Program, tmp_path: Path) -> None:
    answer = sent(admin, "/api/fields", "form.pdf", form(tmp_path / "form.pdf").read_bytes())
    assert (answer.status_code, answer.json()["fields"]) == (200, ["full name", "agrees"])
    assert answer.json()["types"] == {"full name": "/Tx", "agrees": "/Btn"}


def test_fields_are_told_as_a_block_of_an_interview(admin: Program, tmp_path: Path) -> None:
    contents = docx_file(tmp_path / "letter.docx", "Dear {{ user.name }}").read_bytes()
    answer = sent(admin, "/api/fields", "letter.docx", contents, format="yaml")
    assert answer.headers["content-type"].startswith("text/plain")
    assert '    docx template file: "letter.docx"\n    fields:\n      - "user.name": "user.name"\n' in answer.text


def test_a_template_without_fields_is_an_empty_list_or_no_block(admin: Program, tmp_path: Path) -> None:
    contents = docx_file(tmp_path / "letter.docx", "Dear all").read_bytes()
    assert sent(admin, "/api/fields", "letter.docx", contents).json() == {"fields": []}
    answer = sent(admin, "/api/fields", "letter.docx", contents, format="yaml")
    assert (answer.status_code, answer.json()) == (400, "No fields could be found.")


@pytest.mark.parametrize(
    ("name", "field", "form_", "message"),
    [
        ("a.pdf", "template", "xml", "Invalid output format."),
        ("a.pdf", "another", "json", "File not included."),
        ("a.exe", "template", "json", "Invalid input format."),
    ],
)
def test_what_is_wrong_with_a_template_is_said(admin: Program, name: str, field: str, form_: str, message: str) -> None:
    answer = sent(admin, "/api/fields", name, b"x", field, format=form_)
    assert (answer.status_code, answer.json()) == (400, message)


def test_a_template_that_is_damaged_is_refused_with_its_name(admin: Program) -> None:
    answer = sent(admin, "/api/fields", "a.docx", b"no archive")
    assert answer.status_code == 400
    assert answer.json().startswith("a.docx cannot be read")


def test_fields_and_names_are_for_who_may_work_on_interviews(program: Program) -> None:
    assert sent(program, "/api/fields", "a.pdf", b"x").status_code == 403
    assert program.get("/api/interview_data", i=FRUIT).status_code == 403


def test_a_document_becomes_markdown(program: Program, tmp_path: Path) -> None:
    contents = docx_file(tmp_path / "letter.docx", "Dear *all*").read_bytes()
    answer = sent(program, "/api/convert_file", "letter.docx", contents, "file", format="md")
    assert (answer.status_code, answer.text) == (200, "Dear \\*all\\*\n")
    assert answer.headers["content-type"].startswith("text/plain")
    refused = sent(program, "/api/convert_file", "letter.png", b"x", "file", format="md")
    assert (refused.status_code, "cannot be converted to Markdown" in refused.json()) == (400, True)
    assert program.post("/api/convert_file").json() == "File not included."
    assert program.post("/api/convert_file", format="pdf").json() == "Invalid output format."


def test_pictures_of_a_document_stand_in_its_markdown(program: Program) -> None:
    contents = picture()
    page = f'<p>See <img alt="a [teal] field" src="data:image/png;base64,{base64.b64encode(contents).decode()}"></p>'
    answer = sent(program, "/api/convert_file", "page.html", page.encode(), "file")
    assert answer.status_code == 200
    found = re.fullmatch(r"See !\[a \\\[teal\\\] field\]\(data:image/png;base64,(.*)\)\n", answer.text)
    assert found is not None, answer.text
    assert base64.b64decode(found[1]) == contents


def test_the_names_in_an_interview_are_told(admin: Program) -> None:
    told = admin.get("/api/interview_data", i=FRUIT).json()
    assert set(told) == {"names", "vocabulary"}
    assert {"favorite_fruit", "start_date", "final", "tell"} <= set(told["names"])
    assert {"favorite_fruit", "Individual"} <= set(told["vocabulary"])
    assert admin.get("/api/interview_data").json() == "Parameter i is required."
    missing = admin.get("/api/interview_data", i="nobody:data/questions/no.yml")
    assert (missing.status_code, missing.json().startswith("The interview cannot be read")) == (400, True)
