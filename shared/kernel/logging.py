"""Logging: a fixed event name and fields, as JSON or for a terminal; never a secret (redaction.py).

log = structlog.get_logger()
log.warning("lock.overtaken", session=internal_id, waited_seconds=4.0)
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO

import orjson
import structlog

from shared.kernel.redaction import redact_event

MUTED: dict[str, int] = {
    "aio_pika": logging.CRITICAL,  # these two print whole message bodies at warning
    "aiormq": logging.CRITICAL,
    "asyncpg": logging.WARNING,
    "asyncio": logging.WARNING,
    "mail.log": logging.CRITICAL,  # aiosmtpd prints addresses and message bodies
    "multipart": logging.WARNING,
    "python_multipart": logging.WARNING,
    "redis": logging.WARNING,
    "urllib3": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,  # prints URLs, and URLs hold session codes
}
"""The loudest level that loggers of libraries may use."""

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]


def configure_logging(
    *, level: Level = "info", format: Format = "auto", stream: TextIO | None = None, service: str = ""
) -> None:
    """Send our events and those of all libraries to one stream (standard error). Call once, from `__main__`."""
    target = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    is_json = format == "json" or (format == "auto" and not target.isatty())
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _naming(service),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    renderer = _json() if is_json else _console(has_colors=target.isatty())
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_event, renderer],
            foreign_pre_chain=[*before[:-2], structlog.stdlib.add_logger_name, *before[-2:]],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for name, least in MUTED.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(True)


def _naming(service: str) -> Any:
    def name(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if service:
            event.setdefault("service", service)
        return event

    return name


def _json() -> Any:
    def dump(event: Any, **_: Any) -> str:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()

    return structlog.processors.JSONRenderer(serializer=dump)


def _console(*, has_colors: bool) -> Any:
    return structlog.dev.ConsoleRenderer(colors=has_colors, exception_formatter=structlog.dev.plain_traceback)
