"""What modules of authors import by its inner name: codes of chance, other errors, older names (spec/area4 §6.1).

None of it is given to an interview unasked.
"""

from __future__ import annotations

import string

from shared.interview.errors import Undefined, UndefinedAttribute, UndefinedItem
from shared.interview.library.faults import DAException
from shared.interview.library.named import ERROR, public_in
from shared.interview.library.sessions import log
from shared.interview.library.variables import decode_name, encode_name
from shared.kernel import ids

logmessage = log
safeid, from_safeid = encode_name, decode_name

DANameError, DAAttributeError, DAIndexError = Undefined, UndefinedAttribute, UndefinedItem
"""What has no value yet, as modules may catch it."""


@public_in(ERROR)
class DANotFoundError(DAException):
    """What was asked for is not there."""


@public_in(ERROR)
class DAInvalidFilename(DAException):
    """A file cannot be called so."""


def random_string(length: int) -> str:
    """Letters of chance, upper and lower case."""
    return _chosen(string.ascii_letters, length)


def random_lower_string(length: int) -> str:
    """Lower-case letters of chance."""
    return _chosen(string.ascii_lowercase, length)


def random_alphanumeric(length: int) -> str:
    """Letters and digits of chance."""
    return _chosen(string.ascii_letters + string.digits, length)


def random_bytes(length: int) -> bytes:
    """Bytes of chance."""
    return ids.random_bytes(length)


def _chosen(signs: str, length: int) -> str:
    return "".join(signs[int.from_bytes(ids.random_bytes(8)) % len(signs)] for _ in range(length))
