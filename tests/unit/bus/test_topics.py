import pytest

from shared.bus.topics import topic_matches


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("session.changed", "session.changed", True),
        ("session.changed", "session.gone", False),
        ("session.*", "session.changed", True),
        ("session.*", "session", False),
        ("*", "session.changed", False),
        ("session.#", "session", True),
        ("session.#", "session.a.b", True),
        ("#.changed", "session.x.changed", True),
        ("#", "anything.at.all", True),
        ("action.*.#.end", "action.crm.end", True),
    ],
)
def test_a_pattern_matches_as_in_a_topic_exchange(pattern: str, topic: str, matches: bool) -> None:
    assert topic_matches(pattern, topic) is matches
