"""Files over HTTP: uploaded, signed, made by code and by tasks; for those who may open the session, and nobody else."""

from __future__ import annotations

import base64
import re

import httpx
import pytest

from tests.flows.system.conftest import until
from tests.flows.system.person import Person, encoded
from tests.sites import Site

CANARY = b"Velociraptor9Mandolin"
PAPER = CANARY + b"\n" + b"a line of no interest\n" * 40_000
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

Files = list[tuple[str, tuple[str, bytes, str]]]


def send(person: Person, *files: tuple[str, bytes], variable: str = "paper", **headers: str) -> httpx.Response:
    """Post the page's form with files, as a browser does: the fields first."""
    body: Files = [(encoded(variable), (name, contents, "application/x-whatever")) for name, contents in files]
    return person._see(
        person.http.post(
            "/interview", params={"i": person.interview}, data=person.fields(), files=body, headers=headers
        )
    )


def sign(person: Person) -> None:
    fields = person.fields() | {
        "_the_image": "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "_success": "1",
    }
    person.post(fields)


def addresses(person: Person) -> list[str]:
    return re.findall(r"/(?:uploadedfile|tempfile)/[^\s<\"&]+", person.page)


@pytest.fixture
def filer(site: Site) -> Person:
    """Somebody who has uploaded a paper and signed it."""
    person = Person(site.url, "filing")
    person.open()
    send(person, ("paper.txt", PAPER), ("picture.png", PNG))
    assert person.shown == "Your name"
    sign(person)
    assert person.shown == "Filed"
    return person


def test_what_was_uploaded_signed_and_made_comes_back(filer: Person) -> None:
    paper, made, mine, *_ = addresses(filer)
    assert "Of 2: paper.txt" in filer.page
    given = filer.http.get(paper)
    assert given.content == PAPER
    assert given.headers["content-type"] == "text/plain; charset=utf-8"
    assert given.headers["content-disposition"].startswith('inline; filename="paper.txt"')
    assert given.headers["cache-control"] == "private, no-store"
    assert "sandbox" in given.headers["content-security-policy"]
    assert filer.http.get(made).content == b"made of " + PAPER
    assert filer.http.get(mine).content == PNG
    assert filer.http.get(mine).headers["content-type"] == "image/png"


def test_a_part_of_a_file_is_given(filer: Person) -> None:
    paper = addresses(filer)[0]
    given = filer.http.get(paper, headers={"range": "bytes=5-300000"})
    assert (given.status_code, given.content) == (206, PAPER[5:300001])
    assert given.headers["content-range"] == f"bytes 5-300000/{len(PAPER)}"
    assert filer.http.get(paper, headers={"range": "bytes=-7"}).content == PAPER[-7:]
    assert filer.http.get(paper, headers={"range": f"bytes={len(PAPER)}-"}).status_code == 416
    assert filer.http.head(paper).headers["content-length"] == str(len(PAPER))


def test_pages_of_a_file_are_pictures_for_who_may_open_it(filer: Person, site: Site) -> None:
    paper, _, mine, *_ = addresses(filer)
    number = mine.split("/")[2].partition(".")[0]
    for root in ("uploadedpage", "uploadedpagescreen", "uploadedpagedownload"):
        given = filer.http.get(f"/{root}/{number}/1")
        assert (given.status_code, given.headers["content-type"]) == (200, "image/png")
        assert given.content.startswith(b"\x89PNG")
        assert given.headers["cache-control"] == "private, no-store"
        assert given.headers["content-disposition"].startswith("attachment" if "download" in root else "inline")
        for missing in (f"/{root}/{number}/2", f"/{root}/{number}/0", f"/{root}/999999999/1"):
            assert filer.http.get(missing).status_code == 404
    pages = {"uploadedpage": 1400, "uploadedpagescreen": 700, "uploadedpagescreendownload": 700}
    text = paper.split("/")[2].partition(".")[0]
    for root, pixels in pages.items():
        page = filer.http.get(f"/{root}/{text}/1").content
        assert int.from_bytes(page[16:20], "big") == pixels, "the width in the head of the PNG"
    of_text = filer.http.get(f"/uploadedpage/{paper.split('/')[2].partition('.')[0]}/1")
    assert of_text.content.startswith(b"\x89PNG")
    stranger = Person(site.url, "filing")
    stranger.open()
    assert stranger.http.get(f"/uploadedpage/{number}/1").status_code == 404
    assert httpx.get(f"{site.url}uploadedpage/{number}/1", timeout=90).status_code == 404


