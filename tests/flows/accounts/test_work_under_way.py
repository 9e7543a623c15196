"""A task is under way while its person signs in, changes the password, signs out: nothing is lost."""

from __future__ import annotations

from tests.flows.accounts.conftest import PASSWORD, MakePerson, Somebody
from tests.flows.system.conftest import until
from tests.flows.system.person import encoded_action

NEW = "another horse battery"


def test_a_password_changes_while_a_task_is_under_way(people: MakePerson) -> None:
    ann = people("working")
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    assert ann.shown == "Please wait."
    ann.send("/user/change-password", present=PASSWORD, password=NEW, again=NEW)
    until(lambda: ann.open() and ann.shown == f"Kept Ann of {ann.email}.", "the result of the task")


def test_somebody_signs_in_while_their_task_is_under_way(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.http.get("/user/sign-out")
    ann.go_to("working")
    ann.open()
    ann.answer(name="Ann")
    assert ann.shown == "Please wait."
    ann.sign_in()
    until(lambda: ann.open() and ann.shown == "Kept Ann of None.", "the result of the task")
    elsewhere = people("working")
    elsewhere.sign_in(ann.email)
    elsewhere.get("/interviews", resume=elsewhere.interview)
    assert elsewhere.shown == "Kept Ann of None."


def test_what_somebody_was_being_asked_is_still_asked_after_signing_in(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.http.get("/user/sign-out")
    ann.go_to("pending")
    ann.open()
    ann.answer(color="red")
    assert ann.shown == "It is red"
    ann.open(action=encoded_action("color"))
    assert ann.shown == "Which color?"
    ann.sign_in()
    ann.open()
    assert ann.shown == "Which color?"
    ann.answer(color="blue")
    assert ann.shown == "It is blue"


def test_somebody_signs_out_and_comes_back_to_the_result(people: MakePerson) -> None:
    ann = people("working")
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    ann.http.get("/user/sign-out")
    ann.sign_in()
    until(
        lambda: ann.get("/interviews", resume=ann.interview) and ann.shown == f"Kept Ann of {ann.email}.",
        "the result of the task",
    )


def signed_out_elsewhere(people: MakePerson) -> Somebody:
    """Somebody in whose browser a page is open, and whose password was changed in another browser since."""
    ann = people()
    ann.register()
    ann.open()
    elsewhere = people()
    elsewhere.sign_in(ann.email)
    elsewhere.send("/user/change-password", present=PASSWORD, password=NEW, again=NEW)
    return ann


def test_a_form_that_comes_after_signing_out_elsewhere_is_taken_once_its_person_is_back(people: MakePerson) -> None:
    ann = signed_out_elsewhere(people)
    code = ann.fields()["_session"]
    ann.answer(name="Ann")
    assert "What you have sent is kept for an hour" in ann.page
    ann.send_again("/user/sign-in", email=ann.email, password="wrong password")
    ann.send_again("/user/sign-in", email=ann.email, password=NEW)
    assert "What you had sent before signing in was taken now." in ann.page
    assert (ann.shown, ann.fields()["_session"]) == ("How old are you?", code)
    assert ann.variables()["name"] == "Ann"
    taken_at = ann.page_fields()["_step"]
    ann.open(session=code, _kept="1")
    assert ann.page_fields()["_step"] == taken_at
    assert "taken now" not in ann.page


def test_what_a_script_sends_then_is_kept_too(people: MakePerson) -> None:
    ann = signed_out_elsewhere(people)
    said = ann.post_by_script(ann.filled(name="Ann")).json()
    assert said["action"] == "redirect"
    ann.get(said["url"])
    ann.send_again("/user/sign-in", email=ann.email, password=NEW)
    assert ann.shown == "How old are you?"


def test_nobody_else_who_signs_in_there_gets_what_was_sent(people: MakePerson) -> None:
    ann = signed_out_elsewhere(people)
    bob = people()
    bob.register()
    code = ann.fields()["_session"]
    ann.answer(name="Secret of Ann")
    ann.send_again("/user/sign-in", email=bob.email, password=PASSWORD)
    assert ann.me()["email"] == bob.email
    assert "Secret of Ann" not in ann.page
    assert "Secret of Ann" not in ann.open(session=code, _kept="1").text
    ann.get("/user/sign-out")
    ann.sign_in(password=NEW)
    ann.open(session=code, _kept="1")
    assert ann.shown == "What is your name?"
