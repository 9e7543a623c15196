"""Links and buttons."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.contracts.visitor import RequestFacts
from shared.interview.library import links
from shared.interview.library.faults import DAError
from shared.interview.library.objects import DADict, DAList, DAObject
from shared.interview.runtime.host import HostAnswer, HostCall, KeepLink, LinkAnswer
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.run import Run, running
from tests.unit.interview.library.being_asked import REFERENCE, make_run


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def action_in(url: str) -> dict[str, Any]:
    """The action a link carries."""
    encoded = query(url)["action"]
    decoded: dict[str, Any] = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    return decoded


def test_an_action_link_leads_back_into_this_interview(run: Run) -> None:
    url = links.url_action("add", color="blue", names=["é?>"])
    assert url.startswith("/interview?")
    assert query(url)["i"] == REFERENCE
    assert action_in(url) == {"action": "add", "arguments": {"color": "blue", "names": ["é?>"]}}


def test_an_action_link_keeps_the_address_the_visitor_used() -> None:
    request = RequestFacts(url="http://example.com/start/intake/")
    with running(make_run(request=request)):
        assert links.url_action("add").startswith("/start/intake/?action=")


def test_a_link_can_drop_what_is_pending(run: Run) -> None:
    assert action_in(links.url_action("add", _forget_prior=True, color="blue")) == {
        "action": "_da_priority_action",
        "arguments": {"_action": "add", "_arguments": {"color": "blue"}},
    }


@pytest.mark.parametrize("name", ["x.name", "people[i].name", "x", "", None])
def test_names_that_mean_something_else_later_are_refused(run: Run, name: Any) -> None:
    with pytest.raises(DAError):
        links.url_action(name)


def test_arguments_that_are_no_json_are_refused(run: Run) -> None:
    with pytest.raises(DAError, match="cannot be part of a link"):
        links.url_action("add", thing=DAObject("thing"))


def test_a_link_can_ask_for_variables(run: Run) -> None:
    assert action_in(links.url_ask(["a", {"undefine": ["b"]}])) == {
        "action": "_da_force_ask",
        "arguments": {"variables": ["a", {"undefine": ["b"]}]},
    }
    with pytest.raises(DAError):
        links.url_ask("x.name")


def test_the_address_of_a_session_names_it(run: Run) -> None:
    url = links.interview_url(color="blue")
    assert url.startswith("http://example.com/interview?")
    assert query(url) == {"i": REFERENCE, "session": "S" * 32, "color": "blue"}
    assert links.interview_url(local=True).startswith("/interview?")
    assert "session" not in query(links.interview_url(new_session=1))


def offering(config: dict[str, Any]) -> Run:
    run = make_run()
    run.context = run.context.model_copy(update={"config": config})
    return run


def test_a_short_address_has_the_name_that_the_operator_gave() -> None:
    with running(offering({"dispatch": {"forms": "docs:other.yml", "here": REFERENCE}})):
        assert links.interview_url(style="short", color="blue").startswith("http://example.com/run/here/?session=SSS")
        assert links.interview_url(style="short", new_session=1, local=True) == "/start/here/"
        assert links.interview_url(i="other.yml", style="short", local=True) == "/run/forms/?from_list=1"


def test_a_short_address_without_such_a_name_has_the_package(run: Run) -> None:
    name = REFERENCE.rpartition("/")[2].removesuffix(".yml")
    for style in ("short", "short_package"):
        assert urlsplit(links.interview_url(style=style)).path == f"/run/docs/{name}/"
    other = links.interview_url(i="docassemble.zoo:data/questions/big/cats.yml", style="short", new_session=1)
    assert urlsplit(other).path == "/start/zoo/big/cats/"
    assert urlsplit(links.interview_url(style="odd")).path == "/interview"


def test_the_address_of_another_interview_has_no_session(run: Run) -> None:
    assert query(links.interview_url(i="other.yml")) == {"i": "docs:data/questions/other.yml", "from_list": "1"}
    assert query(links.interview_url(i="p:q.yml", session="T"))["session"] == "T"


def test_an_action_from_anywhere_has_the_published_form(run: Run) -> None:
    url = links.interview_url_action("check_update_status", status="danger")
    assert query(url)["session"] == "S" * 32
    assert query(url)["action"] == (
        "eyJhY3Rpb24iOiAiY2hlY2tfdXBkYXRlX3N0YXR1cyIsICJhcmd1bWVudHMiOiB7InN0YXR1cyI6ICJkYW5nZXIifX0"
    )


def kept_links(run: Run, *codes: str) -> list[KeepLink]:
    """Let the run's host keep links under these codes; fills with what it is asked."""
    asked: list[KeepLink] = []

    class LinkHost:
        def call(self, request: HostCall, blobs: Blobs | None = None) -> tuple[HostAnswer, Blobs]:
            assert isinstance(request, KeepLink)
            asked.append(request)
            return LinkAnswer(code=codes[len(asked) - 1]), {}

    run.host = LinkHost()
    return asked


def test_a_link_can_end_after_some_hours(run: Run) -> None:
    asked = kept_links(run, "abc", "def")
    assert links.interview_url_action("sign", temporary=48, who="Ann").endswith("/goto?c=abc")
    assert asked[0].seconds == 48 * 3600
    assert action_in(asked[0].url) == {"action": "sign", "arguments": {"who": "Ann"}}
    assert links.interview_url(temporary=True, local=True) == "/goto?c=def"
    assert asked[1].seconds == 24 * 3600


