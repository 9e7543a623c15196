"""What a session is called: the code a browser carries, and the id that logs and messages may show.

The id follows from interview and code by a one-way function, so that a request finds lock and row without a look-up,
and nobody can go back from an id to the code.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode
from dataclasses import dataclass, field

from shared.contracts.visitor import Visitor
from shared.kernel.errors import Malformed
from shared.kernel.ids import SessionCode, SessionId, session_id_of
from shared.kernel.interview_path import BadReference, canonical

_CODE = re.compile(r"[A-Za-z0-9]{32}\Z")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class BadSessionCode(Malformed):
    """A session is named by 32 letters and digits."""


class BadInterviewReference(Malformed):
    """An interview is named like `package:data/questions/file.yml`."""


@dataclass(frozen=True, slots=True)
class SessionName:
    """Interview and code of a session. The code is a capability: it never shows in a repr."""

    interview: str
    code: SessionCode = field(repr=False)

    @property
    def code_hash(self) -> bytes:
        """What is stored of the code."""
        return hashlib.sha256(self.code.encode()).digest()

    @property
    def session_id(self) -> SessionId:
        """The internal id."""
        return session_id_of(self.interview, self.code)


def name_of(interview: str, code: str, visitor: Visitor, operation_id: str) -> SessionName:
    """The session a request is about. Raises BadInterviewReference, BadSessionCode.

    Without a code a new session is meant. Its code follows from the visitor's secret and the operation, so that a
    second delivery means the same session and nobody else can guess it.
    """
    try:
        reference = canonical(interview)
    except BadReference:
        raise BadInterviewReference from None
    if code:
        if not _CODE.match(code):
            raise BadSessionCode()
        return SessionName(reference, SessionCode(code))
    if not visitor.keys or not operation_id:
        raise BadSessionCode("A new session needs an operation id and a visitor with a key.")
    return SessionName(reference, _fresh_code(b64decode(visitor.keys[0].key), reference, operation_id))


def _fresh_code(secret: bytes, interview: str, operation_id: str) -> SessionCode:
    digest = hmac.digest(secret, f"colloquy code\0{interview}\0{operation_id}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(32):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return SessionCode("".join(letters))
