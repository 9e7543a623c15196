"""Which interviews can be started: found on the search path, described by the engine, kept until a file changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
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
    is_unlisted: bool = False
    listed_for: frozenset[str] = frozenset()
    """Whose privileges show it; empty: everybody's."""

    def shows_to(self, privileges: frozenset[str]) -> bool:
        """Whether it stands in the list of somebody with these privileges."""
        return not self.is_unlisted and (not self.listed_for or bool(self.listed_for & privileges))


class InterviewCatalog:
    """The list for the start page. An include that changes is noticed when the interview itself is touched."""

    def __init__(self, *, path: InterviewPath, evaluator: Evaluator) -> None:
        self._path = path
        self._evaluator = evaluator
        self._known: dict[tuple[str, str], _Known] = {}
        self._reading = asyncio.Lock()

    async def entries(self, language: str, privileges: Iterable[str] = ("anonymous",)) -> tuple[InterviewEntry, ...]:
        """Every interview on the path that is listed for these privileges, in its order; one that cannot be read says
        why.
        """
        own = frozenset(privileges)
        found = await asyncio.to_thread(self._scan)
        async with self._reading:
            known = [await self._look(file, modified_ns, language) for file, modified_ns in found]
        return tuple(one.entry for one in known if one.shows_to(own))

    def _scan(self) -> list[tuple[PackageFile, int]]:
        found: dict[str, tuple[PackageFile, int]] = {}
        for file in self._path.interviews():
            try:
                found.setdefault(file.reference, (file, file.path.stat().st_mtime_ns))
            except OSError:
                continue  # it went away meanwhile
        return list(found.values())

    async def _look(self, file: PackageFile, modified_ns: int, language: str) -> _Known:
        key = (file.reference, language)
        known = self._known.get(key)
        if known is not None and known.modified_ns == modified_ns:
            return known
        try:
            known = await self._describe(file, modified_ns, language)
        except Retryable as error:  # not the interview's fault: it is asked again next time
            return _Known(modified_ns, InterviewEntry(reference=file.reference, title=file.name, problem=str(error)))
        except ColloquyError as error:
            known = _Known(modified_ns, InterviewEntry(reference=file.reference, title=file.name, problem=str(error)))
        self._known[key] = known
        return known

    async def _describe(self, file: PackageFile, modified_ns: int, language: str) -> _Known:
        facts = await self._evaluator.describe(file.reference, language)
        entry = InterviewEntry(
            reference=file.reference,
            title=_text(facts.get("title")) or file.name,
            description=_text(facts.get("description")),
            tags=_texts(facts.get("tags")),
            needs=_texts(facts.get("needs")),
            problem=_text(facts.get("problem")),
        )
        listed_for = frozenset(_texts(facts.get("listed_for")))
        return _Known(modified_ns, entry, is_unlisted=facts.get("is_unlisted") is True, listed_for=listed_for)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    """What a child process said is a list of texts, as far as it is one."""
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
