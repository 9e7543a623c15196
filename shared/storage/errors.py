"""What can go wrong between us and PostgreSQL or Redis, in our words.

    Unavailable ── DatabaseUnavailable, RedisUnavailable     the server does not answer: try again later
    Retryable   ── Conflict                                  another transaction was in the way: run it again
    ColloquyError ─ DatabaseMisconfigured                    address, user or password are wrong
    ColloquyError ─ StatementRefused                         the database refused a statement
                    ├── UniqueViolation                      such a row is there already
                    ├── ConstraintViolated                   a foreign key, a check or a not-null column
                    └── StatementTimedOut                    it took longer than the statement time limit

No error carries the values of a statement: those may be answers, and errors are logged.
"""

from __future__ import annotations

from shared.kernel.errors import ColloquyError, Retryable, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""


class RedisUnavailable(Unavailable):
    """Redis does not answer."""


class DatabaseMisconfigured(ColloquyError):
    """The database cannot be used as COLLOQUY_DATABASE_URL says; correct it."""


class Conflict(Retryable):
    """Another transaction changed the same rows; run this one again."""


class StatementRefused(ColloquyError):
    """The database refused a statement."""

    def __init__(self, detail: str = "", *, sqlstate: str = "") -> None:
        super().__init__(detail)
        self.sqlstate = sqlstate


class StatementTimedOut(StatementRefused):
    """A statement took longer than its time limit and was cancelled."""


class ConstraintViolated(StatementRefused):
    """A row breaks a rule of its table."""

    def __init__(self, detail: str = "", *, sqlstate: str = "", table: str = "", constraint: str = "") -> None:
        super().__init__(detail, sqlstate=sqlstate)
        self.table, self.constraint = table, constraint


class UniqueViolation(ConstraintViolated):
    """Such a row is there already."""
