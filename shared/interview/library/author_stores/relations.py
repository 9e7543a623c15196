"""Relations between mirrored rows, and lists of mirrored rows (spec/area2 §9.7)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.author_stores.rows import Mirrored, SQLObject, listed, note, session_of
from shared.interview.library.faults import DAException
from shared.interview.library.named import SQL, public_in
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.naming import random_name


@public_in(SQL)
class SQLObjectRelationship(SQLObject):
    """Mixin for a class whose rows each relate a parent to a child: `class Member(DAObject, SQLObjectRelationship)`.

    `_parent` and `_child` are `[class, name of the attribute, name of the column]`; its `init()` calls `rel_init()`.
    """

    _parent: Any = None
    _child: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls._parent is None or cls._child is None:
            return
        for owner, other_side in ((cls._parent[0], "child"), (cls._child[0], "parent")):
            if "_relations" not in vars(owner):
                owner._relations = {}  # of this class alone
            owner._relations[cls.__name__, other_side] = cls

    def rel_init(self, *arguments: Any, **attributes: Any) -> None:
        """Find the row of this relation."""
        if not self._required:
            type(self)._required = (self._parent[2], self._child[2])
        self.sql_init()

    def db_get(self, column: str) -> Any:
        """The id of parent or child; an attribute for any other column."""
        side = self._side(column)
        if side is None:
            return getattr(self, column)
        other = self.__dict__.get(side[1])
        if other is None or not other.ready():
            raise AttributeError(column)
        return other.id

    def db_set(self, column: str, value: Any) -> None:
        """Find the parent or child of this id; set an attribute for any other column."""
        side = self._side(column)
        if side is None:
            setattr(self, column, value)
            return
        other = self.__dict__.get(side[1])
        if other is None or other.__dict__.get("id") != value:
            setattr(self, side[1], side[0].by_id(value, f"{self.instanceName}.{side[1]}"))  # type: ignore[attr-defined]

    def db_null(self, column: str) -> None:
        """Take the attribute away."""
        side = self._side(column)
        self.__dict__.pop(column if side is None else side[1], None)

    def db_find_existing(self) -> Any:
        """The row that relates the same two."""
        numbers = {name: self._known(name) for name in (self._parent[2], self._child[2])}
        if None in numbers.values():
            return None
        return session_of(type(self)).query(self._model).filter_by(**numbers).first()

    def _side(self, column: str) -> Any:
        return next((side for side in (self._parent, self._child) if side[2] == column), None)

    # What the objects that are related ask
    @classmethod
    def find(cls, parent: Any, child: Any) -> Any:
        """The row that relates the two, or None. Raises DAException while either has no row."""
        numbers = {cls._parent[2]: _number(parent), cls._child[2]: _number(child)}
        return session_of(cls).query(cls._model).filter_by(**numbers).first()

    @classmethod
    def join(cls, parent: Any, child: Any) -> None:
        """Relate the two, unless they are."""
        if cls.find(parent, child) is None:
            made: Any = cls
            made(random_name(), **{cls._parent[1]: parent, cls._child[1]: child}).db_save()

    @classmethod
    def part(cls, parent: Any, child: Any) -> None:
        """End the relation of the two, if there is one."""
        row = cls.find(parent, child)
        if row is not None:
            cls.delete_by_id(row.id)

    @classmethod
    def others(cls, one: Any, side: str, instance_name: str | None) -> DAList:
        """Those related to `one` that stand on this side, as a list."""
        own, other = (cls._parent, cls._child) if side == "child" else (cls._child, cls._parent)
        query = session_of(cls).query(cls._model).filter_by(**{own[2]: _number(one)}).order_by(cls._model.id)
        return listed(other[0], instance_name or random_name(), [getattr(row, other[2]) for row in query.all()])

    @classmethod
    def filter_by_parent(cls, instance_name: str, parent: Any) -> DAList:
        """The relations of a parent. Raises DAException while it has no row."""
        return cls.filter(instance_name, **{cls._parent[2]: _number(parent)})

    @classmethod
    def filter_by_child(cls, instance_name: str, child: Any) -> DAList:
        """The relations of a child. Raises DAException while it has no row."""
        return cls.filter(instance_name, **{cls._child[2]: _number(child)})

    @classmethod
    def filter_by_parent_child(cls, instance_name: str, parent: Any, child: Any) -> DAList:
        """The relations of the two. Raises DAException while either has no row."""
        return cls.filter(instance_name, **{cls._parent[2]: _number(parent), cls._child[2]: _number(child)})


@public_in(SQL)
class SQLObjectList(Mirrored, DAList):
    """A list of mirrored rows; what is taken out is deleted. With `all=True` it holds all there are."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """`object_type` is the class of the objects."""
        note()
        super().init(*arguments, **attributes)
        if self._wanted() is not None:
            self.refresh_from_database()
            self.__dict__["gathered"] = True

    def _wanted(self) -> dict[str, Any] | None:
        """The columns that tell which rows belong here; None when the list is gathered by asking."""
        return {} if self.__dict__.get("all") else None

    def refresh_from_database(self) -> None:
        """Hold the rows there are now; what has no row yet stays at the end."""
        wanted = self._wanted()
        if wanted is None:
            return
        cls = self.object_type
        query = session_of(cls).query(cls._model).filter_by(**wanted).order_by(cls._model.id)
        there = [row.id for row in query.all()]
        held = {item.__dict__.get("id"): item for item in self.elements}
        nascent = [item for item in self.elements if item.__dict__.get("id") is None]
        self.elements[:] = [held.get(number) or self._of(number, index) for index, number in enumerate(there)]
        self.elements.extend(nascent)
        self._renumber()
        self.__dict__["there_are_any"] = bool(self.elements)

    def _of(self, number: Any, index: int) -> Any:
        return self.object_type.by_id(number, self.item_name(index))

    def _taken_out(self, *items: Any) -> None:
        for item in items:
            item.db_delete()
        super()._taken_out(*items)


@public_in(SQL)
class SQLRelationshipList(SQLObjectList):
    """The relations of one object: `.using(object_type=Membership, parent=club)`, or `child=`."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """New items are relations of the same object."""
        super().init(*arguments, **attributes)
        side, one = self._one()
        if one is not None:
            self.object_type_parameters[side[1]] = one

    def _one(self) -> tuple[Any, Any]:
        cls = self.object_type
        if self.__dict__.get("parent") is not None:
            return cls._parent, self.parent
        if self.__dict__.get("child") is not None:
            return cls._child, self.child
        return None, None

    def _wanted(self) -> dict[str, Any] | None:
        side, one = self._one()
        if one is None or not one.ready():
            return None
        return {side[2]: one.id}


@public_in(SQL)
class StandardRelationshipList(SQLRelationshipList):
    """The same, to be shown in a table and added to one by one: it counts as gathered."""

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """Items are complete once `complete` is."""
        super().init(*arguments, **{"complete_attribute": "complete", **attributes})
        self.__dict__.update(gathered=True, there_is_another=False)

    def reset_gathered(self, *_: Any, **__: Any) -> None:
        """It stays gathered."""


def _number(thing: Any) -> Any:
    if not thing.ready():
        raise DAException(f"{thing.instanceName} has no row yet: it cannot be related to anything")
    return thing.id
