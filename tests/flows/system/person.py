"""A person with a browser that runs no scripts: keeps cookies, reads forms, posts them as a page or a script would."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from typing import Any

import httpx

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_FACTS = re.compile(r'<script type="application/json" id="da-page">(.*?)</script>', re.DOTALL)
_HEADING = re.compile(r'<h1 id="daMainQuestion"[^>]*>(.*?)</h1>', re.DOTALL)

SCRIPT = {"x-requested-with": "XMLHttpRequest"}


def encoded(variable: str) -> str:
    """How a variable is named in a form."""
    return base64.b64encode(variable.encode()).decode().rstrip("=")


def encoded_action(name: str, **arguments: Any) -> str:
    """An action as links and scripts carry it."""
    return base64.b64encode(json.dumps({"action": name, "arguments": arguments}).encode()).decode().rstrip("=")


def interview(name: str) -> str:
    """The reference of one of our trial interviews."""
    return f"trials:data/questions/{name}.yml"


class Person:
    """One browser. What it was shown last is `page`; `shown` is its heading."""

    def __init__(self, url: str, name: str = "names") -> None:
        self.http = httpx.Client(base_url=url, timeout=90.0, follow_redirects=True)
        self.interview = interview(name)
        self.page = ""

    def open(self, **query: str) -> httpx.Response:
        """Go to the interview."""
        return self._see(self.http.get("/interview", params={"i": self.interview, **query}))

    @property
    def shown(self) -> str:
        """The question on the page."""
        match = _HEADING.search(self.page)
        assert match is not None, self.page
        return unescape(match[1]).strip()

    def fields(self, form_id: str = "daform") -> dict[str, str]:
        """The hidden fields of a form on the page."""
        form = self.page.partition(f'<form id="{form_id}"')[2].partition("</form>")[0]
        found = {name: unescape(value) for name, value in _HIDDEN.findall(form)}
        assert found, self.page
        return found

    def facts(self) -> dict[str, Any]:
        """What the page tells its scripts."""
        match = _FACTS.search(self.page)
        assert match is not None, self.page
        found: dict[str, Any] = json.loads(match[1])
        return found

    def page_fields(self) -> dict[str, str]:
        """What the scripts of the page send with every post, also where there is no form."""
        facts = self.facts()
        return {"csrf_token": facts["csrf_token"], "_session": facts["session"], "_step": str(facts["steps"])}

    def filled(self, **answers: str) -> dict[str, str]:
        """The form on the page with answers typed in."""
        return self.fields() | {encoded(variable): value for variable, value in answers.items()}

    def answer(self, **answers: str) -> httpx.Response:
        """Fill in the form and press Continue."""
        return self.post(self.filled(**answers))

    def post(self, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Post these fields, as a page does."""
        return self._see(self.http.post("/interview", params={"i": self.interview}, data=fields, headers=headers))

    def post_by_script(self, fields: dict[str, str]) -> httpx.Response:
        """Post these fields, as the page's script does."""
        return self.http.post(
            "/interview", params={"i": self.interview}, data=fields | {"ajax": "1"}, headers=dict(SCRIPT)
        )

    def variables(self) -> dict[str, Any]:
        """The answers, as their owner may see them."""
        said = self.http.get("/vars", params={"i": self.interview}).json()
        assert said["success"], said
        found: dict[str, Any] = said["variables"]
        return found

    def _see(self, answer: httpx.Response) -> httpx.Response:
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer.text
        return answer
