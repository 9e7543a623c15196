"""What people type, upload and put into addresses is text everywhere: no markup, no folder, no other file."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import pytest

from tests.flows.system.conftest import only_one
from tests.flows.system.person import Person, encoded
from tests.sites import Site

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b onclick=alert(3)>x</b>[x](javascript:alert(4))"


class _Alive(HTMLParser):
    """Notes what of MARKUP a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_program = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_program = tag == "script" and given.get("type") != "application/json"
        runs = [name for name, value in given.items() if name.startswith("on") and "alert(" in value]
        leads = [name for name in ("href", "src", "action") if given.get(name, "").startswith("javascript:alert")]
        if runs or leads or given.get("src") == "x":
            self.found.append(f"{tag} {given}")

    def handle_data(self, data: str) -> None:
        if self._is_program and "alert(" in data:
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._is_program = False


def alive(page: str) -> list[str]:
    parser = _Alive()
    parser.feed(page)
    return parser.found


def test_markup_that_gets_through_would_be_noticed() -> None:
    assert len(alive(f"<p>{MARKUP}</p>")) == 3
    assert alive('<a href="javascript:alert(4)">x</a>')
    assert alive(f'<p>{escape(MARKUP)}</p><input value="{escape(MARKUP)}">') == []


@only_one
def test_what_is_typed_into_any_kind_of_field_is_shown_as_text(site: Site) -> None:
    person = Person(site.url, "markup")
    person.open(**{"from": MARKUP})
    typed = {
        f"typed['{name}']": MARKUP for name in ("text", "area", "email", "password", "choice", "raw", "list", "hidden")
    }
    refused = person.answer(**typed)
    assert alive(refused.text) == [], "shown again beside what is wrong"
    typed["typed['email']"] = "a@example.org"
    papers = [(encoded("papers"), (f"{MARKUP}.txt", b"x", "text/plain"))]
    where = {"i": person.interview}
    fields = person.filled(**typed)
    person._see(person.http.post("/interview", params=where, data=fields, files=papers))
    assert person.shown == "What must be checked", person.page[-2000:]
    wrong = dict.fromkeys(("amount", "money", "day", "hour", "moment", "mail", "whole", "span"), MARKUP)
    refused = person.answer(**wrong)
    assert alive(refused.text) == []
    right = {"amount": "1", "money": "2", "day": "2026-01-02", "hour": "10:00", "moment": "2026-01-02T10:00"}
    done = person.answer(**right, mail="a@example.org", whole="3", span="2")
    assert person.shown.startswith("Of "), person.page[-2000:]
    assert alive(done.text) == []


@only_one
@pytest.mark.parametrize(
    "address",
    [
        "/interview?i={m}", "/{m}", "/start/{m}/", "/run/{m}/x/", "/packagestatic/trials/{m}", "/uploadedfile/1/{m}",
        "/tempfile/{m}", "/user/sign-in?next={m}", "/interviews?tag={m}", "/checkin?i={m}",
        "/interview?i=trials:data/questions/names.yml&session={m}",
        "/interview?i=trials:data/questions/names.yml&action={m}",
        "/interview?i=trials:data/questions/names.yml&json={m}",
        "/interview?i=trials:data/questions/names.yml&js_target={m}",
    ],
)  # fmt: skip
def test_an_address_is_never_given_back_as_markup(site: Site, address: str) -> None:
    answer = Person(site.url).http.get(address.format(m=MARKUP.replace("&", "%26").replace("#", "%23")))
    assert answer.status_code < 500
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert alive(answer.text) == []


@only_one
@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a/../../b.txt", "...", "~/.ssh/id"]
)
def test_the_name_of_an_upload_leads_nowhere(site: Site, name: str) -> None:
    person = Person(site.url, "large")
    person.open()
    sent = person.http.post(
        "/interview",
        params={"i": person.interview},
        data=person.fields(),
        files=[(encoded("film"), (name, b"contents", "text/plain"))],
    )
    (address, _) = re.findall(r"/(?:uploadedfile|tempfile)/[^\s<\"&]+", sent.text)
    given = person.http.get(address)
    assert given.content == b"contents"
    (kept,) = re.findall(r'filename="([^"]*)"', given.headers["content-disposition"])
    assert not re.search(r"[/\\]|^\.|^$", kept)
    assert not [path for path in site.folder.rglob("*") if path.name in ("passwd", "boot.ini", "shadow", "b.txt", "id")]


@only_one
@pytest.mark.parametrize(
    "reference",
    [
        "../../server.keys", "trials:../../../server.keys", "trials:data/questions/../../../../server.keys",
        "trials:data/questions/%2e%2e/%2e%2e/names.yml", "/etc/passwd", "trials:/etc/passwd",
        "..:data/questions/names.yml", "trials/../trials:data/questions/names.yml", "file:///etc/passwd",
        "trials:data\\questions\\names.yml",
        ".:data/questions/names.yml", "trials:data/questions/", "trials:data/sources/x.yml",
    ],
)  # fmt: skip
def test_a_reference_leads_to_interviews_only(site: Site, reference: str) -> None:
    answer = Person(site.url).http.get("/interview", params={"i": reference})
    assert answer.status_code == 404
    assert "root:" not in answer.text
