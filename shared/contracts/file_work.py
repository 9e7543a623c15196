"""Work of the session service that is part of no session: on files, and on what interviews are made of."""

from __future__ import annotations

from typing import Literal

from shared.contracts.base import Command, JsonObject, Reply, Sealed
from shared.contracts.session import INTERACTIVE, FileTicket


class NameVariables(Command, queue=INTERACTIVE):
    """Which names an interview defines, and which its author may use."""

    interview: str


class VariableNames(Reply):
    """Names, in the order of the alphabet."""

    names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    problem: str = ""
    """Why the interview cannot be read; or that there is none."""


class WorkOnFile(Command, queue=INTERACTIVE):
    """Do something with a file that a program sent, or that somebody may see: an interview process opens it."""

    file: Sealed[FileTicket]
    task: Literal["fields", "markdown", "page"]
    """Tell the fields of a template; its words as Markdown; a page of it as a picture."""
    page: int = 1
    width: int = 800
    """Of the picture, in pixels."""


class WorkedOnFile(Reply):
    """What was found and made; or why nothing was."""

    found: Sealed[JsonObject] = Sealed({})
    made: Sealed[str] = Sealed("")
    """In base64."""
    problem: Sealed[str] = Sealed("")
