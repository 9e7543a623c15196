"""Files that an interview shares beyond its session, and those that outlive it (spec/area2 §5.2, §15 row 8)."""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.flows.accounts.conftest import MakePerson, Somebody, operator
from tests.flows.system.person import encoded_action
from tests.sites import Site


def owner_of_a_paper(people: MakePerson) -> tuple[Somebody, str]:
    person = people("papers")
    person.register()
    person.open()
    found = re.search(r"/uploadedfile/[^\s<\"&]+", person.page)
    assert found is not None, person.page
    return person, found[0]


def act(person: Somebody, action: str, **arguments: Any) -> Any:
    asked = {"i": person.interview, "action": encoded_action(action, **arguments)}
    return person.http.get("/interview", params=asked).json()


def known(people: MakePerson) -> Somebody:
    person = people()
    person.register()
    return person


def test_a_file_opens_for_whom_it_is_shared_with_by_address_number_or_privilege(
    people: MakePerson, site: Site, admin_address: str
) -> None:
    ann, paper = owner_of_a_paper(people)
    bob, carl, dora = known(people), known(people), known(people)
    for person in (bob, carl, dora):
        assert person.http.get(paper).status_code == 404
    users, privileges = act(ann, "share", users=[bob.email, carl.me()["user_id"]], privileges=["customer"])
    assert bob.email in users["emails"]
    assert privileges == ["customer"]
    for person in (ann, bob, carl):
        assert person.http.get(paper).text == "the paper"
    assert dora.http.get(paper).status_code == 404
    assert operator(site, "users", "privileges", dora.email, "user", "customer").returncode == 0
    assert dora.http.get(paper).text == "the paper"
    assert people().http.get(paper).status_code == 404


def test_what_was_shared_is_taken_back_from_one_or_from_all(people: MakePerson) -> None:
    ann, paper = owner_of_a_paper(people)
    bob, carl = known(people), known(people)
    act(ann, "share", users=[bob.email, carl.email])
    act(ann, "unshare", users=bob.email)
    assert (bob.http.get(paper).status_code, carl.http.get(paper).status_code) == (404, 200)
    users, privileges = act(ann, "unshare", users="all", privileges="all")
    assert carl.http.get(paper).status_code == 404
    assert (users["emails"], users["user_ids"], privileges) == ([], [], [])
    assert ann.http.get(paper).text == "the paper"


def test_a_file_goes_with_its_session_unless_it_is_persistent_and_then_its_owner_has_it_still(
    people: MakePerson,
) -> None:
    for keeps in (False, True):
        ann, paper = owner_of_a_paper(people)
        if keeps:
            assert act(ann, "keep") is True
        ann.send("/interviews", delete_all="1")
        assert ann.sessions() == []
        assert ann.http.get(paper).status_code == (200 if keeps else 404)
        assert known(people).http.get(paper).status_code == 404


def test_what_is_uploaded_opens_for_whom_its_field_names_and_for_nobody_else(
    people: MakePerson, site: Site, admin_address: str
) -> None:
    ann, bob, carl, dora = (known(people) for _ in range(4))
    ann.go_to("papers_handed_in")
    ann.open(reader=bob.email)
    ann.answer(reader=bob.email)
    names = ("paper", "mine")
    encoded = {name: base64.b64encode(name.encode()).decode().rstrip("=") for name in names}
    body = [(encoded[name], (f"{name}.txt", f"the {name}".encode(), "text/plain")) for name in names]
    ann._see(ann.http.post("/interview", params={"i": ann.interview}, data=ann.fields(), files=body))
    paper, mine = re.findall(r"/uploadedfile/[^\s<\"&]+", ann.page)[:2]
    assert (ann.http.get(paper).text, ann.http.get(mine).text) == ("the paper", "the mine")
    assert (bob.http.get(paper).text, bob.http.get(mine).status_code) == ("the paper", 404)
    assert carl.http.get(paper).status_code == 404
    assert operator(site, "users", "privileges", dora.email, "user", "customer").returncode == 0
    assert (dora.http.get(paper).text, dora.http.get(mine).status_code) == ("the paper", 404)
    assert people().http.get(paper).status_code == 404
