"""What the HTTP API is: OpenAPI 3.1 for programs, a page for people. Both are made of the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import jinja2
import orjson
from starlette.responses import HTMLResponse, Response

from services.gateway.api_calls import Endpoint, Parameter

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "number": {"type": "integer"},
    "object": {"type": "object"},
    "list": {"type": "array", "items": {"type": "string"}},
    "file": {"type": "string", "contentMediaType": "application/octet-stream"},
}
_CONVERTER = re.compile(r"\{(\w+):\w+\}")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same again has one effect and one answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_ERRORS = {
    400: "What is wrong, as a JSON string.",
    403: '`"Access denied."`: the key, where it comes from, or what it may do.',
    404: "There is no such thing.",
    409: "The same request is under way (Idempotency-Key).",
    413: "Too large.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many calls; `Retry-After` says when to go on.",
    503: "Busy; ask again.",
}
_TAGS = {
    "sessions": "Sessions",
    "lists": "Lists of sessions",
    "links": "Ways into interviews",
    "files": "Files",
    "documents": "Templates, documents and interviews",
    "people": "People and privileges",
    "keys": "API keys",
    "actions": "Actions of other services",
    "stash": "Stash",
    "events": "Events and webhooks",
}


def openapi(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(_CONVERTER.sub(r"{\1}", endpoint.path), {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Colloquy",
            "version": "1",
            "description": "Errors are JSON strings. A write with an `Idempotency-Key` has one effect and one answer.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"header": []}, {"bearer": []}],
        "tags": [{"name": name, "description": title} for name, title in _TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def document(endpoints: Sequence[Endpoint]) -> Response:
    """The document as a response."""
    headers = {"access-control-allow-origin": "*", "cache-control": "no-cache"}
    return Response(orjson.dumps(openapi(endpoints)), media_type="application/json", headers=headers)


def page(endpoints: Sequence[Endpoint], templates: jinja2.Environment) -> Response:
    """The page for people."""
    groups = [
        (title, [one for one in endpoints if one.tag == tag])
        for tag, title in _TAGS.items()
        if any(one.tag == tag for one in endpoints)
    ]
    text = templates.get_template("api.html").render(
        groups=groups, errors=_ERRORS, path=lambda one: _CONVERTER.sub(r"{\1}", one.path)
    )
    return HTMLResponse(text, headers={"cache-control": "no-cache"})


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    told: dict[str, Any] = {
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "operationId": _name_of(endpoint),
        "responses": {
            **{str(status): _answer(status, text) for status, text in endpoint.answers.items()},
            **{
                str(status): {
                    "description": text,
                    "content": {"application/json": {"schema": {"type": "string"}}},
                }
                for status, text in _ERRORS.items()
                if status not in endpoint.answers
            },
        },
    }
    if endpoint.needs:
        told["description"] = f"Asks for the permission `{endpoint.needs}`."
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        for name in _CONVERTER.findall(endpoint.path)
    ]
    if endpoint.method in ("GET", "DELETE"):
        told["parameters"] = [*in_path, *(_in_query(one) for one in endpoint.parameters)]
    else:
        told["parameters"] = in_path
        told["requestBody"] = {"content": {"application/json": {"schema": _body(endpoint.parameters)}}}
    if endpoint.is_write:
        told["parameters"] = [*told["parameters"], _IDEMPOTENCY_KEY]
    return told


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.is_required,
        "description": parameter.description,
        "schema": _TYPES[parameter.kind] if parameter.kind in ("text", "flag", "number") else {"type": "string"},
    }


def _body(parameters: Iterable[Parameter]) -> dict[str, Any]:
    given = list(parameters)
    return {
        "type": "object",
        "properties": {one.name: {**_TYPES[one.kind], "description": one.description} for one in given},
        "required": [one.name for one in given if one.is_required],
    }


def _answer(status: int, text: str) -> dict[str, Any]:
    told: dict[str, Any] = {"description": text}
    if status != 204:
        told["content"] = {"application/json": {}, "*/*": {}}
    return told


def _name_of(endpoint: Endpoint) -> str:
    words = [part for part in re.split(r"\W+", _CONVERTER.sub(r"\1", endpoint.path.removeprefix("/api"))) if part]
    return "_".join([endpoint.method.lower(), *words])
