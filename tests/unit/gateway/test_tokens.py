"""Tokens of a page belong to one browser and one session."""

from __future__ import annotations

import pytest

from services.gateway.browser_sessions import Browser, BrowserData
from services.gateway.tokens import ForeignForm, PageTokens
from shared.contracts.screen import Form, FormField
from shared.crypto.keys import ServerKeys
from shared.crypto.tokens import TokenBroken

FORM = Form(question_name="Q", fields=(FormField(input_name="YQ", variable="a", options={"n": [1]}),))


def browser(name: str) -> Browser:
    return Browser(name, 1, BrowserData(session_uid=name), b"", "")


@pytest.fixture
def tokens(server_keys: ServerKeys) -> PageTokens:
    return PageTokens(signer=server_keys.signer)


def test_a_form_comes_back_as_it_was(tokens: PageTokens) -> None:
    assert tokens.open_form(tokens.form(FORM, "a:b.yml", "code"), "a:b.yml", "code") == FORM


@pytest.mark.parametrize(("interview", "code"), [("a:b.yml", "other"), ("a:other.yml", "code")])
def test_a_form_of_another_session_is_refused(tokens: PageTokens, interview: str, code: str) -> None:
    with pytest.raises(TokenBroken):
        tokens.open_form(tokens.form(FORM, "a:b.yml", "code"), interview, code)


def test_one_kind_of_token_does_not_pass_for_another(tokens: PageTokens) -> None:
    with pytest.raises(TokenBroken):
        tokens.open_form(tokens.csrf(browser("a")), "a:b.yml", "code")


def test_a_post_needs_the_token_of_its_own_browser(tokens: PageTokens) -> None:
    tokens.check_csrf(tokens.csrf(browser("a")), browser("a"))
    for token, sender in ((tokens.csrf(browser("b")), browser("a")), ("", browser("a")), ("x", browser("a"))):
        with pytest.raises(ForeignForm):
            tokens.check_csrf(token, sender)
    with pytest.raises(ForeignForm):
        tokens.check_csrf(tokens.csrf(browser("a")), None)


def test_a_page_listens_only_from_the_browser_it_was_made_for(tokens: PageTokens) -> None:
    watch = tokens.watch("session", browser("a"))
    assert tokens.open_watch(watch, browser("a").id_hash) == "session"
    with pytest.raises(TokenBroken):
        tokens.open_watch(watch, browser("b").id_hash)
