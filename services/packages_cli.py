"""`colloquy packages`: published interview packages, brought into a folder of the interview path.

Published packages require docassemble's own distributions, which are not installed: their names are answered by our
library. So a package is installed without its requirements, as a folder with its dotted name; what else it requires is
resolved for interviews alone and lies beside it in `site-packages`, which interview processes search last. Our own
libraries come first there, and keep their versions.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from rich.console import Console

from services.printing import print_rows
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import LIBRARIES
from shared.kernel.settings import Settings

packages = typer.Typer(help="Interview packages that others have published.", no_args_is_help=True)
out = Console()

NOTE = ".colloquy-package.json"
_NOT_INSTALLED = frozenset({"docassemble", "docassemble-base", "docassemble-webapp", "docassemble-demo"})
_QUESTIONS = ("data", "questions")


class NoFolder(ColloquyError):
    """Interview packages lie in a folder of COLLOQUY_INTERVIEW_PATH: set it, or name a folder with --to."""


class PipFailed(ColloquyError):
    """pip could not do it:"""


class NoInterviews(ColloquyError):
    """There are no interviews in this distribution (a folder with data/questions)."""


class NoSuchPackage(ColloquyError):
    """No package of this name was added here:"""


class FolderTaken(ColloquyError):
    """A folder of this name is there that was not made by this command:"""


@dataclass(frozen=True, slots=True)
class Added:
    """One package that was added."""

    package: str
    distribution: str
    version: str
    asked_for: str
    requires: tuple[str, ...]
    """What is in `site-packages` because of it."""


To = Annotated[Path | None, typer.Option("--to", help="The folder; otherwise the first of COLLOQUY_INTERVIEW_PATH.")]


@packages.command("add")
def add(
    wanted: Annotated[list[str], typer.Argument(help="As pip takes them: a name, name==1.2, a wheel, git+https://…")],
    to: To = None,
) -> None:
    """Bring packages into the interview path, with the interview packages that they require."""
    folder = _folder(to)
    for one in bring(folder, wanted):
        out.print(f"{one.package} {one.version}" + (f", with {', '.join(one.requires)}" if one.requires else ""))


@packages.command("list")
def show(to: To = None, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show what was added."""
    print_rows([asdict(one) for one in added(_folder(to))], as_json, empty="No package was added.")


@packages.command("remove")
def remove(names: list[str], to: To = None) -> None:
    """Take packages away; what they required stays, because others may use it."""
    folder = _folder(to)
    known = {one.package for one in added(folder)}
    if unknown := [name for name in names if name not in known]:
        raise NoSuchPackage(", ".join(unknown))
    for name in names:
        shutil.rmtree(folder / name)
    out.print(f"{len(names)} removed.")


def added(folder: Path) -> list[Added]:
    """What was added to a folder, by name."""
    notes = sorted(folder.glob(f"*/{NOTE}"))
    return [Added(**json.loads(note.read_text())) for note in notes]


def bring(folder: Path, wanted: Sequence[str]) -> Iterator[Added]:
    """Add these and the interview packages they require, each as soon as it is there.

    Raises PipFailed, NoInterviews, FolderTaken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    waiting, seen = [*wanted], set()
    while waiting:
        asked_for = waiting.pop(0)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as scratch:
            _pip("install", "--no-deps", "--no-compile", f"--target={scratch}", asked_for)
            (found,) = metadata.distributions(path=[scratch])
            others, libraries = _sorted_out(found.requires or ())
            seen.add(canonicalize_name(found.metadata["Name"]))
            waiting += [one for one in others if canonicalize_name(Requirement(one).name) not in seen]
            if libraries:
                _pip("install", "--no-compile", "--upgrade", f"--target={folder / LIBRARIES}", *libraries)
            yield from _placed(folder, Path(scratch), found, asked_for, libraries)


def _placed(
    folder: Path, scratch: Path, found: metadata.Distribution, asked_for: str, libraries: Sequence[str]
) -> Iterator[Added]:
    """Move the interview packages of a distribution to where they belong."""
    roots = sorted({path.parent.parent for path in scratch.rglob("/".join(_QUESTIONS)) if path.is_dir()})
    if not roots:
        raise NoInterviews(asked_for)
    for root in roots:
        name = ".".join(root.relative_to(scratch).parts)
        place = folder / name
        if place.exists() and not (place / NOTE).is_file():
            raise FolderTaken(str(place))
        one = Added(name, found.metadata["Name"], found.version, asked_for, tuple(libraries))
        (root / NOTE).write_text(json.dumps(asdict(one), indent=2))
        shutil.rmtree(place, ignore_errors=True)
        root.rename(place)
        for path in (place, *place.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield one


def _sorted_out(requires: Sequence[str]) -> tuple[list[str], list[str]]:
    """Further interview packages, and libraries that are not here yet; docassemble's own are left out."""
    others: list[str] = []
    libraries: list[str] = []
    for text in requires:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if name in _NOT_INSTALLED or _is_here(requirement):
            continue
        plain = f"{requirement.name}{requirement.specifier}" + (f" @ {requirement.url}" if requirement.url else "")
        (others if name.startswith("docassemble-") else libraries).append(plain)
    return others, libraries


def _is_here(requirement: Requirement) -> bool:
    """Whether our own libraries meet it: they come first in interview processes, whatever their version."""
    try:
        return bool(metadata.version(requirement.name))
    except (metadata.PackageNotFoundError, InvalidRequirement):
        return False


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PipFailed((done.stderr.strip() or "It is not installed in this environment.")[-2000:])


def _folder(to: Path | None) -> Path:
    found = to or next(iter(Settings.load().interview_path), None)
    if found is None:
        raise NoFolder
    return found.resolve()
