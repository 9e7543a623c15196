"""`/api/fields`, `/api/convert_file`, `/api/interview_data`: for who writes interviews (spec/area2 §11.3)."""

from __future__ import annotations

import base64
from pathlib import PurePath
from typing import Any, Literal

import orjson
from starlette.responses import Response

from services.gateway.api_answers import ApiRefused, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from shared.contracts.base import Sealed
from shared.contracts.file_work import NameVariables, VariableNames, WorkedOnFile, WorkOnFile
from shared.contracts.session import (
    FileTicket,
    Upload,
)

_TEMPLATES = frozenset({".pdf", ".docx", ".md"})
_TEXT = "text/plain; charset=utf-8"


async def fields(call: Call) -> Response:
    """The fields of a template."""
    form = call.text("format") or "json"
    if form not in ("json", "yaml"):
        raise ApiRefused("Invalid output format.")
    template = next((one for one in call.uploads if one.name == "template"), None)
    if template is None:
        raise ApiRefused("File not included.")
    if PurePath(template.filename).suffix.lower() not in _TEMPLATES:
        raise ApiRefused("Invalid input format.")
    done = await _worked(call, template, "fields")
    found = dict(done.found.value)
    if form == "json":
        return said(found)
    if not found.get("fields"):
        raise ApiRefused("No fields could be found.")
    return Response(_as_block(template.filename, found), media_type=_TEXT)


async def convert(call: Call) -> Response:
    """A document as Markdown."""
    if (call.text("format") or "md") not in ("md", "markdown"):
        raise ApiRefused("Invalid output format.")
    if not call.uploads:
        raise ApiRefused("File not included.")
    done = await _worked(call, call.uploads[0], "markdown")
    return Response(base64.b64decode(done.made.value), media_type=_TEXT)


async def _worked(call: Call, upload: Upload, task: Literal["fields", "markdown"]) -> WorkedOnFile:
    ticket = FileTicket(
        filename=upload.filename,
        mimetype=upload.mimetype,
        location=upload.location,
        key_base64=upload.key_base64,
        size_bytes=upload.size_bytes,
    )
    done = await call.desk.sessions.request(WorkOnFile(file=Sealed(ticket), task=task), WorkedOnFile)
    if done.problem.value:
        raise ApiRefused(done.problem.value)
    return done


def _as_block(filename: str, found: dict[str, Any]) -> str:
    """A block for an interview that fills the template: every text in it quoted as JSON, which YAML reads."""
    path = PurePath(filename)
    kind = path.suffix.removeprefix(".").lower()
    key = {"pdf": "pdf template file", "docx": "docx template file", "md": "content file"}[kind]
    defaults = found.get("default_values", {})
    lines = [
        "---",
        "question: Here is your document.",
        "event: some_event",
        "attachment:",
        f"  - name: {_quoted(path.name)}",
        f"    filename: {_quoted(path.stem)}",
        f"    {key}: {_quoted(path.name)}",
        "    fields:",
        *(f"      - {_quoted(name)}: {_quoted(defaults.get(name, name))}" for name in found["fields"]),
        "---",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: object) -> str:
    return orjson.dumps(str(text)).decode()


async def interview_data(call: Call) -> Response:
    """Names that an interview defines, and those its author may use."""
    interview = call.interview(message="Parameter i is required.")
    names = await call.desk.sessions.request(NameVariables(interview=interview), VariableNames)
    if names.problem:
        raise ApiRefused(f"The interview cannot be read: {names.problem}")
    return said({"names": list(names.names), "vocabulary": list(names.vocabulary)})


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/fields",
        "The fields of a template",
        fields,
        (
            Parameter("template", "A PDF form, or a DOCX or Markdown template.", "file", is_required=True),
            Parameter("format", "`json`, or `yaml` for a block of an interview."),
        ),
        needs="template_parse",
        answers={
            200: "`{fields}`, of a PDF with `default_values`, `types`, `locations`, `export_values`; or YAML as text."
        },
        tag="documents",
    ),
    Endpoint(
        "POST",
        "/api/convert_file",
        "A document as Markdown",
        convert,
        (
            Parameter("file", "A DOCX, ODT, RTF, HTML or text file.", "file", is_required=True),
            Parameter("format", "`md`."),
        ),
        answers={200: "Markdown, as text; pictures stand in it as `data:` addresses."},
        tag="documents",
    ),
    Endpoint(
        "GET",
        "/api/interview_data",
        "Names in an interview",
        interview_data,
        (Parameter("i", "The interview.", is_required=True),),
        needs="interview_data",
        answers={200: "`{names, vocabulary}`"},
        tag="documents",
    ),
)
