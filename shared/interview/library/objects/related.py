"""What every object may ask of a tree of relationships: whose parent, child, spouse it is (spec/area4 §6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.interview.library.faults import DAError

if TYPE_CHECKING:
    from shared.interview.library.objects.lists import DAList
    from shared.interview.library.objects.relationships import RelationshipDir, RelationshipPeer, RelationshipTree

_SIDES = {"parent": "child", "child": "parent"}


class Related:
    """What every object can ask of a tree of relationships, and add to it."""

    def set_peer_relationship(self, target: Any, relationship_type: Any, tree: RelationshipTree) -> RelationshipPeer:
        """Note that this and another object are peers, e.g. `bob.set_peer_relationship(ann, 'spouse', tree)`."""
        return tree.add_relationship_peer(self, target, relationship_type=relationship_type)

    def is_peer_relation(self, target: Any, relationship_type: Any, tree: RelationshipTree) -> bool:
        """Whether this and another object are peers."""
        return any(tree.query_peer(self, target, relationship_type=relationship_type))

    def get_peer_relation(self, relationship_type: Any, tree: RelationshipTree) -> DAList:
        """The peers of this object, as a gathered list; empty when there are none."""
        found = [
            peer
            for known in tree.query_peer(self, relationship_type=relationship_type)
            for peer in known.peers
            if peer is not self
        ]
        return _listed(found)

    def set_relationship(
        self, target: Any, relationship_type: Any, tree: RelationshipTree, self_is: str = "parent"
    ) -> RelationshipDir:
        """Note a directed relationship; `self_is` says whether this object is the `parent` or the `child`."""
        other = _other_side(self_is)
        return tree.add_relationship_dir(**{self_is: self, other: target}, relationship_type=relationship_type)

    def is_relation(self, target: Any, relationship_type: Any, tree: RelationshipTree, self_is: str = "parent") -> bool:
        """Whether this object is the `parent` (or, by `self_is`, the `child`) of another."""
        other = _other_side(self_is)
        return any(tree.query_dir(**{self_is: self, other: target}, relationship_type=relationship_type))

    def get_relation(self, relationship_type: Any, tree: RelationshipTree, self_is: str = "parent") -> DAList:
        """Those to whom this object is the `parent` (or, by `self_is`, the `child`), as a gathered list."""
        other = _other_side(self_is)
        found = tree.query_dir(**{self_is: self}, relationship_type=relationship_type)
        return _listed([getattr(known, other) for known in found])


def _other_side(self_is: str) -> str:
    if self_is not in _SIDES:
        raise DAError(f"self_is has to be 'parent' or 'child', not {self_is!r}")
    return _SIDES[self_is]


def _listed(found: list[Any]) -> DAList:
    """The objects, each once, under a name no variable has."""
    each = [one for place, one in enumerate(found) if all(one is not other for other in found[:place])]
    from shared.interview.library.objects.lists import DAList

    made = DAList("related", elements=each)
    made.set_random_instance_name()
    return made
