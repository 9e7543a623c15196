"""What an operator lets interviews know: YAML that `get_config()` and Jinja2 in interviews read. Never a secret."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import orjson

from shared.kernel.errors import ColloquyError

_MOST_BYTES = 64 * 1024
"""It goes to every interview process in one message."""


class BadInterviewConfig(ColloquyError):
    """The file of what interviews may know cannot be used:"""


def read_interview_config(file: Path) -> dict[str, Any]:
    """The file as plain data; dates become text as in JSON.

    Raises BadInterviewConfig when it cannot be read, is no mapping, or is larger than 64 KiB.
    """
    # Every service can read such a file, and most have none.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        text = orjson.dumps({} if data is None else data, default=_as_text)
    except (OSError, UnicodeDecodeError, YAMLError, orjson.JSONEncodeError) as error:
        raise BadInterviewConfig(f"{file}: {error}") from error
    if not text.startswith(b"{"):
        raise BadInterviewConfig(f"{file} must be a mapping, with a name before each value")
    if len(text) > _MOST_BYTES:
        raise BadInterviewConfig(f"{file} holds more than {_MOST_BYTES // 1024} KiB")
    plain: dict[str, Any] = orjson.loads(text)
    return plain


def _as_text(value: object) -> str:
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not plain data")
