"""What the template process is told at its start, and what it answers; said once, used on both sides of its socket."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

MESSAGE_BYTES = 128 * 1024
"""The longest message on the control socket."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Setup(_Said):
    """How interview processes are to be made. Holds no secret: interview code could read it."""

    engine: str
    """`module:factory`; the factory takes an InterviewPath, and what interviews may know of the server."""
    folders: tuple[str, ...]
    """The interview path."""
    config: dict[str, Any] = {}
    """What interviews may know of the server: plain data, no secret."""
    scratch: str
    """An empty folder for the private folders of the processes."""
    code: tuple[str, ...]
    """Folders our own modules are imported from."""
    user_id: int | None = None
    """The user to become, when that is possible."""
    memory_bytes: int
    file_bytes: int
    open_files: int
    processes: int
    growth_bytes: int
    """A process that has grown by this much asks to be replaced."""
    runs: int
    """And one that has run this often."""
    body_bytes: int
    parts_bytes: int
    has_sandbox: bool = True


class Up(_Said):
    """The template is ready."""

    said: Literal["up"] = "up"
    user_id: int
    is_own_user: bool
    """Interviews run under another user than the server."""
    landlock: int
    """Version of the kernel's file sandbox; 0 for none."""


class Broken(_Said):
    """The template cannot work."""

    said: Literal["broken"] = "broken"
    problem: str


class Started(_Said):
    """A process was forked."""

    said: Literal["started"] = "started"
    number: int
    pid: int


class Ended(_Said):
    """A process has ended and is reaped. `status` as of `os.waitstatus_to_exitcode`."""

    said: Literal["ended"] = "ended"
    number: int
    status: int


class Spawn(_Said):
    """Fork a process; its end of the pipe comes with this message."""

    said: Literal["spawn"] = "spawn"
    number: int


class Kill(_Said):
    """End a process and everything it started."""

    said: Literal["kill"] = "kill"
    number: int
