"""What may be asked to be done with a file by itself (work.py does it, in an interview process)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.interview.runtime.operations import Value

DocumentTask = Literal["fields", "markdown", "page"]


class DocumentWork(Value):
    """One file, and what is to be done with it."""

    task: DocumentTask
    kind: str = Field(pattern=r"^[a-z0-9]{1,8}$")
    """The ending of its name."""
    name: str = Field(max_length=500)
    page: int = Field(1, ge=1, le=100_000)
    width: int = Field(800, ge=16, le=4000)
    """In pixels."""
