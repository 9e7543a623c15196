"""`map_of()` and `[MAP …]`: addresses, without asking anybody for a picture (spec/area4 §7.3)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Open = Callable[[str], Play]


def test_a_map_shows_names_and_addresses_and_seeks_what_they_lack(play: Open) -> None:
    p = play("""
objects:
  - friends: DAList.using(object_type=Individual, there_are_any=True)
  - office: Address
---
mandatory: True
question: Where we are
subquestion: |
  Here:

  ${ map_of(friends, office) }
---
question: Friend
fields:
  - First: friends[i].name.first
  - Street: friends[i].address.address
  - City: friends[i].address.city
  - State: friends[i].address.state
---
question: More?
yesno: friends.there_is_another
---
question: Office
fields:
  - Street: office.address
  - City: office.city
  - State: office.state
""")
    p.fill(
        {
            "friends[i].name.first": "*Ann*",
            "friends[i].address.address": "1 Main St",
            "friends[i].address.city": "Bath",
            "friends[i].address.state": "ME",
        }
    )
    p.press("No")
    p.fill({"office.address": "2 _Side_ St", "office.city": "York", "office.state": "ME"})
    assert p.screen.question_text == "Where we are"
    shown = p.screen.subquestion_html
    assert '<span class="da-place"><strong>*Ann*</strong> 1 Main St, Bath, ME</span>' in shown
    assert '<span class="da-place">2 _Side_ St, York, ME</span>' in shown


def test_a_map_nobody_made_shows_nothing(play: Open) -> None:
    p = play("""
mandatory: True
question: Q
subquestion: "A[MAP bm90IGpzb24]B[MAP bnVsbA==]C${ map_of() }D"
""")
    assert p.screen.subquestion_html == "<p>ABCD</p>"
