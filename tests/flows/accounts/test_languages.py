"""Pages about accounts and the bar above them speak the language that the browser asks for."""

from __future__ import annotations

import re

from tests.flows.accounts.conftest import PASSWORD, MakePerson, Somebody

_BAR = re.compile(r'<div class="da-account-bar">(.*?)</div>', re.DOTALL)


def german(people: MakePerson) -> Somebody:
    person = people()
    person.http.headers["accept-language"] = "de-DE, en;q=0.5"
    return person


def bar(person: Somebody) -> str:
    found = _BAR.search(person.page)
    assert found is not None, person.page
    return found[1]


def test_somebody_makes_an_account_and_looks_after_it_in_their_language(people: MakePerson) -> None:
    ann = german(people)
    ann.send("/user/register", email=ann.email, password=PASSWORD, again="another password")
    assert '<html lang="de">' in ann.page
    assert "Die beiden Passwörter sind nicht gleich." in ann.page
    assert ann.shown == "Ein Konto anlegen"
    assert ">Anmelden<" in bar(ann)
    ann.register()
    ann.get("/interviews")
    assert ann.shown == "Meine Interviews"
    assert "Sie haben noch keine Interviews." in ann.page
    assert ">Abmelden<" in bar(ann)
    pages = {
        "/user/profile": ("Profil", "Verschlüsselte Interviews"),
        "/user/change-password": ("Ihr Passwort ändern", "Noch einmal dasselbe"),
        "/user/change-email": ("E-Mail-Adresse ändern", f"Jetzt ist es {ann.email}."),
        "/user/two-factor": ("Den zweiten Faktor einschalten", "Einschalten"),
        "/user/manage": ("Konto löschen", "endgültig gelöscht"),
        "/": ("Interviews", "Im Hintergrund geht die Arbeit weiter"),
    }
    for path, (title, words) in pages.items():
        ann.get(path)
        assert '<html lang="de">' in ann.page, path
        assert ann.shown == title, path
        assert words in ann.page, path
        assert "My interviews" not in bar(ann), path


def test_an_administrator_works_in_their_language(people: MakePerson, admin_address: str) -> None:
    root = german(people)
    root.sign_in(admin_address)
    for path, title, words in (
        ("/userlist", "Personen", "Jemanden einladen"),
        ("/user/invite", "Jemanden einladen", "Einladung schicken"),
        ("/user/add", "Ein Konto anlegen", "Sagen Sie der Person das Passwort"),
        ("/privilegelist", "Rechte", "Ein eigenes Recht anlegen oder ändern"),
    ):
        root.get(path)
        assert (root.shown, '<html lang="de">' in root.page) == (title, True), path
        assert words in root.page, path
    root.send("/privilegelist", name="Big Letters!")
    assert "Ein Recht heißt mit kleinen Buchstaben und Ziffern." in root.page


def test_who_asks_for_another_language_gets_english(people: MakePerson) -> None:
    ann = people()
    ann.http.headers["accept-language"] = "fi"
    ann.get("/user/register")
    assert ('<html lang="en">' in ann.page, ann.shown) == (True, "Make an account")
