"""Documents on screens: what is offered, all of them in one archive, by e-mail, in the background (spec/area4 §8.6)."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import orjson
import pytest

from shared.interview.runtime.operations import CallAction
from shared.interview.runtime.outcomes import ResponseReady, RunFailed
from tests.language.documents.assembling import Assemble, AssemblingSession

_TWO = """
mandatory: True
question: Done
email subject: For ${ planet }
attachments:
  - name: One
    valid formats: [pdf, docx]
    content: One
  - name: Two
    valid formats: pdf
    content: Two
---
code: |
  planet = 'Mars'
"""


def action_of(encoded: str) -> dict[str, Any]:
    """An action as pages send it."""
    found: dict[str, Any] = orjson.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    return found


def perform(session: AssemblingSession, action: dict[str, Any], **more: Any) -> Any:
    return session.run(CallAction(action=action["action"], arguments={**action["arguments"], **more})).outcome


def test_options_of_the_screen_say_what_is_offered(assemble: Assemble) -> None:
    session = assemble(
        """
mandatory: True
question: Done
attachments:
  - name: One
    description: About *one*.
    valid formats: pdf
    content: One
  - name: Two
    valid formats: [pdf, docx]
    content: Two
allow emailing: False
include attachment notice: False
zip filename: papers
"""
    )
    session.open()
    screen = session.screen
    assert screen.documents_mail is None
    assert screen.documents_notice_html == ""
    assert "papers" not in screen.documents[0].description_html
    assert screen.documents[0].description_html == "<p>About <em>one</em>.</p>"
    assert screen.documents_download_url
    assert screen.documents[0].preview_html == ""


def test_all_documents_can_be_taken_in_one_archive(assemble: Assemble) -> None:
    session = assemble(_TWO)
    session.open()
    encoded = session.screen.documents_download_url.partition("action=")[2]
    outcome = perform(session, action_of(encoded))
    assert isinstance(outcome, ResponseReady)
    assert outcome.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(session.blobs["body"])) as archive:
        assert sorted(archive.namelist()) == ["One.docx", "One.pdf", "Two.pdf"]


def test_an_archive_holds_only_files_of_the_session(assemble: Assemble) -> None:
    session = assemble(_TWO)
    session.open()
    action = {"action": "_da_documents_download", "arguments": {}}
    for files in ([999], ["../../etc/passwd"], [-1], [[True]]):
        assert isinstance(perform(session, action, files=files), RunFailed)


@pytest.mark.parametrize("value", ["may", "not forbidden", "${ may }", "{truth}"])
@pytest.mark.parametrize("truth", [True, False])
def test_what_is_offered_may_hang_on_an_expression(assemble: Assemble, value: str, truth: bool) -> None:
    said = value.replace("{truth}", "Yes" if truth else "No")
    session = assemble(
        f"{_TWO}---\ncode: |\n  may = {truth}\n---\ncode: |\n  forbidden = {not truth}\n".replace(
            "email subject:",
            f"allow emailing: {said}\nallow downloading: {said}\ninclude download tab: {said}\nemail subject:",
        )
    )
    session.open()
    screen = session.screen
    shown = (screen.documents_mail is not None, screen.documents_download_url != "", screen.shows_download_tab)
    assert shown == (truth, truth, truth)


def test_one_document_needs_no_archive(assemble: Assemble) -> None:
    session = assemble("mandatory: True\nquestion: Done\nattachment:\n  name: One\n  content: One\n")
    session.open()
    assert session.screen.documents_download_url == ""


def test_the_offer_to_send_asks_whether_files_to_edit_go_along(assemble: Assemble) -> None:
    session = assemble(_TWO)
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    assert mail.asks_editable
    arguments = action_of(mail.action)["arguments"]
    assert (len(arguments["files"]), len(arguments["editable"])) == (2, 1)
    assert "planet" not in str(arguments)
    assert "Mars" not in str(arguments)


def test_an_address_that_is_none_is_refused(assemble: Assemble) -> None:
    session = assemble(_TWO)
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="a@b.c\nBcc: d@e.f")
    assert session.screen.messages == (("danger", "You need to enter a valid e-mail address."),)


def test_each_of_several_addresses_gets_a_letter_of_its_own(assemble: Assemble) -> None:
    session = assemble(_TWO)
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    session.sends = True
    perform(session, action_of(mail.action), address="ann@example.com, bob@example.com;ann@example.com;")
    ((kind, message),) = session.screen.messages
    assert (kind, message.endswith("ann@example.com, bob@example.com.")) == ("success", True)
    assert [letter.to for letter, _ in session.letters] == [("ann@example.com",), ("bob@example.com",)]
    perform(session, action_of(mail.action), address=",".join(f"p{one}@example.com" for one in range(11)))
    assert session.screen.messages == (("danger", "You need to enter a valid e-mail address."),)


@pytest.mark.parametrize(("is_taken", "told"), [(True, "success"), (False, "danger")])
def test_the_letter_is_made_before_it_is_sent_and_the_page_tells_how_that_went(
    assemble: Assemble, is_taken: bool, told: str
) -> None:
    session = assemble(
        _TWO.replace("email subject: For ${ planet }", "email template: letter")
        + "---\ntemplate: letter\nsubject: For ${ planet }\ncontent: |\n  Hello.\n"
    )
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    session.sends = is_taken
    perform(session, action_of(mail.action), address="ann@example.com")
    ((kind, message),) = session.screen.messages
    assert kind == told
    assert "ann@example.com." in message
    [(letter, files)] = session.letters
    assert (letter.to, letter.text) == (("ann@example.com",), "Hello.")
    assert letter.subject.startswith("For ")
    assert len(files) == len(letter.attachments) > 0


def test_a_letter_of_html_says_in_text_what_it_says_in_html(assemble: Assemble) -> None:
    session = assemble(_TWO.replace("email subject:", "email html: <p>For <b>${ planet }</b></p>\nemail subject:"))
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="ann@example.com")
    [(letter, _)] = session.letters
    assert (letter.subject, letter.text.strip()) == ("For Mars", "For Mars")
    assert "<b>Mars</b>" in letter.html


def test_a_document_made_in_a_task_is_handed_to_the_response_action(assemble: Assemble) -> None:
    session = assemble("""
