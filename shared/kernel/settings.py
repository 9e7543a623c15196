"""Settings: environment variables that start with COLLOQUY_, read once by `__main__`, all mistakes reported together.

A service adds its own fields by a subclass in its `settings.py`. Nothing else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from shared.kernel.errors import ColloquyError

PREFIX = "COLLOQUY_"


class SettingsInvalid(ColloquyError):
    """Some settings are missing or wrong:"""

    def __init__(self, problems: dict[str, str]) -> None:
        lines = [f"\n  {name}: {problem}" for name, problem in sorted(problems.items())]
        super().__init__("".join(lines))
        self.problems = problems


class Settings(BaseSettings):
    """What every service needs to know. Empty URLs mean: not given; `up` then starts its own servers."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: str = Field("", repr=False)
    """postgresql://user:password@host/name"""
    redis_url: str = Field("", repr=False)
    """redis://host:6379/0, rediss://…, unix:///path"""
    amqp_url: str = Field("", repr=False)
    """amqp://user:password@host/vhost"""
    amqp_prefix: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,40}$")
    """Stands before the names of exchanges and queues, so that several installations can share a broker."""
    server_key_file: Path | None = None
    """File with the server's keys; None: `server.keys` in the data folder."""
    data_dir: Path = Path(".data")
    """Where files, embedded servers and caches keep their data."""
    files_dir: Path | None = None
    """Where the contents of files lie, sealed; None: `files` in the data folder. Shared by all services."""
    max_file_bytes: int = Field(64 * 1024 * 1024, gt=0)
    """The largest file that a browser may send or interview code may make."""
    interview_path: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders with interview packages, added to our own; separated like PATH."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto`: for people on a terminal, else JSON."""
    lock_wait_seconds: float = Field(4.0, ge=0.0, le=60.0)
    """How long a request waits for a busy session before it overtakes (the four-second rule)."""
    start_wait_seconds: float = Field(30.0, ge=0.0)
    """How long a starting service waits for database, Redis and broker."""
    database_pool_size: int = Field(10, ge=1, le=500)
    """Most connections to the database per process."""
    health_host: str = "127.0.0.1"
    health_port: int = Field(0, ge=0, le=65535)
    """Where a service without pages answers /health/live, /health/ready and /metrics; 0: nowhere."""

    @field_validator("interview_path", mode="before")
    @classmethod
    def _split_path(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        return _checked_scheme(value, ("postgresql", "postgres"))

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        return _checked_scheme(value, ("redis", "rediss", "unix"))

    @field_validator("amqp_url")
    @classmethod
    def _check_amqp_url(cls, value: str) -> str:
        return _checked_scheme(value, ("amqp", "amqps"))

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @property
    def key_file(self) -> Path:
        """The file of the server's keys."""
        return self.server_key_file or self.data_dir / "server.keys"

    @property
    def files_folder(self) -> Path:
        """Where the contents of files lie."""
        return self.files_dir or self.data_dir / "files"

    @classmethod
    def load(cls, *, required: Sequence[str] = (), **given: Any) -> Self:
        """Read the environment; what is `given` by name comes first, `required` fields must not stay empty.

        Raises SettingsInvalid with every mistake at once, by the name of its variable.
        """
        problems: dict[str, str] = {}
        try:
            settings = cls(**given)
        except ValidationError as error:
            for mistake in error.errors(include_url=False, include_input=False, include_context=False):
                problems[_variable(str(mistake["loc"][0]) if mistake["loc"] else "")] = str(
                    mistake["msg"]
                ).removeprefix("Value error, ")
            for name in required:
                if not os.environ.get(_variable(name)) and not given.get(name):
                    problems.setdefault(_variable(name), "This is needed and was not given.")
            raise SettingsInvalid(problems) from None
        except SettingsError as error:  # a list or mapping that is not JSON
            field = str(error).partition('field "')[2].partition('"')[0]
            raise SettingsInvalid({_variable(field): "It must be JSON."}) from None
        missing = {
            _variable(name): "This is needed and was not given." for name in required if not getattr(settings, name)
        }
        if missing:
            raise SettingsInvalid(missing)
        return settings


def _checked_scheme(value: str, schemes: tuple[str, ...]) -> str:
    if value and value.partition("://")[0] not in schemes:
        raise ValueError(f"It must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return value


def _variable(field: str) -> str:
    """`database_url` → `COLLOQUY_DATABASE_URL`."""
    return field if field.startswith(PREFIX) else f"{PREFIX}{field.upper()}"
