"""Settings: environment variables that start with COLLOQUY_, read once by `__main__`, all mistakes reported together.

A service adds its own fields by a subclass in its `settings.py`. Nothing else reads the environment. What is secret may
be given as a file: COLLOQUY_DATABASE_URL_FILE names a file that holds what COLLOQUY_DATABASE_URL would. The docstring
of a field is its line in docs/operators/settings.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_origin

import orjson
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kernel.errors import ColloquyError
from shared.kernel.interview_config import BadInterviewConfig, read_interview_config

PREFIX = "COLLOQUY_"
IN_A_FILE = "_FILE"

_NO_DATABASES = 'This has to be JSON of names and URLs: {"name": "postgresql://user:password@host/database"}'


class SettingsInvalid(ColloquyError):
    """Some settings are missing or wrong:"""

    def __init__(self, problems: dict[str, str]) -> None:
        lines = [f"\n  {name}: {problem}" for name, problem in sorted(problems.items())]
        super().__init__("".join(lines))
        self.problems = problems


_OTHER_WAYS_OUT = ("server", "mailgun domain", "sendgrid api key")


class Settings(BaseSettings):
    """What every service needs to know. Empty URLs mean: not given; `up` then starts its own servers."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    NEEDED: ClassVar[tuple[str, ...]] = ()
    """What must be given when a service runs as a process of its own."""

    database_url: str = Field("", repr=False)
    """postgresql://user:password@host/name"""
    redis_url: str = Field("", repr=False)
    """redis://host:6379/0, rediss://…, unix:///path"""
    author_redis_url: str = Field("", repr=False)
    """The Redis that interviews use as they like (`DARedis`); empty: there is none, or `up` starts one."""
    author_databases: dict[str, str] = Field({}, repr=False)
    """Databases that interviews use as they like, as JSON: {"name": "postgresql://…"}. `snapshots` is the one whose
    user may read the view of snapshots."""
    links_open_sessions: bool = False
    """Whether links that an interview makes to its own session carry a key that opens it, although it is encrypted:
    whoever has such a link, or sees it on its way, reads the answers."""
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
    files_url: str = ""
    """s3://bucket or s3://bucket/folder: contents of files lie there instead of in a folder."""
    s3_endpoint: str = ""
    """Where an S3-compatible store answers; empty: AWS."""
    s3_region: str = ""
    """The region of the bucket."""
    s3_access_key: str = Field("", repr=False)
    """Who uses the store. Empty: as AWS's own tools find it, from the environment or the machine's role."""
    s3_secret_key: str = Field("", repr=False)
    """What proves it; empty: likewise."""
    max_file_bytes: int = Field(64 * 1024 * 1024, gt=0)
    """The largest file that a browser may send or interview code may make."""
    interview_path: tuple[Path, ...] = ()
    """Folders with interview packages, added to our own; separated like PATH."""
    interview_config_file: Path | None = None
    """YAML that interviews may read: `get_config()`, and `# use jinja`. Never a secret."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is not logged: everything below it."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto`: for people on a terminal, else JSON."""
    lock_wait_seconds: float = Field(4.0, ge=0.0, le=60.0)
    """How long a request waits for a busy session before it overtakes (the four-second rule)."""
    start_wait_seconds: float = Field(30.0, ge=0.0)
    """How long a starting service waits for database, Redis and broker."""
    drain_seconds: float = Field(10.0, ge=0.0, le=20.0)
    """How long a process that is told to stop waits for messages and requests in hand; what takes longer is given
    back, and done again by another process."""
    database_pool_size: int = Field(10, ge=1, le=500)
    """Most connections to the database per process."""
    mail_host: str = ""
    """The server outgoing mail is handed to; empty: mail is kept, and `colloquy mail` shows it to the operator."""
    mail_port: int = Field(587, ge=1, le=65535)
    """Its port."""
    mail_user: str = Field("", repr=False)
    """With which name we sign in there; empty: not at all."""
    mail_password: str = Field("", repr=False)
    """With which password."""
    mail_security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept from others; `none` on this machine only."""
    mail_sender: str = "Colloquy <no-reply@localhost>"
    """What stands in `From`."""
    mail_configs: list[dict[str, Any]] = Field([], repr=False)
    """Further ways out that interviews choose by `config=`, as JSON, with the keys of docassemble's directive `mail`:
    [{"name": "news", "default sender": "…", "server": "…"}, {"mailgun domain": "…", "mailgun api key": "…"}]"""
    mail_queued: bool = False
    """Whether `send_email()` returns at once and the mail leaves after the answers are saved; False: it waits for the
    mail server, and says what it said."""
    mail_bounces: bool = False
    """Whether mail that comes back is to come to us: needs COLLOQUY_MAIL_DOMAIN, and that mail to it reaches us."""
    mail_domain: str = Field("", pattern=r"^[A-Za-z0-9.-]*$")
    """What stands behind the @ in addresses of sessions; empty: the host of the address at which the server is used."""
    twilio: list[dict[str, Any]] = Field([], repr=False)
    """Numbers that text messages are sent from, as JSON, with the keys of docassemble's directive `twilio`:
    [{"account sid": "AC…", "auth token": "…", "number": "+15551234567", "whatsapp number": "…", "name": "default"}]"""
    twilio_url: str = ""
    """Where Twilio's interface answers; empty: at its own address."""
    twilio_callback_url: str = ""
    """The public address of the gateway, for Twilio to tell what has become of messages; empty: it is not asked to."""
    twilio_incoming: bool = False
    """Whether text messages are taken that Twilio posts to /texts/incoming, for sessions that expect them; needs
    COLLOQUY_TWILIO_CALLBACK_URL and the `auth token` of every number, with which Twilio's signature is checked."""
    mail_limit_seconds: float = Field(20.0, gt=0.0)
    """How long `send_email()` waits for the mail server. Code that a person waits for may run for 30 seconds in all."""
    mail_max_bytes: int = Field(25 * 1024 * 1024, gt=0)
    """The most that the attachments of one mail of an interview may be together."""
    mail_per_hour: int = Field(500, ge=0)
    """How many mails and text messages one session may send within an hour."""
    password_memory_kib: int = Field(64 * 1024, ge=7 * 1024, le=4 * 1024 * 1024)
    """What a guess at a password costs in memory; passwords that are set later are hashed so."""
    office_program: str = "auto"
    """LibreOffice's `soffice`, for documents as PDF; `auto`: where programs are found; `none`: not used."""
    office_spares: int = Field(1, ge=0, le=16)
    """How many LibreOffices a process keeps started, once a document was wanted, each for one document; 0: none."""
    office_idle_seconds: float = Field(300.0, gt=0.0)
    """How long they are kept when no more documents are wanted."""
    gotenberg_url: str = ""
    """A Gotenberg server that makes PDFs of documents instead: http://host:3000"""
    ocr_program: str = "auto"
    """Tesseract, for text in pictures; `auto`: where programs are found; `none`: not used."""
    program_limit_seconds: float = Field(20.0, gt=0.0)
    """How long one of them may work on a document, its wait for room included, before it is ended."""
    programs_at_once: int = Field(2, ge=1, le=64)
    """How many of them run at once in a process; others wait."""
    otlp_endpoint: str = ""
    """Where traces are sent (OTLP over HTTP), e.g. http://collector:4318; empty: nothing is traced."""
    metrics_seconds: float = Field(15.0, gt=0.0)
    """How often what waits in tables is counted for /metrics: tasks, timers, messages, mail."""
    health_host: str = "127.0.0.1"
    """The address at which a service without pages answers probes; 0.0.0.0 for all."""
    health_port: int = Field(0, ge=0, le=65535)
    """Where a service without pages answers /health/live, /health/ready and /metrics; 0: nowhere."""

    @field_validator("*", mode="before")
    @classmethod
    def _read_json(cls, value: Any, info: ValidationInfo) -> Any:
        kind = cls.model_fields[info.field_name].annotation if info.field_name else None
        if isinstance(value, str) and get_origin(kind) in (dict, list):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                raise ValueError("It must be JSON.") from None
        return value

    @field_validator("interview_path", mode="before")
    @classmethod
    def _split_path(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @field_validator("author_databases")
    @classmethod
    def _check_databases(cls, value: dict[str, str]) -> dict[str, str]:
        if not all("://" in url for url in value.values()):
            raise ValueError(_NO_DATABASES)
        return value

    @field_validator("interview_config_file")
    @classmethod
    def _check_interview_config(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                read_interview_config(value)
            except BadInterviewConfig as error:
                raise ValueError(str(error)) from error
        return value

    @field_validator("mail_sender")
    @classmethod
    def _check_sender(cls, value: str) -> str:
        if "@" not in value or not value.isprintable():
            raise ValueError("It must be an e-mail address, as in: Name <name@example.org>")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        return _checked_scheme(value, ("postgresql", "postgres"))

    @field_validator("files_url")
    @classmethod
    def _check_files_url(cls, value: str) -> str:
        return _checked_scheme(value, ("s3",))

    @field_validator("s3_endpoint", "otlp_endpoint")
    @classmethod
    def _check_s3_endpoint(cls, value: str) -> str:
        return _checked_scheme(value, ("http", "https"))

    @field_validator("mail_configs")
    @classmethod
    def _check_mail_configs(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [str(one.get("name")) for one in value if one.get("name")]
        if len(set(names)) < len(names):
            raise ValueError("Two of them have the same name.")
        for one in value:
            if bool(one.get("mailgun domain")) != bool(one.get("mailgun api key")):
                raise ValueError("Mailgun needs both: `mailgun domain` and `mailgun api key`.")
            if any(key.startswith("azure ") for key in one) and not any(one.get(key) for key in _OTHER_WAYS_OUT):
                raise ValueError(
                    "Mail does not leave by Microsoft Graph (`azure …`); name its `server` for SMTP instead."
                )
        return value

    @field_validator("twilio_url", "twilio_callback_url")
    @classmethod
    def _check_twilio_urls(cls, value: str) -> str:
        return _checked_scheme(value, ("http", "https"))

    @field_validator("twilio_incoming")
    @classmethod
    def _check_incoming_texts(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("twilio_callback_url"):
            raise ValueError("It needs COLLOQUY_TWILIO_CALLBACK_URL: what Twilio has signed is checked with it.")
        if value and any(_lacks_token(one) for one in info.data.get("twilio", [])):
            raise ValueError(
                "Every number in COLLOQUY_TWILIO needs its `auth token` for it: without one nobody can tell what "
                "Twilio has signed."
            )
        return value

    @field_validator("redis_url", "author_redis_url")
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

    @property
    def interview_config(self) -> dict[str, Any]:
        """What interviews may know; read anew each time."""
        return {} if self.interview_config_file is None else read_interview_config(self.interview_config_file)

    @classmethod
    def load(cls, *, required: Sequence[str] = (), **given: Any) -> Self:
        """Read the environment; what is `given` by name comes first, `required` fields must not stay empty.

        Raises SettingsInvalid with every mistake at once, by the name of its variable.
        """
        environment = given_variables()
        from_files, problems = _read_files(cls, environment)
        try:
            settings = cls(**{**from_files, **given})
        except ValidationError as error:
            for mistake in error.errors(include_url=False, include_input=False, include_context=False):
                name = variable(str(mistake["loc"][0]) if mistake["loc"] else "")
                text = str(mistake["msg"]).removeprefix("Value error, ")
                problems[name] = f"{problems[name]} {text}" if name in problems else text
        for name in required:
            is_given = environment.get(variable(name)) or from_files.get(name) or given.get(name)
            if not is_given and variable(name) + IN_A_FILE not in problems:
                problems.setdefault(variable(name), "This is needed and was not given.")
        if problems:
            raise SettingsInvalid(problems)
        return settings


def variable(field: str) -> str:
    """`database_url` → `COLLOQUY_DATABASE_URL`."""
    return field if field.startswith(PREFIX) else f"{PREFIX}{field.upper()}"


def secrets_of(settings: type[Settings]) -> frozenset[str]:
    """The fields whose values nobody must see; they may be given as files."""
    return frozenset(name for name, field in settings.model_fields.items() if not field.repr)


def given_variables(prefix: str = PREFIX) -> dict[str, str]:
    """What the environment says to us: the variables that start with COLLOQUY_ and are not empty."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix) and value}


def _read_files(settings: type[Settings], environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Secrets given as files, by field, and what is wrong with those files, by variable."""
    found: dict[str, str] = {}
    problems: dict[str, str] = {}
    for field in sorted(secrets_of(settings)):
        name = variable(field)
        file = environment.get(name + IN_A_FILE)
        if file is None:
            continue
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            problems[name + IN_A_FILE] = f"The file {file} cannot be read: {reason}."
            continue
        if name in environment:
            problems[name + IN_A_FILE] = f"{name} is given, too: leave one of them out."
        elif not text:
            problems[name + IN_A_FILE] = f"The file {file} is empty."
        else:
            found[field] = text
    return found, problems


def _lacks_token(entry: Mapping[str, Any]) -> bool:
    """Whether this number of COLLOQUY_TWILIO is used, and signatures about it cannot be checked."""
    is_used = entry.get("account sid") and (entry.get("number") or entry.get("whatsapp number"))
    return bool(is_used) and not str(entry.get("auth token") or "").strip()


def _checked_scheme(value: str, schemes: tuple[str, ...]) -> str:
    if value and value.partition("://")[0] not in schemes:
        raise ValueError(f"It must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return value