mandatory: True
code: |
  if the_task.ready():
    final_screen
  else:
    waiting_screen
---
code: |
  the_task = background_action('assembly_task', 'refresh')
---
event: assembly_task
code: |
  background_response_action('assembly_done', document=the_document)
---
attachment:
  name: A letter
  variable name: the_document
  content: |
    Marry me?
---
event: assembly_done
code: |
  the_letter = action_argument('document')
  background_response()
---
event: waiting_screen
question: Please wait
---
event: final_screen
question: Ready
attachment code: the_letter
""")
    assert session.open() == "Please wait"
    session.work()
    assert session.open() == "Ready"
    assert session.screen.documents[0].name_text == "A letter"
    assert "Marry me?" in session.screen.documents[0].preview_html
    assert session.pdf_text("A_letter.pdf") == "Marry me?"


_ONE = """
mandatory: True
question: Done
subquestion: |
  Take it.
attachment:
  name: One
  valid formats: [pdf, docx]
  content: One
"""


def test_the_offer_to_send_begins_with_an_address_of_the_authors(assemble: Assemble) -> None:
    session = assemble(f"{_ONE}email address default: ${{ who }}@example.com\n---\ncode: who = 'ann'\n")
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    assert mail.address == "ann@example.com"


def test_the_author_writes_the_letter(assemble: Assemble) -> None:
    session = assemble(
        f"{_ONE}email subject: For ${{ who }}\nemail body: |\n  Dear ${{ who }},\n\n  see below.\n"
        "---\ncode: who = 'Ann'\n"
    )
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="ann@example.com")
    [(letter, _)] = session.letters
    assert letter.subject == "For Ann"
    assert letter.text.split() == ["Dear", "Ann,", "see", "below."]


def test_the_letter_of_the_author_is_markdown(assemble: Assemble) -> None:
    session = assemble(f"{_ONE}email subject: For you\nemail body: |\n  Dear **Ann**,\n\n  see [the court](/court).\n")
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="ann@example.com")
    [(letter, _)] = session.letters
    assert "Dear <strong>Ann</strong>" in letter.html
    assert letter.text.startswith("Dear Ann,\n\nsee the court (http")


def test_a_letter_of_markdown_is_the_text_beside_a_page_of_html(assemble: Assemble) -> None:
    session = assemble(f"{_ONE}email html: <p>Mine</p>\nemail body: Dear **Ann**\n")
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="ann@example.com")
    [(letter, _)] = session.letters
    assert (letter.text, letter.html) == ("Dear Ann", "<p>Mine</p>")


def test_documents_are_not_looked_for_again_when_the_author_has_written_the_letter(assemble: Assemble) -> None:
    session = assemble("""
