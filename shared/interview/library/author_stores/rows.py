"""SQLObject: an object that mirrors a row of an author's database (spec/area2 §9.7).

An object is *nascent* while it has no row, *bound* once it has one (then it has an `id`), and a *zombie* when its row
is gone. Rows are read when the answers are, and written before they are saved; the database has the last word.
Everything goes through the session that the author's class brings, so nothing of SQLAlchemy is imported here.
"""

from __future__ import annotations

from typing import Any, cast

from shared.interview.library.faults import DAException
from shared.interview.library.named import SQL, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.naming import random_name
from shared.interview.runtime.run import Run, current_run, current_run_or_none

_FRESH, _SEEN, _CACHE = "rows: sessions in use", "rows: any", "rows: by id"
_UNDEFINED = (AttributeError, NameError)

_restored: list[Any] = []
"""Objects that were read while no run was going on yet: their rows come with the run."""


class Mirrored:
    """What is refreshed from a database after it was read with the answers."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if current_run_or_none() is None:
            _restored.append(self)
        else:
            note()

    def refresh_from_database(self) -> None:
        """Take what the database says now."""
        raise NotImplementedError


@public_in(SQL)
class SQLObject(Mirrored):
    """Mixin for a class of objects that mirror rows: `class Customer(Individual, SQLObject)`.

    The class has `_model`, `_session`, `_required` (columns a row cannot be without), `_uid` (a column that people know
    a row by); its `init()` calls `sql_init()`; `db_get(column)`, `db_set(column, value)`, `db_null(column)` translate.
    """

    _model: Any = None
    _session: Any = None
    _required: Any = ()
    _uid: str = "uid"

    def sql_init(self) -> None:
        """Find the row of this object, by `id` or by `db_find_existing()`."""
        note()
        self.__dict__.update(_nascent=False, _zombie=False, _orig={})
        number = self.__dict__.get("id")
        row = self.db_find_existing() if number is None else _row(type(self), number)
        if row is not None:
            self._take(row)
        elif number is not None:
            self.__dict__["_zombie"] = True
        else:
            self.__dict__["_nascent"] = True

    # For the author to define
    def db_get(self, column: str) -> Any:
        """The value of a column; raises AttributeError or NameError while it is not known."""
        raise NotImplementedError(f"{type(self).__name__} has no db_get()")

    def db_set(self, column: str, value: Any) -> None:
        """Take the value of a column."""
        raise NotImplementedError(f"{type(self).__name__} has no db_set()")

    def db_null(self, column: str) -> None:
        """Forget the value of a column."""
        raise NotImplementedError(f"{type(self).__name__} has no db_null()")

    def db_find_existing(self) -> Any:
        """The row that is this object's although it has no id yet: the one with its `_uid`, or None."""
        if self._uid not in columns_of(type(self)):
            return None
        value = self._known(self._uid)
        return None if value is None else _first(type(self), **{self._uid: value})

    # Reading and writing
    def db_read(self) -> None:
        """Take what the row says now; an object without one is left as it is."""
        number = self.__dict__.get("id")
        if number is None or self.__dict__.get("_zombie"):
            return
        row = _row(type(self), number)
        if row is None:
            self.__dict__["_zombie"] = True
        else:
            self._take(row)

    def refresh_from_database(self) -> None:
        """As with `db_read()`."""
        self.db_read()

    def db_save(self) -> None:
        """Write what has changed, or the row itself once its uid and what is required are known. Commits at once.

        Raises what the database says.
        """
        if self.__dict__.get("_zombie") or "_nascent" not in self.__dict__:
            return
        columns = columns_of(type(self))
        values = {name: value for name in columns if (value := self._known(name, _MISSING)) is not _MISSING}
        needed = {*([self._uid] if self._uid in columns else []), *self._required}
        if any(values.get(name) is None for name in needed):
            return
        if self.__dict__["_nascent"]:
            self._begin(values)
        else:
            self._change(values)

    def _begin(self, values: dict[str, Any]) -> None:
        session = session_of(type(self))
        row = self.db_find_existing()
        if row is None:
            row = self._model(**values)
            session.add(row)
            try:
                session.commit()
            except Exception:
                session.rollback()
                row = self.db_find_existing()  # somebody else may have been first with the same uid
                if row is None:
                    raise
        self.__dict__.update(_nascent=False)
        self._write(row, values)
        self._take(row)

    def _change(self, values: dict[str, Any]) -> None:
        before = self.__dict__["_orig"]
        nulls = {name: None for name, value in before.items() if value is not None and name not in values}
        if not nulls and all(before.get(name) == value for name, value in values.items()):
            return
        row = _row(type(self), self.__dict__["id"])
        if row is None:
            self.__dict__["_zombie"] = True
            return
        self._write(row, {**values, **nulls})
        self.__dict__["_orig"] = {**before, **values, **nulls}

    def _write(self, row: Any, values: dict[str, Any]) -> None:
        session = session_of(type(self))
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        try:
            session.commit()
        except Exception:
            session.rollback()
            raise

    def _take(self, row: Any) -> None:
        found = {name: getattr(row, name) for name in columns_of(type(self))}
        self.__dict__.update(id=row.id, _nascent=False, _orig=found)
        for name, value in found.items():
            try:
                if value is None:
                    self.db_null(name)
                else:
                    self.db_set(name, value)
            except AttributeError:
                continue

    def _known(self, column: str, otherwise: Any = None) -> Any:
        try:
            return self.db_get(column)
        except _UNDEFINED:
            return otherwise

    def ready(self) -> bool:
        """Whether there is a row; writes it first if there can be one now."""
        self.save_if_nascent()
        return bool(self.__dict__.get("_nascent") is False and not self.__dict__.get("_zombie"))

    def save_if_nascent(self) -> None:
        """Write the row if there is none yet."""
        if self.__dict__.get("_nascent"):
            self.db_save()

    def db_delete(self) -> None:
        """Delete the row; the object stays, as a zombie."""
        if self.__dict__.get("id") is not None:
            type(self).delete_by_id(self.__dict__["id"])
            self.__dict__["_zombie"] = True

    def db_cache(self) -> None:
        """Have `db_from_cache()` give this object for its id, until the end of the run."""
        _cache(type(self))[self.__dict__.get("id")] = self

    @classmethod
    def db_from_cache(cls, id: Any) -> Any:
        """The object `db_cache()` was called on, or None."""
        return _cache(cls).get(id)

    # Finding
    @classmethod
    def filter(cls, instance_name: str, **values: Any) -> DAList:
        """The objects whose columns have these values, by id, as a list. Raises DAException for an unknown column."""
        for column in values:
            if column not in (*columns_of(cls), "id"):
                raise DAException(f"{cls.__name__} has no column {column!r}")
        query = session_of(cls).query(cls._model).filter_by(**values).order_by(cls._model.id)
        return listed(cls, instance_name, [row.id for row in query.all()])

    @classmethod
    def all(cls, instance_name: str | None = None) -> DAList:
        """All objects, by id, as a list."""
        return cls.filter(instance_name or random_name())

    @classmethod
    def any(cls) -> bool:
        """Whether there is a row."""
        return session_of(cls).query(cls._model).first() is not None

    @classmethod
    def by_id(cls, id: Any, instance_name: str | None = None) -> Any:
        """The object of a row; a zombie if there is none."""
        return _made(cls, instance_name, id=id)

    @classmethod
    def by_uid(cls, uid: Any, instance_name: str | None = None) -> Any:
        """The object with this value of `_uid`; a new one if there is none."""
        row = _first(cls, **{cls._uid: uid})
        if row is not None:
            return cls.by_id(row.id, instance_name)
        made = _made(cls, instance_name)
        made.db_set(cls._uid, uid)
        made.db_save()
        return made

    @classmethod
    def delete_by_id(cls, id: Any) -> None:
        """Delete a row, if it is there."""
        _delete(cls, _row(cls, id))

    @classmethod
    def delete_by_uid(cls, uid: Any) -> None:
        """Delete a row, if it is there."""
        _delete(cls, _first(cls, **{cls._uid: uid}))

    @classmethod
    def id_exists(cls, id: Any) -> bool:
        """Whether there is a row of this id."""
        return _row(cls, id) is not None

    @classmethod
    def uid_exists(cls, uid: Any) -> bool:
        """Whether there is a row with this value of `_uid`."""
        return _first(cls, **{cls._uid: uid}) is not None

    # Relations, by the name of their class
    def has_child(self, rel_name: str, other: Any) -> bool:
        """Whether a relation leads from this object to the other. Raises DAException while either has no row."""
        return self._relation(rel_name, "child").find(self, other) is not None

    def add_child(self, rel_name: str, other: Any) -> None:
        """Relate this object to the other, once."""
        self._relation(rel_name, "child").join(self, other)

    def get_child(self, rel_name: str, instance_name: str | None = None) -> DAList:
        """Those that a relation leads to, by the relation's id, as a list."""
        return cast(DAList, self._relation(rel_name, "child").others(self, "child", instance_name))

    def del_child(self, rel_name: str, other: Any) -> None:
        """End the relation, if there is one."""
        self._relation(rel_name, "child").part(self, other)

    def has_parent(self, rel_name: str, other: Any) -> bool:
        """Whether a relation leads from the other to this object."""
        return self._relation(rel_name, "parent").find(other, self) is not None

    def add_parent(self, rel_name: str, other: Any) -> None:
        """Relate the other to this object, once."""
        self._relation(rel_name, "parent").join(other, self)

    def get_parent(self, rel_name: str, instance_name: str | None = None) -> DAList:
        """Those that a relation comes from, as a list."""
        return cast(DAList, self._relation(rel_name, "parent").others(self, "parent", instance_name))

    def del_parent(self, rel_name: str, other: Any) -> None:
        """End the relation, if there is one."""
        self._relation(rel_name, "parent").part(other, self)

    def _relation(self, rel_name: str, other_side: str) -> Any:
        for cls in type(self).__mro__:
            found = vars(cls).get("_relations", {}).get((rel_name, other_side))
            if found is not None:
                return found
        raise DAException(f"{type(self).__name__} has no relation {rel_name!r} to a {other_side}")