def test_nobody_else_gets_it_until_it_is_shared(filer: Person, site: Site) -> None:
    paper = addresses(filer)[0]
    other = Person(site.url, "filing")
    other.open()
    assert other.http.get(paper).status_code == 404
    assert httpx.get(site.url.rstrip("/") + paper, timeout=90).status_code == 404
    act(filer, "publish")
    assert other.http.get(paper).content == PAPER


def test_a_session_that_opens_while_nobody_is_there_keeps_its_files_from_strangers(site: Site) -> None:
    owner = Person(site.url, "watched")
    owner.open()
    (paper,) = addresses(owner)
    assert owner.http.get(paper).text == "of the owner"
    stranger = Person(site.url, "watched")
    stranger.open()
    assert stranger.http.get(paper).status_code == 404
    stranger.open(session=owner.page_fields()["_session"])  # the session is shared: its code opens it
    assert stranger.http.get(paper).text == "of the owner"


def test_a_temporary_address_is_enough(filer: Person, site: Site) -> None:
    filer.open()
    temporary = addresses(filer)[3]
    root = site.url.rstrip("/")
    assert httpx.get(root + temporary, timeout=90).content == b"made of " + PAPER
    assert httpx.get(root + temporary.replace("/tempfile/A", "/tempfile/B", 1), timeout=90).status_code == 404


def test_a_task_reads_a_file_and_makes_another(filer: Person) -> None:
    until(lambda: filer.open() and "copied /uploadedfile" in filer.page, "the copy")
    copy = addresses(filer)[-1]
    assert filer.http.get(copy).content == b"by a task: " + PAPER
    assert act(filer, "read_copy").json() == (b"by a task: " + PAPER).decode()


def test_files_go_with_their_session(filer: Person) -> None:
    paper, *_ = addresses(filer)
    button = re.search(r'<button[^>]* name="([^"]+)" value="([^"]*)"[^>]*>(?:<[^>]*>)*Exit', filer.page)
    assert button is not None
    filer.http.post(
        "/interview",
        params={"i": filer.interview},
        data=filer.fields() | {button[1]: button[2]},
        follow_redirects=False,
    )
    assert filer.http.get(paper).status_code == 404


def test_a_file_of_a_kind_that_is_not_accepted_is_refused_in_words(site: Site) -> None:
    person = Person(site.url, "filing")
    person.open()
    send(person, ("page.html", b"<script>alert(1)</script>"))
    assert person.shown == "Your paper"
    assert "Please upload a file with a valid file format." in person.page


def test_files_for_inputs_that_the_screen_does_not_have_are_left_aside(site: Site) -> None:
    person = Person(site.url, "filing")
    person.open()
    send(person, ("a.txt", b"x"), variable="made")
    assert person.shown == "Your name"
    assert person.variables()["paper"] is None


def test_a_form_that_was_not_made_for_this_browser_brings_no_file(site: Site) -> None:
    person, other = Person(site.url, "filing"), Person(site.url, "filing")
    person.open()
    other.open()
    person.page = other.page
    assert send(person, ("paper.txt", b"x")).status_code == 403


def test_a_script_sends_a_file_too(site: Site) -> None:
    person = Person(site.url, "filing")
    person.open()
    body = [(encoded("paper"), ("paper.txt", b"by script", "text/plain"))]
    fields = person.fields() | {"ajax": "1"}
    said = person.http.post("/interview", params={"i": person.interview}, data=fields, files=body).json()
    assert said["action"] == "body"
    again = person.http.post("/interview", params={"i": person.interview}, data=fields, files=body).json()
    assert again["action"] == "body"
    assert len(person.variables()["paper"]["elements"]) == 1


def test_nothing_of_a_file_lies_in_clear_anywhere(filer: Person, site: Site) -> None:
    assert CANARY in filer.http.get(addresses(filer)[0]).content
    looked = [path for path in site.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in looked if path.parts[-3:-2] == ("files",)], "the contents lie elsewhere"
    for path in looked:
        contents = path.read_bytes()
        assert CANARY not in contents, path
        assert base64.b64encode(CANARY[:15]) not in contents, path


def act(person: Person, action: str) -> httpx.Response:
    """Call an action as a script does."""
    said = base64.b64encode(f'{{"action": "{action}", "arguments": {{}}}}'.encode()).decode()
    fields = {name: value for name, value in person.fields("dabackbutton").items() if name != "_back_one"}
    return person.http.post(
        "/interview", params={"i": person.interview}, data=fields | {"_action": said, "_operation": ""}
    )
