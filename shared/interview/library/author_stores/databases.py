"""Databases that belong to authors, and the reporting view of snapshots (spec/area2 §9.6, §9.7).

Nothing is imported or connected before it is used: most interviews never come here. Nothing here waits for the answers
to be saved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.runtime.run import current_run_or_none

__all__ = ["variables_snapshot_connect", "variables_snapshot_connection"]

_SNAPSHOTS = "snapshots"
"""The name of the database whose view `jsonstorage` holds the snapshots."""
_SECONDS = 10
_INSIDE_A_NAME = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OPTIONS = "-c search_path=stores -c default_transaction_read_only=on"

_configured: dict[str, str] = {}
"""URLs by name, as the newest run of this process was given them: modules are also imported while answers are read."""


def know(databases: Mapping[str, str]) -> None:
    """A run begins, with these databases."""
    if databases != _configured:
        _configured.clear()
        _configured.update(databases)


def alchemy_url(db_config: str) -> str:
    """The URL of a configured database, for SQLAlchemy's `create_engine()`. Raises DAError when there is none."""
    url = _configured.get(db_config)
    if not url:
        raise DAError(
            f"This server has no database {db_config!r} for interviews: its operator names it in "
            "COLLOQUY_AUTHOR_DATABASES"
        )
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if _is_postgres(scheme) else url


def connect_args(db_config: str) -> dict[str, Any]:
    """What `create_engine()` takes as `connect_args` beside the URL. Raises DAError when there is no such database."""
    return {"connect_timeout": _SECONDS} if alchemy_url(db_config).startswith("postgresql") else {}


class Registered:
    """A configured database: `Model` to derive models from, `session` to work with, `engine`. It connects when used.

    As with Flask-SQLAlchemy, names of SQLAlchemy are its attributes (`db.Column`, `db.Integer`, `db.relationship`), and
    a model without `__tablename__` has the table that its class is named after (`BankModel`: `bank_model`).
    """

    def __init__(self, db_config: str) -> None:
        from sqlalchemy.orm import declarative_base

        self.config = db_config
        self.Model: Any = declarative_base(cls=_named_model())
        self.session: Any = _Lazily(self)
        self._engine: Any = None
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        import sqlalchemy
        import sqlalchemy.orm

        for module in (sqlalchemy, sqlalchemy.orm):
            if not name.startswith("_") and hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"A registered database has no {name!r}, and neither has SQLAlchemy.")

    @property
    def engine(self) -> Any:
        """Raises DAError when there is no such database."""
        if self._engine is None:
            from sqlalchemy import create_engine

            self._engine = create_engine(
                alchemy_url(self.config), connect_args=connect_args(self.config), pool_pre_ping=True, pool_size=1
            )
        return self._engine

    def opened(self) -> Any:
        """The one session of this process."""
        if self._made is None:
            from sqlalchemy.orm import Session

            self._made = Session(bind=self.engine)
        return self._made


def _named_model() -> type:
    """What models derive from: their tables have names."""
    from sqlalchemy.orm import declared_attr

    class Named:
        @declared_attr.directive
        def __tablename__(cls: Any) -> str:
            return _INSIDE_A_NAME.sub("_", cls.__name__).lower()

    return Named


class _Lazily:
    """A session that is opened by its first use: models are declared where nobody may be connected yet."""

    def __init__(self, database: Registered) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database.opened(), name)


@cache
def register_db(db_config: str) -> Registered:
    """A configured database by its name; the same one each time."""
    return Registered(db_config)


def create_objects(file: str, db_config: str) -> None:
    """Create the tables of the models that were derived from `register_db(db_config).Model`, as far as they lack.

    Raises DAError when there is no such database, or when the package brings migrations.
    """
    database = register_db(db_config)
    database.Model.metadata.create_all(database.engine)
    upgrade_db(alchemy_url(db_config), file, database.engine)


def upgrade_db(
    url: str,
    py_file: str,
    engine: Any,
    version_table: str | None = None,
    name: str | None = None,
    conn_args: Any = None,
) -> None:
    """Nothing to do for a package without migrations.

    Raises DAError for one with: tables are not altered by whichever visitor comes first; the operator runs them.
    """
    if (Path(py_file).parent / "alembic" / "versions").is_dir():
        raise DAError("This package brings migrations of its tables: run them with Alembic, and remove the folder here")


def variables_snapshot_connection() -> Any:
    """A DB-API connection that can read the view `jsonstorage` and nothing else. Raises DAError without one."""
    import psycopg

    return psycopg.connect(_snapshots(), connect_timeout=_SECONDS, options=_OPTIONS)


def variables_snapshot_connect() -> Any:
    """The same as a connection of SQLAlchemy, to be used in a `with`. Raises DAError without one."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    _snapshots()
    arguments = {**connect_args(_SNAPSHOTS), "options": _OPTIONS}
    return create_engine(alchemy_url(_SNAPSHOTS), connect_args=arguments, poolclass=NullPool).connect()


def _snapshots() -> str:
    run = current_run_or_none()
    if run is not None:
        know(run.context.author_databases)
    url = _configured.get(_SNAPSHOTS, "")
    if not _is_postgres(url.partition("://")[0]):
        raise DAError(
            "This server does not let interviews query snapshots: its operator names a database "
            f"{_SNAPSHOTS!r} in COLLOQUY_AUTHOR_DATABASES"
        )
    return url


def _is_postgres(scheme: str) -> bool:
    return scheme in ("postgresql", "postgres")