def test_a_lasting_link_is_made_once_in_a_run_and_one_for_a_single_visit_each_time(run: Run) -> None:
    asked = kept_links(run, "a", "b", "c")
    assert links.interview_url(temporary=1) == links.interview_url(temporary=1)
    assert links.interview_url(once_temporary=1) != links.interview_url(once_temporary=1)
    assert [link.is_once for link in asked] == [False, True, True]


def test_any_address_can_be_made_short_for_some_time(run: Run) -> None:
    asked = kept_links(run, "a")
    assert links.url_of("temp_url", url="https://example.org/long", expire=60, one_time=True).endswith("/goto?c=a")
    assert asked == [KeepLink(url="https://example.org/long", seconds=60, is_once=True)]


@pytest.mark.parametrize("given", [{}, {"url": ""}, {"url": "/a", "expire": 0}, {"url": "/a", "expire": "soon"}])
def test_a_short_address_needs_a_target_and_a_time(run: Run, given: dict[str, Any]) -> None:
    with pytest.raises(DAError):
        links.url_of("temp_url", **given)


def test_addresses_as_pictures(run: Run) -> None:
    assert links.interview_url_as_qr(width="50px").startswith("[QR http://example.com/interview?")
    action = links.interview_url_action_as_qr("check", status="fine", width="3in", alt_text="scan me")
    assert action == f"[QR {links.interview_url_action('check', status='fine')}, 3in, scan me]"
    assert links.qr_code("hello", width="50px", alt_text="code") == "[QR hello, 50px, code]"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("root", "/"),
        ("login", "/user/sign-in"),
        ("interview_list", "/interviews"),
        ("logo.png", "/packagestatic/docs/logo.png"),
        ("other:data/static/logo.png", "/packagestatic/other/logo.png"),
        ("https://example.org/x", "https://example.org/x"),
    ],
)
def test_addresses_of_pages_and_files(run: Run, name: str, expected: str) -> None:
    assert links.url_of(name) == expected


def test_addresses_take_parameters(run: Run) -> None:
    assert links.url_of("login", next="/a b", _external=True) == "http://example.com/user/sign-in?next=%2Fa+b"
    assert query(links.url_of("interview", i="other.yml"))["i"] == "docs:data/questions/other.yml"
    assert links.url_of("exit").startswith("/exit?i=docs")


def test_a_button_is_a_link_with_an_icon_and_a_blank_after_it(run: Run) -> None:
    html = links.action_button_html(
        "/x?a=1&b=2", label="Edit", icon="pencil", color="nonsense", size="huge", id_tag="me"
    )
    assert html == (
        '<a href="/x?a=1&amp;b=2" class="btn btn-sm btn-dark btn-darevisit" id="me">'
        '<i class="fas fa-pencil"></i> Edit</a> '
    )
    assert ">Edit<" in links.action_button_html("/x", label=5)
    assert "fab fa-github" in links.action_button_html("/x", icon="fab-fa-github")
    assert 'target="_blank"' in links.action_button_html("/x", new_window=True)


def test_menu_items_carry_an_action(run: Run) -> None:
    item = links.action_menu_item("Help", "show_help", _screen_size="small", topic="x")
    assert (item["label"], item["screen_size"]) == ("Help", "small")
    assert action_in(item["url"]) == {"action": "show_help", "arguments": {"topic": "x"}}


def test_items_of_a_collection_have_buttons(run: Run) -> None:
    fruit = DAList("fruit", elements=["apple"])
    assert "Add another</a>" in fruit.add_action()
    assert "Add an item" in DAList("nothing").add_action()
    assert action_in(fruit.add_action(url_only=True)) == {"action": "_da_list_add", "arguments": {"list": "fruit"}}
    people = DADict("people", elements={"a": DAObject("people['a']")})
    assert action_in(people.item_actions(people["a"], "a", "name", edit_url_only=True)) == {
        "action": "_da_dict_edit",
        "arguments": {"item": "people['a']", "items": ["people['a'].name"], "group": "people"},
    }
    assert action_in(fruit.item_actions("apple", 0, edit=False, delete_url_only=True)) == {
        "action": "_da_list_remove",
        "arguments": {"list": "fruit", "item": "fruit[0]"},
    }


def test_read_only_items_and_the_last_of_a_minimum_have_no_buttons(run: Run) -> None:
    fixed = DAObject("people[0]", read_only=True)
    assert DAList("people", elements=[fixed]).item_actions(fixed, 0) == ""
    fruit = DAList("fruit", elements=["apple"], minimum_number=1)
    assert "Delete" not in fruit.item_actions("apple", 0)


def test_a_static_picture_is_markup_with_its_package(run: Run) -> None:
    assert links.static_image("scales.png") == "[FILE docs:data/static/scales.png]"
    assert links.static_image("other:data/static/scales.png", width="2in") == "[FILE other:data/static/scales.png, 2in]"
    assert links.static_image("scales.png", alt_text="Scales") == "[FILE docs:data/static/scales.png, None, Scales]"
