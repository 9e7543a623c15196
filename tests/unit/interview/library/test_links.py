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


def test_the_address_of_another_interview_has_no_session(run: Run) -> None:
    assert query(links.interview_url(i="other.yml")) == {"i": "docs:data/questions/other.yml", "from_list": "1"}
    assert query(links.interview_url(i="p:q.yml", session="T"))["session"] == "T"


def test_an_action_from_anywhere_has_the_published_form(run: Run) -> None:
    url = links.interview_url_action("check_update_status", status="danger")
    assert query(url)["session"] == "S" * 32
    assert query(url)["action"] == (
        "eyJhY3Rpb24iOiAiY2hlY2tfdXBkYXRlX3N0YXR1cyIsICJhcmd1bWVudHMiOiB7InN0YXR1cyI6ICJkYW5nZXIifX0"
    )


def test_links_that_expire_are_refused_in_words(run: Run) -> None:
    with pytest.raises(DAError, match="not available"):
        links.interview_url(temporary=1)


def test_addresses_as_pictures(run: Run) -> None:
    assert links.interview_url_as_qr(width="50px").startswith("[QR http://example.com/interview?")
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
