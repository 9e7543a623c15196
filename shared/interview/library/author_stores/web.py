"""DAWeb: other servers' APIs, called from interview code (spec/area2 §10).

The client is imported by the first call: most interviews make none, and every interview process would hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.interview.library.attachable import attachables
from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.sessions import mark_task_as_performed

if TYPE_CHECKING:
    import requests

__all__ = ["DAWeb", "DAWebError"]

_SECONDS = 600
_IN_QUERY = frozenset({"GET", "DELETE", "OPTIONS", "HEAD"})


@public
class DAWebError(Exception):
    """A call failed and `on_failure` is `raise`; what was asked and answered are attributes."""

    def __init__(self, message: str = "", **facts: Any) -> None:
        self.__dict__.update(facts)
        said = message or facts.get("exception_text")
        super().__init__(said or f"The server answered with status {facts.get('status_code')}")


class _Bearer:
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@public
class DAWeb(DAObject):
    """A server whose API is called: `base_url`, `headers`, `cookies`, `auth`, `json_body`, `on_failure` and kin."""

    def get(self, url: str, **options: Any) -> Any:
        """Read something. Data become the query."""
        return self._call("GET", url, **options)

    def post(self, url: str, **options: Any) -> Any:
        """Send something, as JSON unless `json_body` is false or there are files."""
        return self._call("POST", url, **options)

    def put(self, url: str, **options: Any) -> Any:
        """Put something in its place."""
        return self._call("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Any:
        """Change a part of something."""
        return self._call("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Any:
        """Delete something."""
        return self._call("DELETE", url, **options)

    def options(self, url: str, **options: Any) -> Any:
        """Ask what may be done."""
        return self._call("OPTIONS", url, **options)

    def head(self, url: str, **options: Any) -> Any:
        """Ask for the headers alone."""
        return self._call("HEAD", url, **options)

    def _own(self, name: str, given: Any, default: Any = None) -> Any:
        return self.__dict__.get(name, default) if given is None else given

    def _call(
        self,
        method: str,
        url: str,
        data: Any = None,
        params: Any = None,
        headers: Any = None,
        json_body: Any = None,
        on_failure: Any = None,
        on_success: Any = None,
        auth: Any = None,
        cookies: Any = None,
        task: Any = None,
        task_persistent: Any = None,
        files: Any = None,
        success_code: Any = None,
    ) -> Any:
        """Raises DAError for arguments of the wrong kind, DAWebError when `on_failure` is `raise`."""
        import requests

        body = _mapping(data, "data") if method in _IN_QUERY or files else _plain(data)
        query = _mapping(params, "params")
        if method in _IN_QUERY and not query:
            query, body = body, {}
        all_headers = {**_mapping(self.__dict__.get("headers"), "headers"), **_mapping(headers, "headers")}
        sent_cookies = {**_mapping(self.__dict__.get("cookies"), "cookies"), **_mapping(cookies, "cookies")}
        is_json = bool(self._own("json_body", json_body, True)) and not files
        facts: dict[str, Any] = {
            "url": self._address(url),
            "method": method,
            "params": query,
            "headers": all_headers,
            "data": body,
            "task": self._own("task", task),
            "task_persistent": self._own("task_persistent", task_persistent, False),
            "cookies_before": sent_cookies,
        }
        failure, success = self._own("on_failure", on_failure), self._own("on_success", on_success)
        try:
            response = requests.request(
                method,
                facts["url"],
                params=query or None,
                json=body if is_json and body else None,
                data=body if not is_json and body else None,
                headers=all_headers or None,
                cookies=sent_cookies or None,
                auth=_auth(self._own("auth", auth)),
                files=_files(files),
                timeout=_SECONDS,
            )
        except requests.RequestException as error:
            if failure != "raise":
                return None if failure in ("content", "text", "status_code") else failure
            raise DAWebError(
                **facts,
                status_code=-1,
                response_text="",
                response_json=None,
                response_headers={},
                exception_type=type(error).__name__,
                exception_text=str(error),
                cookies_after=None,
                success=False,
            ) from error
        if "cookies" in self.__dict__:
            self.cookies = dict(response.cookies)
        return self._ended(response, facts, failure, success, self._own("success_code", success_code))

    def _ended(self, response: requests.Response, facts: dict[str, Any], failure: Any, success: Any, codes: Any) -> Any:
        is_fine = 200 <= response.status_code < 300 or response.status_code in _codes(codes)
        if is_fine and facts["task"]:
            mark_task_as_performed(facts["task"], persistent=facts["task_persistent"])
        wanted = success if is_fine else failure
        if wanted != "raise":
            return _told(response, wanted, parsed=is_fine and wanted is None)
        raise DAWebError(
            **facts,
            status_code=response.status_code,
            response_text=response.text,
            response_json=_json(response, None),
            response_headers=dict(response.headers),
            exception_type=None,
            exception_text=None,
            cookies_after=dict(response.cookies),
            success=is_fine,
        )

    def _address(self, url: Any) -> str:
        if not isinstance(url, str):
            raise DAError(f"The address of a call has to be a text, not {url!r}")
        base = self.__dict__.get("base_url")
        if url.startswith(("http://", "https://")) or not base:
            return url
        return f"{str(base).rstrip('/')}/{url.lstrip('/')}"


def _told(response: requests.Response, wanted: Any, *, parsed: bool) -> Any:
    match wanted:
        case "content":
            return response.content
        case "text":
            return response.text
        case "status_code":
            return response.status_code
        case _:
            return _json(response, response.text) if parsed else wanted


def _json(response: requests.Response, otherwise: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return otherwise


def _plain(value: Any) -> Any:
    return getattr(value, "elements", value) or {}


def _mapping(value: Any, what: str) -> dict[str, Any]:
    found = _plain(value)
    if not isinstance(found, Mapping):
        raise DAError(f"{what} of a DAWeb call have to be a dictionary, not {value!r}")
    return dict(found)


def _auth(auth: Any) -> Any:
    if auth is None or callable(auth):  # an auth object of requests is a callable
        return auth
    from requests.auth import HTTPBasicAuth, HTTPDigestAuth

    found = _mapping(auth, "auth")
    match str(found.get("type", "basic")).lower():
        case "basic":
            return HTTPBasicAuth(found.get("username", ""), found.get("password", ""))
        case "digest":
            return HTTPDigestAuth(found.get("username", ""), found.get("password", ""))
        case "bearer":
            return _Bearer(str(found.get("token", "")))
        case other:
            raise DAError(f"{other!r} is no type of auth: there are basic, digest and bearer")


def _files(files: Any) -> list[tuple[str, tuple[str, bytes, str]]] | None:
    """Files by the name of their field: of each kind that can be attached to a mail. Raises DAError."""
    if not files:
        return None
    found: list[tuple[str, tuple[str, bytes, str]]] = []
    for name, given in _mapping(files, "files").items():
        those = attachables(given)
        if not those:
            raise DAError(f"There is no file for {name!r}: {given!r} holds none")
        found.extend((name, (one.filename, one.path.read_bytes(), one.mimetype)) for one in those)
    return found


def _codes(codes: Any) -> set[int]:
    if codes is None:
        return set()
    listed = codes if isinstance(codes, list | tuple | set) else [codes]
    try:
        return {int(code) for code in listed}
    except (TypeError, ValueError):
        raise DAError(f"success_code has to be a number or a list of numbers, not {codes!r}") from None
