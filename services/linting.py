"""`colloquy lint`: which interviews are meant, asking the engine about each, and telling people or programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import InterviewPath, PackageFile


class NotFoundToLint(ColloquyError):
    """There is nothing to check:"""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. Its fields are the JSON that programs read, and stay."""

    severity: str
    """`error`: the interview does not start; `warning`: it does, and something is probably wrong; `note`."""
    message: str
    file: str
    """`package:data/questions/file.yml`: the file with the line, which may be included by the interview."""
    line: int | None
    block: str | None
    source: str
    """The line itself, blanks around it gone."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one interview, the files it includes among it."""

    interview: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Interviews to check, and the folders they are found in."""

    references: tuple[str, ...]
    folders: tuple[Path, ...]


def wanted(names: Sequence[str], folders: Sequence[Path]) -> Wanted:
    """What is meant by references, files, folders and names of packages; by nothing: all interviews of the path.

    Raises NotFoundToLint.
    """
    own = tuple(_package_parent(Path(name)) for name in names if _is_place(name))
    everywhere = (*dict.fromkeys(own), *folders)
    path = InterviewPath.of(everywhere)
    if not names:
        return Wanted(tuple(_references(path)), everywhere)
    references = [reference for name in names for reference in _meant(name, path)]
    return Wanted(tuple(dict.fromkeys(references)), everywhere)


def _is_place(name: str) -> bool:
    """Whether a name is a file or folder rather than a reference or a package."""
    return ":" not in name and (Path(name).exists() or name.endswith((".yml", ".yaml")) or "/" in name)


def _meant(name: str, path: InterviewPath) -> list[str]:
    if ":" in name:
        return [name]
    if _is_place(name):
        place = Path(name).resolve()
        if place.is_dir():
            found = [file.reference for file in path.interviews() if file.path.is_relative_to(place)]
            if not found:
                raise NotFoundToLint(name, "no interview lies in this folder.")
            return found
        return [_reference(place)]
    found = [file.reference for file in path.interviews() if file.package == name]
    if not found:
        raise NotFoundToLint(name, "no package of this name is on the path; name a file, a folder or a reference.")
    return found


def _references(path: InterviewPath) -> Iterator[str]:
    return (file.reference for file in path.interviews())


def _package_parent(place: Path) -> Path:
    """The folder that holds the packages: of an interview file, of a package, or the folder itself."""
    resolved = place.resolve()
    if resolved.is_dir():
        for folder in (resolved, *resolved.parents):
            if (folder / "data" / "questions").is_dir():
                return folder.parent
        return resolved
    for folder in resolved.parents:
        if folder.name == "questions" and folder.parent.name == "data":
            return folder.parent.parent.parent
    raise NotFoundToLint(str(place), "an interview lies in a folder <package>/data/questions.")


def _reference(file: Path) -> str:
    questions = next(one for one in file.parents if one.name == "questions" and one.parent.name == "data")
    name = file.relative_to(questions).as_posix()
    return PackageFile(questions.parent.parent.name, "questions", name, file).reference


async def examine(these: Wanted, *, config: Mapping[str, Any], shows_progress: bool) -> list[Report]:
    """Ask the engine about each. A line of a file that several interviews include is reported once.

    `config` is what interviews may know of the server.
    """
    pool = ProcessPool(settings=PoolSettings(size=1), folders=these.folders, config=config)
    await pool.start()
    seen: set[tuple[str, int | None, str]] = set()
    reports: list[Report] = []
    try:
        with Progress(console=Console(stderr=True), transient=True) if shows_progress else nullcontext() as progress:
            bar = progress.add_task("Reading interviews", total=len(these.references)) if progress else None
            for reference in these.references:
                found = [_finding(reference, one) for one in await pool.lint(reference)]
                reports.append(Report(reference, tuple(one for one in found if _what(one) not in seen)))
                seen.update(_what(one) for one in found)
                if progress is not None and bar is not None:
                    progress.advance(bar)
    finally:
        await pool.stop()
    return reports


def _what(finding: Finding) -> tuple[str, int | None, str]:
    """What makes findings the same: blocks have other numbers in each interview that includes them."""
    return finding.file, finding.line, finding.message


def _finding(reference: str, said: Any) -> Finding:
    """What the engine says of an interview, in the words of this command."""
    if not isinstance(said, dict):
        return Finding("error", str(said), reference, None, None, "")
    where = said.get("position") or {}
    return Finding(
        severity=str(said.get("severity", "error")),
        message=str(said.get("message", "")),
        file=str(where.get("file") or reference),
        line=where.get("line"),
        block=where.get("block") or None,
        source=str(said.get("source_line") or ""),
    )


def is_failure(reports: Sequence[Report], *, is_strict: bool) -> bool:
    """Whether a check in continuous integration is to fail: errors, and warnings too where it is strict."""
    fatal = {"error", "warning"} if is_strict else {"error"}
    return any(finding.severity in fatal for report in reports for finding in report.findings)


def as_json(reports: Sequence[Report]) -> str:
    """For programs: a list of interviews with their findings."""
    return json.dumps([asdict(report) for report in reports], indent=2, ensure_ascii=False) + "\n"


def as_text(reports: Sequence[Report]) -> Iterator[str]:
    """For people: `file:line: severity: message (block)` as compilers say it, then the line itself."""
    findings = [finding for report in reports for finding in report.findings]
    for finding in findings:
        line = f":{finding.line}" if finding.line else ""
        block = f" ({finding.block})" if finding.block else ""
        yield f"{finding.file}{line}: {finding.severity}: {finding.message}{block}"
        if finding.source:
            yield f"    {finding.source}"
    counted = [(word, sum(finding.severity == word for finding in findings)) for word in ("error", "warning", "note")]
    numbers = ", ".join(f"{count} {word}{'s' if count != 1 else ''}" for word, count in counted if count)
    yield f"Interviews read: {len(reports)}. {numbers[:1].upper()}{numbers[1:] or 'Nothing to mend'}."