mandatory: True
code: |
  looks = []
---
mandatory: True
question: Done
email subject: For you
email body: Looked ${ len(looks) } times
attachment code: paper if looks.append(1) is None else paper
---
attachment:
  name: One
  variable name: paper
  valid formats: pdf
  content: One
""")
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    looks = len(session.answers["looks"])
    perform(session, action_of(mail.action), address="ann@example.com")
    assert len(session.answers["looks"]) == looks + 1


_THREE = """
mandatory: True
question: Done
attachments:
  - name: Alpha *& co*
    filename: first
    valid formats: [pdf, docx]
    content: One
  - name: Beta
    variable name: paper
    valid formats: pdf
    content: Two
attachment code: others
---
attachment:
  name: Gamma
  variable name: gamma
  valid formats: pdf
  content: Three
---
code: others = [gamma]
"""


@pytest.mark.parametrize(
    ("interview", "subject", "text"),
    [
        (_ONE, "One", "Your document, One, is attached."),
        (_THREE, "Alpha & co, Beta, and Gamma", "Your documents, Alpha & co, Beta, and Gamma, are attached."),
    ],
)
def test_a_letter_that_nobody_wrote_names_its_documents(
    assemble: Assemble, interview: str, subject: str, text: str
) -> None:
    session = assemble(interview)
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    perform(session, action_of(mail.action), address="ann@example.com", includes_editable=True)
    [(letter, _)] = session.letters
    assert (letter.subject, letter.text) == (subject, text)


@pytest.mark.parametrize("always", [True, False])
def test_files_to_edit_go_along_always_or_when_asked_for(assemble: Assemble, always: bool) -> None:
    session = assemble(f"{_ONE}always include editable files: {always}\n")
    session.open()
    mail = session.screen.documents_mail
    assert mail is not None
    assert mail.asks_editable is not always
    perform(session, action_of(mail.action), address="ann@example.com")
    [(letter, _)] = session.letters
    assert len(letter.attachments) == (2 if always else 1)


def test_what_a_file_is_good_for_is_said_when_the_author_wants_that(assemble: Assemble) -> None:
    for wanted, said in ((True, {"pdf": "for printing", "docx": "for editing in a word processor"}), (False, {})):
        session = assemble(f"{_ONE}describe file types: {wanted}\n")
        session.open()
        assert session.screen.documents[0].explanations == said


def test_an_author_who_lists_documents_in_a_text_has_no_other_list(assemble: Assemble) -> None:
    session = assemble("""
mandatory: True
question: Done
subquestion: |
  [Take it](${ paper.pdf.url_for() })
attachment code: paper
manual attachment list: True
---
attachment:
  name: One
  variable name: paper
  valid formats: [pdf, docx]
  content: One
""")
    session.open()
    screen = session.screen
    assert (screen.documents, screen.documents_notice_html, screen.documents_download_url) == ((), "", "")
    assert screen.documents_mail is None
    assert "/uploadedfile/" in screen.subquestion_html
