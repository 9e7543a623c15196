"""Who is what to whom."""

from __future__ import annotations

import pickle

import pytest

from shared.interview.library.faults import DAError
from shared.interview.library.objects import DAObject
from shared.interview.library.objects.relationships import RelationshipTree


@pytest.fixture
def tree() -> RelationshipTree:
    return RelationshipTree("tree")


def test_peers_are_each_others(tree: RelationshipTree) -> None:
    ann, bob, cyd = DAObject("ann"), DAObject("bob"), DAObject("cyd")
    known = ann.set_peer_relationship(bob, "spouse", tree)
    assert bob.set_peer_relationship(ann, "spouse", tree) is known
    assert ann.is_peer_relation(bob, "spouse", tree)
    assert bob.is_peer_relation(ann, "spouse", tree)
    assert not ann.is_peer_relation(bob, "neighbor", tree)
    assert not ann.is_peer_relation(cyd, "spouse", tree)
    assert ann.get_peer_relation("spouse", tree).elements == [bob]
    assert cyd.get_peer_relation("spouse", tree).elements == []


def test_a_directed_relationship_has_two_ends(tree: RelationshipTree) -> None:
    mother, child, other = DAObject("mother"), DAObject("child"), DAObject("other")
    known = mother.set_relationship(child, "parentage", tree)
    assert child.set_relationship(mother, "parentage", tree, self_is="child") is known
    mother.set_relationship(other, "parentage", tree)
    assert mother.is_relation(child, "parentage", tree)
    assert not child.is_relation(mother, "parentage", tree)
    assert child.is_relation(mother, "parentage", tree, self_is="child")
    assert mother.get_relation("parentage", tree).elements == [child, other]
    assert child.get_relation("parentage", tree, self_is="child").elements == [mother]
    assert len(mother.get_relation("guardianship", tree)) == 0


def test_a_tree_can_be_searched_and_pruned(tree: RelationshipTree) -> None:
    ann, bob, cyd = DAObject("ann"), DAObject("bob"), DAObject("cyd")
    tree.add_relationship_peer(ann, bob, cyd, relationship_type="neighbors")
    tree.add_relationship_dir(parent=ann, child=bob, relationship_type="employs")
    tree.add_relationship_dir(parent=ann, child=cyd, relationship_type="employs")
    assert [known.relationship_type for known in tree.query_peer(ann, cyd)] == ["neighbors"]
    assert [known.child for known in tree.query_dir(ann, relationship_type="employs")] == [bob, cyd]
    tree.delete_dir(*tree.query_dir(child=bob))
    tree.delete_peer(*tree.query_peer(bob))
    assert [known.child for known in tree.query_dir()] == [cyd]
    assert tree.relationships_dir[0].instanceName == "tree.relationships_dir[0]"
    assert list(tree.query_peer()) == []


def test_what_cannot_be_is_refused_in_words(tree: RelationshipTree) -> None:
    ann = DAObject("ann")
    with pytest.raises(DAError, match="at least two"):
        tree.add_relationship_peer(ann, relationship_type="spouse")
    with pytest.raises(DAError, match="a parent and a child"):
        tree.add_relationship_dir(parent=ann)
    with pytest.raises(DAError, match="'parent' or 'child'"):
        ann.get_relation("spouse", tree, self_is="aunt")


@pytest.mark.usefixtures("importable")
def test_a_stored_tree_still_means_the_same_objects(tree: RelationshipTree) -> None:
    ann, bob = DAObject("ann"), DAObject("bob")
    ann.set_relationship(bob, "employs", tree)
    again_ann, again_bob, again = pickle.loads(pickle.dumps((ann, bob, tree)))
    assert again_ann.get_relation("employs", again)[0] is again_bob
