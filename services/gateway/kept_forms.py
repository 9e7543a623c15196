"""Forms that came after their sender had been signed out: kept until the same person has signed in again.

Whoever changes their password in one browser is signed out in all others, where a page may be open with a form half
filled in. What is sent from there is sealed under that browser's secret, and taken once its owner is back. Somebody
else who signs in there does not get it.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.browser_sessions import Browser
from services.gateway.requests import KEPT
from shared.contracts.base import Sealed
from shared.contracts.session import Submission, SubmitAnswers
from shared.contracts.visitor import Visitor
from shared.crypto.aead import SealBroken, associated_data, derive_key, open_sealed, seal
from shared.kernel.clock import Clock
from shared.storage.database import Statements

_KEEP = """
insert into gateway.kept_forms (browser, form, ends_at) values ($1, $2, $3)
on conflict (browser) do update set form = excluded.form, ends_at = excluded.ends_at
"""
_FIND = "select form from gateway.kept_forms where browser = $1 and ends_at > $2"
_DROP = "delete from gateway.kept_forms where browser = $1"
_TIDY = """
delete from gateway.kept_forms where browser in (
    select browser from gateway.kept_forms where ends_at <= $1 order by ends_at limit $2 for update skip locked)
"""
_BATCH = 1000
_KEPT = timedelta(hours=1)
_PURPOSE = "kept form"


class KeptForm(BaseModel):
    """What somebody sent."""

    model_config = ConfigDict(frozen=True)

    account_id: int
    """Whose it is."""
    interview: str
    session_code: str
    operation_id: str
    """The same as when it was sent: it is taken once, however often it comes."""
    submission: Submission
    step: int
    url_args: dict[str, str]

    @classmethod
    def of(cls, message: SubmitAnswers, *, account_id: int) -> KeptForm:
        """From the command that was refused."""
        return cls(
            account_id=account_id,
            interview=message.interview,
            session_code=message.session_code.value,
            operation_id=message.operation_id,
            submission=message.submission.value,
            step=message.step,
            url_args=message.url_args.value,
        )

    def message(self, visitor: Visitor) -> SubmitAnswers:
        """The same command, by who has signed in meanwhile."""
        return SubmitAnswers(
            operation_id=self.operation_id,
            interview=self.interview,
            session_code=Sealed(self.session_code),
            visitor=Sealed(visitor),
            submission=Sealed(self.submission),
            step=self.step,
            url_args=Sealed(self.url_args),
        )

    @property
    def address(self) -> str:
        """Where it is taken."""
        return f"/interview?{urlencode({'i': self.interview, 'session': self.session_code, KEPT: '1'})}"


class KeptForms:
    """The table `gateway.kept_forms`, one form for each browser; the only writer of it."""

    def __init__(self, *, database: Statements, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def keep(self, browser: Browser, form: KeptForm) -> None:
        """Keep a form for this browser, in the place of an earlier one."""
        sealed = seal(_key(browser), form.model_dump_json().encode(), associated=_place(browser))
        await self._database.execute(_KEEP, browser.number, sealed, self._clock.now() + _KEPT)

    async def find(self, browser: Browser) -> KeptForm | None:
        """What is kept for this browser; None when there is nothing, or it was closed in between."""
        sealed: bytes | None = await self._database.fetchval(_FIND, browser.number, self._clock.now())
        try:
            opened = open_sealed(_key(browser), sealed or b"", associated=_place(browser))
            return KeptForm.model_validate_json(opened)
        except (SealBroken, ValidationError):
            return None

    async def drop(self, browser: Browser) -> None:
        """It was taken, or somebody else has signed in."""
        await self._database.execute(_DROP, browser.number)

    async def tidy(self) -> bool:
        """Forget some that nobody came back for; whether more may be left."""
        return await self._database.execute(_TIDY, self._clock.now(), _BATCH) == f"DELETE {_BATCH}"


def _key(browser: Browser) -> bytes:
    return derive_key(browser.secret, purpose=_PURPOSE)


def _place(browser: Browser) -> bytes:
    return associated_data(_PURPOSE, browser.number)
