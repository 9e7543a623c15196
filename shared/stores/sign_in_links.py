"""What a link holds that signs somebody in, once, within some seconds (spec/area2 §6.5).

It lies in a stash, which only the link opens, and is sealed by us before: nobody else can put something there that
signs anybody in. Whoever makes one has shown the password; whether the account still lets itself be entered is asked
when the link is used.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.storage.database import Statements
from shared.stores import stashes
from shared.stores.stashes import StashKeys

_PURPOSE = "sign-in link"
_SECRET_LETTERS = 16
_MOST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whom a link signs in, with which key, and where it leads."""

    account_id: int
    key_number: int
    key: bytes = field(repr=False)
    go_on: str


class _Kept(BaseModel):
    account_id: int
    key_number: int
    key: str
    go_on: str


async def make(statements: Statements, sealer: Sealer, sign_in: SignIn, *, seconds: int, now: datetime) -> str:
    """What opens the link."""
    kept = _Kept(
        account_id=sign_in.account_id,
        key_number=sign_in.key_number,
        key=b64encode(sign_in.key).decode(),
        go_on=sign_in.go_on,
    )
    sealed = sealer.seal(kept.model_dump_json().encode(), purpose=_PURPOSE)
    keys = await stashes.keep(statements, sealed, seconds=seconds, now=now)
    return keys.secret + keys.key


async def use(statements: Statements, sealer: Sealer, text: str, *, now: datetime) -> SignIn | None:
    """Use a link up; None when it was used, its time is over, or it never was one."""
    keys = StashKeys(text[_SECRET_LETTERS:], text[:_SECRET_LETTERS])
    sealed = await stashes.find(statements, keys, now=now) if len(text) <= _MOST_LETTERS else None
    try:
        kept = _Kept.model_validate_json(sealer.open(sealed or b"", purpose=_PURPOSE))
    except SealBroken:  # nothing was found, or it was no link
        return None
    if not await stashes.spend(statements, keys):
        return None
    return SignIn(kept.account_id, kept.key_number, b64decode(kept.key), kept.go_on)
