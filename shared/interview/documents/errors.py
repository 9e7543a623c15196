"""Errors of documents: each names the file, and says what can be done."""

from __future__ import annotations

import re

from shared.interview.errors import EvaluationError

_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\":]+/)+")


class DocumentError(EvaluationError):
    """Something cannot be done with this document."""


class DocumentUnreadable(DocumentError):
    """The file is damaged, or not of the kind its name says."""

    def __init__(
        self, name: str, kind: str, reason: str, *, advice: str = "Open and save it again, or use another file."
    ) -> None:
        reason = _FOLDERS.sub("", reason).removeprefix(f"{name}: ").rstrip(".")  # where it lies is nobody's business
        super().__init__(f"{name} cannot be read as {kind}: {reason}. {advice}")
        self.name, self.kind = name, kind


class DocumentTooLarge(DocumentError):
    """The document would need more time or memory than one may."""

    def __init__(self, name: str, reason: str, *, advice: str = "Make it smaller, e.g. by smaller pictures.") -> None:
        super().__init__(f"{name} is too large: {reason}. {advice}")
        self.name = name


class NotConvertible(DocumentError):
    """There is no way from this kind of file to that."""

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(f"{name} cannot be converted to {wanted}: this server knows no way to do that.")
        self.name, self.wanted = name, wanted


class DocumentLocked(DocumentError):
    """The document needs a password, and the right one was not given."""

    def __init__(self, name: str, *, advice: str = "Use a copy without one, or give its password.") -> None:
        super().__init__(f"{name} is protected by a password. {advice}")
        self.name = name


class ProgramMissing(DocumentError):
    """What is asked for needs a program that is not on this server."""

    def __init__(self, work: str, program: str) -> None:
        super().__init__(f"{work} needs {program}, which is not on this server. Ask its operator to install it.")
        self.program = program
