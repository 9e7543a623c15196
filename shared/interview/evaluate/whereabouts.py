"""Where in an author's files something happened, and a trace that shows those files and not ours."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

import shared
from shared.interview.compile.blocks import Block
from shared.interview.compile.interview import Interview
from shared.interview.errors import Position
from shared.interview.runtime.run import Run

_OURS = str(Path(shared.__file__ or "").resolve().parent) + "/"
_LIBRARIES = ("/site-packages/", "/dist-packages/", f"/python{sys.version_info.major}.{sys.version_info.minor}/")


@dataclass(frozen=True, slots=True)
class Place:
    """One line of one of the author's files."""

    file: str
    """`package:data/questions/file.yml`, or `package/module.py`."""
    line: int
    source: str = ""
    """The line itself, blanks around it gone."""


def innermost(trace: TracebackType | None) -> Position | None:
    """The innermost line of an interview file in a trace; Python modules do not count."""
    found = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if ":data/" in file:
            found = Position(file, trace.tb_lineno)
        trace = trace.tb_next
    return found


def innermost_place(trace: TracebackType | None, run: Run) -> Place | None:
    """The innermost line of an interview file or of one of the author's modules in a trace."""
    found = None
    while trace is not None:
        found = _place(trace.tb_frame, trace.tb_lineno, run) or found
        trace = trace.tb_next
    return found


def place_of(position: Position, run: Run) -> Place:
    """The line a position is about, with its text."""
    if ":data/" in position.file:
        source = source_line(run.interview, position.file, position.line)
    else:
        folders = run.path.folders if run.path is not None else ()
        lines = (linecache.getline(f"{folder}/{position.file}", position.line).strip() for folder in folders)
        source = next(filter(None, lines), "")
    return Place(position.file, position.line, source)


def module_place(error: BaseException, run: Run) -> Place | None:
    """Where an author's Python module is wrong that could not be imported."""
    if isinstance(error, SyntaxError) and error.filename and (file := _path_file(error.filename, run)) is not None:
        return Place(file, error.lineno or 1, (error.text or "").strip())
    place = innermost_place(error.__traceback__, run)
    return place if place is not None and ":data/" not in place.file else None


def block_at(interview: Interview, file: str, line: int) -> Block | None:
    """The block that this line belongs to."""
    inside = [block for block in interview.blocks if block.position.file == file and block.position.line <= line]
    return max(inside, key=lambda block: block.position.line, default=None)


def source_line(interview: Interview, file: str, line: int) -> str:
    """The line as its author wrote it, blanks around it gone; empty when the file is no file of the interview."""
    block = block_at(interview, file, line)
    if block is None:
        return ""
    lines = block.source.splitlines()
    first = next((place for place, text in enumerate(lines) if text.strip() and not text.lstrip().startswith("#")), 0)
    place = line - block.position.line + first
    return lines[place].strip() if 0 <= place < len(lines) else ""


def trace_for_author(error: BaseException, run: Run | None) -> str:
    """A trace with the author's own lines and those of libraries; frames of this server and its folders are left out.

    Lines of the author's files come with their text, as Python does it for its own.
    """
    lines = list(_frames(error.__traceback__, run))
    if lines:
        lines.insert(0, "Traceback (most recent call last):\n")
    return "".join([*lines, *traceback.format_exception_only(error)])


def _frames(trace: TracebackType | None, run: Run | None) -> Iterator[str]:
    while trace is not None:
        frame, line = trace.tb_frame, trace.tb_lineno
        code = frame.f_code
        place = _place(frame, line, run) if run is not None else None
        trace = trace.tb_next
        if place is None and (code.co_filename.startswith((_OURS, "<frozen")) or code.co_filename == "<string>"):
            continue
        file = place.file if place is not None else _short(code.co_filename)
        source = place.source if place is not None else linecache.getline(code.co_filename, line).strip()
        name = "" if code.co_name.startswith(("<module>", "__template")) else f", in {code.co_name}"
        yield f'  File "{file}", line {line}{name}\n' + (f"    {source}\n" if source else "")


def _place(frame: FrameType, line: int, run: Run) -> Place | None:
    """None for what is not the author's."""
    file = frame.f_code.co_filename
    if ":data/" in file:
        return Place(file, line, source_line(run.interview, file, line))
    module = _module_file(frame, run)
    return None if module is None else Place(module, line, linecache.getline(file, line).strip())


def _module_file(frame: FrameType, run: Run) -> str | None:
    """`package/module.py` for a module of an interview package."""
    found = _path_file(frame.f_code.co_filename, run)
    if found is not None:
        return found
    name = str(frame.f_globals.get("__name__", ""))
    packages = {block.package for block in run.interview.blocks}
    package = next((found for found in packages if found and name.startswith(f"{found}.")), None)
    if package is None:
        return None
    return f"{package}/{name[len(package) + 1 :].replace('.', '/')}.py"


def _path_file(file: str, run: Run) -> str | None:
    """The file from its package on, when it lies on the interview path."""
    for folder in run.path.folders if run.path is not None else ():
        if file.startswith(f"{folder}/"):
            return file[len(f"{folder}/") :]
    return None


def _short(file: str) -> str:
    """The file of a library without the folders it is installed in."""
    for mark in _LIBRARIES:
        _, found, rest = file.rpartition(mark)
        if found:
            return rest
    return Path(file).name
