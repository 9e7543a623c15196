"""RelationshipTree: who is what to whom. What an object may ask of it is in related.py.

One between peers (spouses, neighbours) looks the same from every side; a directed one has a parent and a child.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject


@public
class RelationshipPeer(DAObject):
    """Objects that are the same to each other: `peers`, `relationship_type`."""

    def involves(self, thing: Any) -> bool:
        """Whether the object is one of them."""
        return any(peer is thing for peer in self.peers)


@public
class RelationshipDir(DAObject):
    """A parent and a child: `parent`, `child`, `relationship_type`."""

    def involves(self, thing: Any) -> bool:
        """Whether the object is one of the two."""
        return self.parent is thing or self.child is thing


@public
class RelationshipTree(DAObject):
    """All relationships that are known. Nothing of it is asked for."""

    relationships_dir: list[RelationshipDir]
    relationships_peer: list[RelationshipPeer]

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """A tree without relationships; what it holds are lists of plain references."""
        self.__dict__.update(relationships_dir=[], relationships_peer=[])
        super().init(*arguments, **attributes)

    def add_relationship_peer(self, *peers: Any, relationship_type: Any = None) -> RelationshipPeer:
        """Note that objects are peers; gives the relationship, also when it was known."""
        if len(peers) < 2:
            raise DAError("A relationship between peers needs at least two of them")
        for known in self.query_peer(relationship_type=relationship_type):
            if len(known.peers) == len(peers) and all(known.involves(peer) for peer in peers):
                return known
        made = RelationshipPeer(self._next("peer"), peers=list(peers), relationship_type=relationship_type)
        self.relationships_peer.append(made)
        return made

    def add_relationship_dir(
        self, parent: Any = None, child: Any = None, relationship_type: Any = None
    ) -> RelationshipDir:
        """Note that one object is the parent of another; gives the relationship, also when it was known."""
        if parent is None or child is None:
            raise DAError("A directed relationship needs a parent and a child")
        for known in self.query_dir(parent=parent, child=child, relationship_type=relationship_type):
            return known
        made = RelationshipDir(self._next("dir"), parent=parent, child=child, relationship_type=relationship_type)
        self.relationships_dir.append(made)
        return made

    def _next(self, kind: str) -> str:
        return f"{self.instanceName}.relationships_{kind}[{len(self.__dict__['relationships_' + kind])}]"

    def query_peer(self, *involved: Any, relationship_type: Any = None) -> Iterator[RelationshipPeer]:
        """Relationships between peers that have all these objects in them, of one type or any."""
        for known in list(self.relationships_peer):
            if _is_of(known, relationship_type) and all(known.involves(thing) for thing in involved):
                yield known

    def query_dir(
        self, *involved: Any, parent: Any = None, child: Any = None, relationship_type: Any = None
    ) -> Iterator[RelationshipDir]:
        """Directed relationships with this parent, this child, or these objects on either side."""
        for known in list(self.relationships_dir):
            if (
                _is_of(known, relationship_type)
                and all(known.involves(thing) for thing in involved)
                and (parent is None or known.parent is parent)
                and (child is None or known.child is child)
            ):
                yield known

    def delete_peer(self, *relationships: RelationshipPeer) -> None:
        """Forget relationships between peers."""
        self.relationships_peer = _without(self.relationships_peer, relationships)
        self._renumber("peer")

    def delete_dir(self, *relationships: RelationshipDir) -> None:
        """Forget directed relationships."""
        self.relationships_dir = _without(self.relationships_dir, relationships)
        self._renumber("dir")

    def _renumber(self, kind: str) -> None:
        for place, known in enumerate(self.__dict__["relationships_" + kind]):
            known.set_instance_name(f"{self.instanceName}.relationships_{kind}[{place}]")


def _is_of(known: Any, relationship_type: Any) -> bool:
    return relationship_type is None or known.relationship_type == relationship_type


def _without(known: list[Any], gone: tuple[Any, ...]) -> list[Any]:
    return [relationship for relationship in known if all(relationship is not other for other in gone)]