_MISSING = object()


def columns_of(cls: Any) -> list[str]:
    """The columns of a class that its objects have values for."""
    return [name for name in cls._model.__mapper__.column_attrs.keys() if name != "id" and not name.startswith("_")]  # noqa: SIM118 - no dictionary


def session_of(cls: Any) -> Any:
    """The session of a class; what it knew before this run is forgotten."""
    run = current_run_or_none()
    if run is not None:
        seen = run.memo.setdefault(_FRESH, set())
        if id(cls._session) not in seen:
            seen.add(id(cls._session))
            cls._session.rollback()
    return cls._session


def _row(cls: Any, number: Any) -> Any:
    return _first(cls, id=number)


def _first(cls: Any, **values: Any) -> Any:
    return session_of(cls).query(cls._model).filter_by(**values).order_by(cls._model.id).first()


def _delete(cls: Any, row: Any) -> None:
    if row is not None:
        session = session_of(cls)
        session.delete(row)
        session.commit()


def _made(cls: Any, instance_name: str | None, **attributes: Any) -> Any:
    made = cls(instance_name or random_name(), **attributes)
    if instance_name is None:
        made.__dict__["has_nonrandom_instance_name"] = False
    return made


def listed(cls: Any, instance_name: str, numbers: list[Any]) -> DAList:
    """A gathered list of the objects with these ids."""
    made = DAList(instance_name, object_type=cls, auto_gather=False)
    made.elements.extend(cls.by_id(number, made.item_name(index)) for index, number in enumerate(numbers))
    made.__dict__.update(gathered=True, revisit=True, there_are_any=bool(numbers), there_is_another=False)
    return made


def _cache(cls: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = current_run().memo.setdefault((_CACHE, cls), {})
    return found


# What the run does with all of them


def note() -> None:
    """There are such objects in this run: the answers have to be looked through when they are saved."""
    run = current_run_or_none()
    if run is not None:
        run.memo[_SEEN] = True


def forget_restored() -> None:
    """Before answers are read."""
    _restored.clear()


def bring_in_restored(run: Run) -> None:
    """After answers were read: what the rows say."""
    things = list(_restored)
    _restored.clear()
    if things:
        run.memo[_SEEN] = True
    for thing in things:
        thing.refresh_from_database()


def keep_changes(run: Run) -> None:
    """Before the answers are saved: write the rows of the objects in them."""
    if not run.memo.get(_SEEN):
        return
    seen: set[int] = set()
    waiting: list[Any] = [value for name, value in run.answers.items() if name not in ("_internal", "nav")]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, DAObject):
            waiting.extend(value.__dict__.values())
            if isinstance(value, SQLObject):
                value.db_save()
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif type(value) in (list, tuple, set):
            waiting.extend(value)
