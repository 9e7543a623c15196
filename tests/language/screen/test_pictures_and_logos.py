"""Pictures with names of their own, who made them, and what stands in the bar (spec/area4 §2.1, §7.3)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Open = Callable[[str], Play]
_SETS = """
image sets:
  crowd:
    attribution: |
      Drawn by [Ann](https://pictures.example.com).
    images:
      baby: crawling.svg
      people: users.svg
  unused:
    attribution: Drawn by Bob.
    images:
      clock: clock.svg
---
images:
  money: bills.svg
---
"""


def at(name: str) -> str:
    return f"/packagestatic/play/{name}"


def test_a_picture_of_a_set_stands_in_texts_and_beside_the_heading(play: Open) -> None:
    it = play(
        f"""{_SETS}
mandatory: True
question: |
  How many :people:?
subquestion: |
  Not :money: but [EMOJI baby, 3em].
decoration: baby
"""
    )
    assert at("users.svg") in it.screen.question_html
    assert it.screen.question_text == "How many ?"
    assert at("bills.svg") in it.screen.subquestion_html
    assert at("crawling.svg") in it.screen.subquestion_html
    assert "width: 3em" in it.screen.subquestion_html
    assert at("crawling.svg") in it.screen.decoration_html


def test_choices_have_pictures_of_sets(play: Open) -> None:
    it = play(
        f"""{_SETS}
question: Who?
field: who
buttons:
  - Baby: small
    image: baby
  - Money: rich
    image: money
  - Nobody: none
---
mandatory: True
code: |
  who
"""
    )
    baby, money, nobody = it.screen.buttons
    assert at("crawling.svg") in baby.icon_html
    assert at("bills.svg") in money.icon_html
    assert nobody.icon_html == ""


def test_who_drew_a_set_is_named_where_one_of_its_pictures_is_seen_and_nowhere_else(play: Open) -> None:
    it = play(
        f"""{_SETS}
mandatory: True
question: |
  One
subquestion: |
  :people: and [EMOJI baby] and :people:
continue button field: first
---
mandatory: True
question: Two :money:
continue button field: second
""".replace("question: Two :money:", "question: |\n  Two :money:")
    )
    assert it.screen.attributions_html.count("Drawn by") == 1
    assert '<a href="https://pictures.example.com" target="_blank" ' in it.screen.attributions_html
    it.post_inputs({})
    assert it.screen.question_text == "Two"
    assert it.screen.attributions_html == ""


def test_the_bar_has_a_logo_and_a_short_one_for_small_screens_by_language(play: Open) -> None:
    it = play(
        """
metadata:
  title: Long title
  short title: Short
  logo:
    en: <img src="/packagestatic/play/long.png">
    es: <img src="/packagestatic/play/largo.png">
  short logo: <img src="/packagestatic/play/short.png">
---
mandatory: True
question: One
continue button field: one
---
mandatory: True
code: |
  set_language('es')
  set_parts(short_logo='<b>s</b>')
  two
---
question: Two
continue button field: two
"""
    )
    assert (it.screen.logo_html, it.screen.short_logo_html) == (
        '<img src="/packagestatic/play/long.png">',
        '<img src="/packagestatic/play/short.png">',
    )
    it.post_inputs({})
    assert "largo.png" in it.screen.logo_html
    assert it.screen.short_logo_html == "<b>s</b>"


def test_a_choice_may_have_an_icon_of_the_page_as_texts_have_them(play: Open) -> None:
    it = play(
        f"""{_SETS}
question: Which?
field: which
buttons:
  - House: house
    image: home
  - Site: site
    image: fab-fa-github
  - Baby: baby
    image: baby
  - Other: other
    image: no icon
---
mandatory: True
code: |
  which
"""
    )
    house, site, baby, other = (button.icon_html for button in it.screen.buttons)
    assert 'class="fas fa-home"' in house
    assert 'class="fab fa-github"' in site
    assert at("crawling.svg") in baby
    assert other == ""
