"""Every form of ours is refused when it does not come from a page of ours: found from the routes, none by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from unittest.mock import MagicMock

import pytest
from starlette.routing import Route

from services.gateway.web import _ROUTES
from tests.flows.accounts.conftest import PASSWORD, Somebody

MakePerson = Callable[..., Somebody]

_PART = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NOT_BY_COOKIE = {
    "/checkout": "a page says that it is left, and nothing changes",
    "/reminders": "RFC 8058: a mail program posts it, and the code in the address is the proof",
    "/texts/status/{message_id}": "a provider posts it, and signs it",
}
"""What a browser's cookies allow nothing of."""


def _forms() -> list[str]:
    routes = [route for module in _ROUTES for route in module.router(MagicMock()).routes]
    paths = {
        route.path
        for route in routes
        if isinstance(route, Route) and "POST" in (route.methods or ()) and not route.path.startswith("/api/")
    }
    return sorted(paths - set(_NOT_BY_COOKIE))


FORMS = _forms()


def test_there_are_forms_to_look_at() -> None:
    assert {"/interview", "/user/sign-in", "/user/manage", "/interviews", "/manage_api"} <= set(FORMS)
    assert len(FORMS) > 20


@pytest.fixture(scope="module")
def ann(people_of_module: MakePerson) -> Somebody:
    """Somebody who is signed in, in an interview."""
    person = people_of_module()
    person.register()
    person.open()
    return person


@pytest.fixture(scope="module")
def people_of_module(site: object) -> MakePerson:
    return lambda: Somebody(site.url, "names", "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "made.up.token"])
def test_a_form_without_the_token_of_its_browser_does_nothing(ann: Somebody, path: str, token: str) -> None:
    filled = _PART.sub(lambda part: "1" if part[2] == "int" else "x", path)
    everything = {
        "csrf_token": token,
        "email": ann.email,
        "password": PASSWORD,
        "present": PASSWORD,
        "phrase": "delete my account",
        "first_name": "Eve",
        "delete_all": "1",
        "name": "stolen",
        "i": ann.interview,
        "_session": ann.page_fields()["_session"],
    }
    answer = ann.http.post(
        filled,
        data=everything,
        params={"i": ann.interview},
        headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        follow_redirects=False,
    )
    assert answer.status_code in (400, 403, 404), answer.text[:500]
    assert ann.me()["logged_in"]
    assert ann.me()["email"] == ann.email
    assert ann.sessions()
