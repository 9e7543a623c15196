"""Whatever kind a field has, what is typed into it is text: when it is refused, shown, and asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from shared.interview.compile.fields import BUILT_IN
from tests.flows.system.person import Person, encoded
from tests.flows.system.test_hostile_input import MARKUP, alive
from tests.sites import Site, embedded_site

FILES = frozenset({"file", "files", "camera", "user", "environment", "camcorder", "microphone"})
_OBJECTS = frozenset({"object", "object_checkboxes", "object_multiselect", "object_radio"})
_OF_CHOICES = frozenset(
    {"ajax", "checkboxes", "combobox", "datalist", "dropdown", "multiselect", "pulldown", "radio", "range"}
)
_RAW = frozenset({"raw", "password"})
"""Keep their markup, as SECURITY.md says: authors escape them."""

_INTERVIEW = """\
metadata:
  title: A field of one kind
---
objects:
  - things: DAList.using(object_type=DAObject, auto_gather=False, gathered=True)
---
mandatory: True
code: |
  if not len(things):
    things.appendObject(name='One')
  given
  done
---
question: Give it
fields:
  - Given: given
    datatype: {kind}
    required: False
{more}
---
event: look
code: |
  json_response([])
---
event: done
question: Shown
subquestion: |
  ${{ {shown} }}
"""


def interview_of(kind: str) -> str:
    more = ""
    if kind in _OBJECTS:
        more = "    choices: things"
    elif kind == "range":
        more = "    min: 1\n    max: 3"
    elif kind == "ajax":
        more = "    action: look"
    elif kind in _OF_CHOICES:
        more = "    choices:\n      - One\n      - Two"
    shown = "[one.filename for one in given] if given else ''" if kind in FILES else "given"
    return _INTERVIEW.format(kind=kind, more=more, shown="str(given) | h" if kind in _RAW else shown)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A system with an interview for every datatype that is not an author's own."""
    folder = tmp_path_factory.mktemp("kinds")
    questions = folder / "interviews/kinds/data/questions"
    questions.mkdir(parents=True)
    for kind in BUILT_IN:
        (questions / f"{kind}.yml").write_text(interview_of(kind))
    with embedded_site(folder / "site", interviews=[folder / "interviews"]) as site:
        yield site


class _Inputs(HTMLParser):
    """The names of what can be filled in on a page's form."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_control = given.get("type") == "hidden" and given.get("name", "").startswith(("_", "csrf"))
        if tag in ("input", "select", "textarea") and given.get("name") and not is_control:
            self.names.add(given["name"])


def inputs(page: str) -> set[str]:
    parser = _Inputs()
    parser.feed(page.partition('<form id="daform"')[2].partition("</form>")[0])
    return parser.names


@pytest.mark.parametrize("kind", sorted(BUILT_IN))
def test_what_is_typed_is_text_wherever_it_is_shown(kinds: Site, kind: str) -> None:
    person = Person(kinds.url)
    person.interview = f"kinds:data/questions/{kind}.yml"
    with person.http:
        person.open()
        assert person.shown == "Give it", person.page[-2000:]
        where = {"i": person.interview}
        typed = person.fields() | {name: MARKUP for name in inputs(person.page) if name not in person.fields()}
        typed[encoded("given")] = MARKUP
        uploads = None
        if kind in FILES:
            del typed[encoded("given")]
            uploads = [(encoded("given"), (f"{MARKUP}.png", b"\x89PNG\r\n\x1a\n", MARKUP))]
        answer = person._see(person.http.post("/interview", params=where, data=typed, files=uploads))
        assert answer.status_code < 500, answer.text[-2000:]
        assert alive(person.page) == []
        if person.shown == "Shown":
            person.post(person.fields("dabackbutton"))
            assert person.shown == "Give it"
            assert alive(person.page) == []
        script = person.http.get("/interview", params={**where, "json": "1"})
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("application/json")
