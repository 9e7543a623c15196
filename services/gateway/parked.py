"""Raw answers of runs that a script asked for, kept until the browser itself fetches them.

An action that ends in `response()` or a file runs once, whoever asked for it: a script cannot show what came of it, so
it is parked here, and the browser is sent to its address. Only the browser that ran the action can open it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from services.gateway.browser_sessions import Browser
from shared.contracts.base import Sealer
from shared.contracts.session import HttpAnswer
from shared.crypto.aead import SealBroken
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_code
from shared.storage.database import Statements

_PARK = "insert into gateway.parked_answers (code_hash, browser, answer_sealed, ends_at) values ($1, $2, $3, $4)"
_FIND = "select answer_sealed from gateway.parked_answers where code_hash = $1 and browser = $2 and ends_at > $3"
_TIDY = """
delete from gateway.parked_answers where code_hash in (
    select code_hash from gateway.parked_answers where ends_at <= $1 order by ends_at limit $2 for update skip locked)
"""
_BATCH = 1000
_KEPT = timedelta(minutes=10)
"""Long enough to look at it again, to save it, to read a long document in parts."""
_PURPOSE = "parked answer"


class AnswerGone(NotFound):
    """What was to be shown here is no longer kept. Go back to the interview and ask for it again."""


class ParkedAnswers:
    """The table `gateway.parked_answers`; the only writer of it."""

    def __init__(self, *, database: Statements, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock

    async def park(self, browser: Browser, answer: HttpAnswer) -> str:
        """Keep an answer for this browser; gives its address."""
        code = new_code(32)
        sealed = self._sealer.seal(answer.model_dump_json().encode(), purpose=_PURPOSE)
        await self._database.execute(_PARK, _hash(code), browser.number, sealed, self._clock.now() + _KEPT)
        return f"/answer?c={code}"

    async def find(self, browser: Browser, code: str) -> HttpAnswer:
        """The answer of this address. Raises AnswerGone."""
        sealed: bytes | None = await self._database.fetchval(_FIND, _hash(code), browser.number, self._clock.now())
        try:
            return HttpAnswer.model_validate_json(self._sealer.open(sealed or b"", purpose=_PURPOSE))
        except SealBroken:
            raise AnswerGone from None

    async def tidy(self) -> bool:
        """Forget some that have ended; whether more may be left."""
        return await self._database.execute(_TIDY, self._clock.now(), _BATCH) == f"DELETE {_BATCH}"


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


SEALED = SealedColumn(
    table="gateway.parked_answers",
    column="answer_sealed",
    key=("code_hash",),
    seal_again=at_rest(lambda _: _PURPOSE),
)
