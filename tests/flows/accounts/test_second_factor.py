"""Sign-in with a code: on, asked for, lost, off."""

from __future__ import annotations

import re
import time

import pyotp

from tests.flows.accounts.conftest import PASSWORD, MakePerson, Somebody

_KEY = re.compile(r"<dt>Key</dt><dd>([A-Z2-7 ]+)</dd>")
_CODES = re.compile(r"<li><code>([^<]+)</code></li>")


def turned_on(ann: Somebody) -> tuple[pyotp.TOTP, list[str]]:
    """Turn it on with a code of the step before, so that the one of now is still good."""
    ann.get("/user/two-factor")
    found = _KEY.search(ann.page)
    assert found is not None
    totp = pyotp.TOTP(found[1].replace(" ", ""))
    ann.send_again("/user/two-factor", code=totp.generate_otp(int(time.time()) // 30 - 1), present=PASSWORD)
    codes = _CODES.findall(ann.page)
    assert len(codes) == 10, ann.page
    return totp, codes


def test_password_and_code_together_open_what_the_password_opened(people: MakePerson) -> None:
    ann = people()
    ann.register()
    ann.open()
    ann.answer(name="Ann")
    totp, _ = turned_on(ann)
    elsewhere = people()
    answer = elsewhere.sign_in(ann.email)
    assert "Type the code" in answer.text
    assert elsewhere.me() == {"logged_in": False}
    assert elsewhere.send_again("/user/second-factor", code="000000").status_code == 403
    elsewhere.send_again("/user/second-factor", code=totp.now())
    assert elsewhere.me()["email"] == ann.email
    [session] = elsewhere.sessions()
    assert session["valid"]


def test_a_recovery_code_lets_in_once(people: MakePerson) -> None:
    ann = people()
    ann.register()
    _, codes = turned_on(ann)
    for expected in (200, 403):
        elsewhere = people()
        elsewhere.sign_in(ann.email)
        assert elsewhere.send_again("/user/second-factor", code=codes[0]).status_code == expected


def test_the_code_is_of_no_use_without_the_password_before_it(people: MakePerson) -> None:
    ann = people()
    ann.register()
    totp, _ = turned_on(ann)
    mallory = people()
    mallory.get("/user/sign-in")
    answer = mallory.send_again("/user/second-factor", code=totp.now())
    assert answer.url.path == "/user/sign-in"
    assert mallory.me() == {"logged_in": False}


def test_a_new_password_does_not_take_the_second_factor_away(people: MakePerson) -> None:
    ann = people()
    ann.register()
    turned_on(ann)
    ann.send("/user/change-password", present=PASSWORD, password="x" + PASSWORD, again="x" + PASSWORD)
    assert ann.me()["logged_in"]
    elsewhere = people()
    assert "Type the code" in elsewhere.sign_in(ann.email, "x" + PASSWORD).text


def test_it_is_turned_off_with_the_password(people: MakePerson) -> None:
    ann = people()
    ann.register()
    turned_on(ann)
    assert ann.send("/user/two-factor", present="wrong").url.path == "/user/two-factor"
    ann.get("/user/two-factor")
    assert ann.send_again("/user/two-factor/off", present="wrong").status_code == 400
    ann.get("/user/two-factor")
    ann.send_again("/user/two-factor/off", present=PASSWORD)
    elsewhere = people()
    elsewhere.sign_in(ann.email)
    assert elsewhere.me()["logged_in"]
