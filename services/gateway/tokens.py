"""What a page carries and brings back signed: that the form was ours, for whom, and what it may write.

Three tokens with a salt each. None is secret; each is bound to what it belongs to, so that one taken from another page,
another session or another browser is refused.
"""

from __future__ import annotations

import hashlib
import hmac

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.browser_sessions import Browser
from shared.contracts.screen import Form
from shared.crypto.tokens import Signer, TokenBroken
from shared.kernel.errors import NotAllowed

_CSRF = "csrf"
_FORM = "form"
_WATCH = "watch"
_WATCH_SECONDS = 2 * 24 * 3600.0


class ForeignForm(NotAllowed):
    """This form was not made for this browser; nothing was changed. Go back to it, reload it and send it again."""


class _SignedForm(BaseModel):
    model_config = ConfigDict(frozen=True)

    form: Form
    session: str


class PageTokens:
    """Makes and checks the tokens of a page."""

    def __init__(self, *, signer: Signer) -> None:
        self._signer = signer

    def csrf(self, browser: Browser) -> str:
        """Proves that a post comes from a page that this browser was given."""
        return self._signer.sign(browser.id_hash[:16], salt=_CSRF)

    def check_csrf(self, token: str, browser: Browser | None, *, accepts_former: bool = False) -> None:
        """Raises ForeignForm. `accepts_former`: also a page from before this browser's person signed in."""
        if browser is None or not token:
            raise ForeignForm
        try:
            named = self._signer.unsign(token, salt=_CSRF)
        except TokenBroken:
            raise ForeignForm from None
        is_present = hmac.compare_digest(named, browser.id_hash[:16])
        former = bytes.fromhex(browser.data.former_pages)[:16] if accepts_former else b""
        if not is_present and not (former and hmac.compare_digest(named, former)):
            raise ForeignForm

    def form(self, form: Form, interview: str, session_code: str) -> str:
        """The signed contract between a screen and its submission."""
        signed = _SignedForm(form=form, session=_fingerprint(interview, session_code))
        return self._signer.sign(signed.model_dump_json(exclude_defaults=True).encode(), salt=_FORM)

    def open_form(self, token: str, interview: str, session_code: str) -> Form:
        """The form again. Raises TokenBroken when it was changed or belongs to another session.

        A code alone names no session: people may use one code for sessions of several interviews.
        """
        try:
            signed = _SignedForm.model_validate_json(self._signer.unsign(token, salt=_FORM))
        except ValidationError:
            raise TokenBroken from None
        if not hmac.compare_digest(signed.session, _fingerprint(interview, session_code)):
            raise TokenBroken
        return signed.form

    def watch(self, session_id: str, browser: Browser) -> str:
        """Lets this browser's page hear when the session changes."""
        return self._signer.sign(orjson.dumps([session_id, browser.id_hash.hex()]), salt=_WATCH)

    def open_watch(self, token: str, id_hash: bytes) -> str:
        """The session to listen to. Raises TokenBroken, TokenExpired."""
        named = orjson.loads(self._signer.unsign(token, salt=_WATCH, max_age_seconds=_WATCH_SECONDS))
        if not isinstance(named, list) or len(named) != 2 or named[1] != id_hash.hex():
            raise TokenBroken
        return str(named[0])


def _fingerprint(interview: str, session_code: str) -> str:
    return hashlib.sha256(orjson.dumps(["form", interview, session_code])).hexdigest()[:32]
