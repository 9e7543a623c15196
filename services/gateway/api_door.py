"""The door of the HTTP API: who calls, from where, how often; the same write twice; errors as JSON (spec/area2 §11.1).

Every endpoint is a row of a table, and comes through here. There are no cookies and no CSRF: a key is the proof. A key
in a cookie counts only where no page of another site can have sent it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.api_answers import ACCESS_DENIED, ApiRefused, refusal, said
from services.gateway.api_calls import Call, Endpoint
from services.gateway.desk import Desk
from services.gateway.forms import read_form
from services.gateway.notices import of_error
from services.gateway.peers import address_of
from services.gateway.rates import TooManyRequests
from services.gateway.uploads import has_files
from shared.bus.port import RequestRefused
from shared.contracts.session import Upload
from shared.kernel.errors import ColloquyError, Refused
from shared.kernel.ids import derived_id, new_id

log = structlog.get_logger()

KEY_HEADER = "x-api-key"
IDEMPOTENCY_HEADER = "idempotency-key"

_OPEN_TO_ALL = {"access-control-allow-origin": "*", "cache-control": "no-store"}
_PREFLIGHT = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": f"authorization, content-type, {KEY_HEADER}, {IDEMPOTENCY_HEADER}",
    "access-control-max-age": "600",
}
_LONGEST_IDEMPOTENCY_KEY = 255


class _Everything(frozenset[str]):
    """Files may have any name."""

    def __contains__(self, _: object) -> bool:
        return True


class ApiDoor:
    """Lets calls in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, endpoint: Endpoint, request: Request) -> Response:
        """Carry out one call."""
        response = await self._answer(endpoint, request)
        for name, value in _OPEN_TO_ALL.items():
            response.headers.setdefault(name, value)
        return response

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            call = await self._let_in(endpoint, request)
            named = request.headers.get(IDEMPOTENCY_HEADER, "")
            if endpoint.is_write and named:
                return await self._once(endpoint, call, named)
            return await endpoint.handle(call)
        except RequestRefused as error:
            if error.is_retryable:
                return self._busy(error)
            return said("This could not be understood.", 400)
        except ColloquyError as error:
            try:
                status, text = refusal(error)
            except ColloquyError:
                return self._busy(error)
            return said(text, status)

    def _busy(self, error: ColloquyError) -> Response:
        notice = of_error(error)
        if isinstance(error, Refused):
            return said(str(error), notice.status if notice.status >= 400 else 400)
        response = said(notice.message, notice.status)
        pause_seconds = error.retry_seconds if isinstance(error, TooManyRequests) else notice.retry_seconds or 1
        response.headers["retry-after"] = str(pause_seconds)
        return response

    async def _let_in(self, endpoint: Endpoint, request: Request) -> Call:
        """Raises ApiRefused, TooManyRequests, and what reading the body raises."""
        desk = self._desk
        await desk.admit("post", request)
        query = tuple(request.query_params.multi_items())
        given: dict[str, Any] = {}
        for name, value in query:
            given.setdefault(name, value)
        uploads: tuple[Upload, ...] = ()
        digests: tuple[bytes, ...] = ()
        key = self._key_outside_body(request, given)
        body_is_read = False
        if endpoint.has_body and not has_files(request):
            given.update(await self._body(request))
            body_is_read = True
        if body_is_read and "key" not in request.query_params and isinstance(given.get("key"), str):
            key = given["key"]
        opened = await desk.api_keys.open(desk.people.directory.database, key)
        if opened is None:
            raise ApiRefused(ACCESS_DENIED, 403)
        api_key, account = opened
        referer = request.headers.get("referer") or request.headers.get("origin") or ""
        if not api_key.admits(address=address_of(request), referer=referer):
            raise ApiRefused(ACCESS_DENIED, 403)
        await desk.rates.admit("api", f"{api_key.account_id} {api_key.name}")
        if endpoint.has_body and has_files(request):
            posted = await desk.uploads.read(request, _anything, with_digests=IDEMPOTENCY_HEADER in request.headers)
            given.update({one.name: one.value for one in posted.inputs})
            given.update(posted.control)
            uploads, digests = posted.uploads, posted.digests
        _check_texts(given)
        limited = api_key.limits(account)
        if endpoint.needs and not limited.may(endpoint.needs):
            raise ApiRefused(ACCESS_DENIED, 403)
        given.pop("key", None)
        named = request.headers.get(IDEMPOTENCY_HEADER, "")
        if len(named) > _LONGEST_IDEMPOTENCY_KEY:
            raise ApiRefused(f"An Idempotency-Key has {_LONGEST_IDEMPOTENCY_KEY} letters at most.")
        operation_id = derived_id("api", str(account.id), api_key.name, named) if named else new_id()
        return Call(
            desk=desk,
            request=request,
            account=limited,
            key=api_key,
            given=given,
            query=query,
            operation_id=operation_id,
            uploads=uploads,
            digests=digests,
        )

    def _key_outside_body(self, request: Request, given: Mapping[str, Any]) -> str:
        if isinstance(given.get("key"), str) and given["key"]:
            return str(given["key"])
        cookie = request.cookies.get("X-API-Key", "")
        if cookie and not self._desk.is_foreign(request):
            return cookie
        if named := request.headers.get(KEY_HEADER, ""):
            return named
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    async def _body(self, request: Request) -> dict[str, Any]:
        """The fields of a body: JSON, or a form. Raises ApiRefused."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            posted = await read_form(request, max_fields=self._desk.settings.max_fields)
            return {**{one.name: one.value for one in posted.inputs}, **posted.control}
        raw = await request.body()
        if not raw:
            return {}
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise ApiRefused("The body is not JSON.") from None
        if not isinstance(found, dict):
            raise ApiRefused("The body must be a JSON object.")
        return found

    async def _once(self, endpoint: Endpoint, call: Call, named: str) -> Response:
        asked = [endpoint.method, call.request.url.path, call.given, [one.filename for one in call.uploads]]
        if call.digests:  # else as the release before writes it: a repeat may reach either during an upgrade
            asked.append([digest.hex() for digest in call.digests])
        request_hash = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
        name = hashlib.sha256(orjson.dumps([call.account.id, call.key.name, named])).digest()
        earlier = await self._desk.repeats.begin(name, request_hash)
        if earlier is not None:
            return earlier
        try:
            response = await endpoint.handle(call)
        except ColloquyError as error:
            try:
                status, text = refusal(error)
            except ColloquyError:
                await self._desk.repeats.forget(name)
                raise error from None
            response = said(text, status)
        except BaseException:
            await self._desk.repeats.forget(name)
            raise
        await self._desk.repeats.end(name, response)
        return response


async def preflight(request: Request) -> Response:
    """Scripts of any origin may ask: without a key they get nothing."""
    return Response(status_code=204, headers=_PREFLIGHT)


async def _anything(_: Mapping[str, str]) -> frozenset[str]:
    return _Everything()


def _check_texts(given: Mapping[str, Any]) -> None:
    """What no table takes is no parameter. Raises ApiRefused."""
    for name, value in given.items():
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise ApiRefused("A parameter has a character in it that cannot be.")
