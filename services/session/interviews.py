"""Which interviews can be started: found on the search path, described by the engine, kept until a file changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.contracts.session import InterviewEntry
from shared.evaluation.port import Evaluator
from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.interview_path import InterviewPath, PackageFile


@dataclass(frozen=True, slots=True)
class _Known:
    modified_ns: int
    entry: InterviewEntry


class InterviewCatalog:
    """The list for the start page. An include that changes is noticed when the interview itself is touched."""

    def __init__(self, *, path: InterviewPath, evaluator: Evaluator) -> None:
        self._path = path
        self._evaluator = evaluator
        self._known: dict[tuple[str, str], _Known] = {}
        self._reading = asyncio.Lock()

    async def entries(self, language: str) -> tuple[InterviewEntry, ...]:
        """Every interview on the path, in its order; one that cannot be read says why."""
        found = await asyncio.to_thread(self._scan)
        async with self._reading:
            return tuple([await self._entry(file, modified_ns, language) for file, modified_ns in found])

    def _scan(self) -> list[tuple[PackageFile, int]]:
        found: dict[str, tuple[PackageFile, int]] = {}
        for file in self._path.interviews():
            try:
                found.setdefault(file.reference, (file, file.path.stat().st_mtime_ns))
            except OSError:
                continue  # it went away meanwhile
        return list(found.values())

    async def _entry(self, file: PackageFile, modified_ns: int, language: str) -> InterviewEntry:
        key = (file.reference, language)
        known = self._known.get(key)
        if known is not None and known.modified_ns == modified_ns:
            return known.entry
        try:
            entry = await self._describe(file, language)
        except Retryable as error:  # not the interview's fault: it is asked again next time
            return InterviewEntry(reference=file.reference, title=file.name, problem=str(error))
        except ColloquyError as error:
            entry = InterviewEntry(reference=file.reference, title=file.name, problem=str(error))
        self._known[key] = _Known(modified_ns, entry)
        return entry

    async def _describe(self, file: PackageFile, language: str) -> InterviewEntry:
        facts = await self._evaluator.describe(file.reference, language)
        return InterviewEntry(
            reference=file.reference,
            title=_text(facts.get("title")) or file.name,
            description=_text(facts.get("description")),
            tags=_texts(facts.get("tags")),
            needs=_texts(facts.get("needs")),
            problem=_text(facts.get("problem")),
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    """What a child process said is a list of texts, as far as it is one."""
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
