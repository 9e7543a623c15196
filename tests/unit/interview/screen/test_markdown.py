"""Markdown behaves as interviews expect it of Python-Markdown (spec/area4 §7.2)."""

from __future__ import annotations

import re

import pytest

from shared.interview.documents.markdown_typography import curl
from shared.interview.screen.markdown import to_html, to_plain_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('"Hello," he said.', "“Hello,” he said."),
        ("What's your name?", "What’s your name?"),
        ("the '90s and rock 'n' roll", "the ’90s and rock ‘n’ roll"),
        ('("quoted")', "(“quoted”)"),
        ("one -- two --- three...", "one – two — three…"),
        ("See -- https://a.example/go?to=x--y...", "See – https://a.example/go?to=x--y…"),
        ("Joe's \"dog's\" bowl", "Joe’s “dog’s” bowl"),
        ('He said "no".', "He said “no”."),
    ],
)
def test_straight_typography_becomes_curly(written: str, shown: str) -> None:
    assert curl(written) == shown
    assert to_html(written, trims=True) == shown


def test_quotes_around_emphasis_are_curled_by_the_words_inside() -> None:
    assert to_html('"*word*"', trims=True) == "“<em>word</em>”"


def test_quotes_in_code_and_attributes_stay_straight() -> None:
    assert to_html('`"x"` <b class="y">z</b>', trims=True) == '<code>&quot;x&quot;</code> <b class="y">z</b>'


def test_plain_text_becomes_a_paragraph() -> None:
    assert to_html("How are you?") == "<p>How are you?</p>"


def test_trimming_takes_the_paragraph_off_one_paragraph_only() -> None:
    assert to_html("One *two*", trims=True) == "One <em>two</em>"
    assert to_html("One\n\nTwo", trims=True) == "<p>One</p>\n<p>Two</p>"


def test_a_list_does_not_interrupt_a_paragraph() -> None:
    assert "<ul>" not in to_html("Text\n* item")
    assert "<ul>" in to_html("Text\n\n* item")


def test_lists_nest() -> None:
    made = to_html("* a\n* b\n    * c")
    assert made.count("<ul>") == 2


@pytest.mark.parametrize("label", ["1) first", "-", "+", "*", "2.", "1.", "#hashtag is fine too"[1:]])
def test_labels_that_only_look_like_lists_stay_as_written(label: str) -> None:
    assert to_html(label, trims=True) == label


def test_bold_may_end_before_a_letter() -> None:
    assert to_html("**Name:**Ann", trims=True) == "<strong>Name:</strong>Ann"


def test_lonely_asterisks_stay() -> None:
    assert to_html("2 * 3 * 4", trims=True) == "2 * 3 * 4"


def test_raw_html_keeps_its_blank_lines_up_to_its_closing_tag() -> None:
    made = to_html('<div class="x">\n\n* raw\n\n</div>\n\n*after*')
    assert made == '<div class="x">\n\n* raw\n\n</div>\n<p><em>after</em></p>'


def test_html_marked_as_markdown_is_read_inside() -> None:
    assert "<li>a</li>" in to_html('<div markdown="1">\n\n* a\n* b\n\n</div>')
    assert to_html('<div class="y" markdown="1">*x*</div>').replace("\n", "") == '<div class="y"><em>x</em></div>'


def test_tables_are_wrapped_and_dressed() -> None:
    made = to_html("a | b\n:-- | --:\n1 | 2", table_class="table mine, thead-dark")
    assert '<div class="table-responsive"><table class="table mine">' in made
    assert '<thead class="thead-dark">' in made
    assert '<td class="text-end text-right">2</td>' in made


def test_attribute_lists_reach_blocks_headings_and_links() -> None:
    assert to_html("para\n{: .red }") == '<p class="red">para</p>'
    assert to_html("# H {: #me .big }") == '<h1 id="me" class="big">H</h1>'
    assert to_html("[l](http://x.y){: .btn}", trims=True) == '<a href="http://x.y" class="btn">l</a>'


def test_attribute_lists_do_not_carry_scripts() -> None:
    assert "onclick" not in to_html('para\n{: onclick="x()" }')


def test_markdown_links_run_no_scripts_unless_the_author_wrote_them() -> None:
    assert "href" not in to_html("[x](javascript:alert(1))")
    assert 'href="javascript:go()"' in to_html("[x](javascript:go())", allows_javascript_links=True)
    assert "href" not in to_html("[x](data:text/html;base64,PHNjcmlwdD4=)")


def test_footnotes_are_numbers_that_lead_to_the_note_and_back() -> None:
    made = to_html("word[^1] and[^why] again[^1]\n\n[^1]: explained\n[^why]: *because*")
    assert '<p>word<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup> and' in made
    assert '<sup id="fnref:why"><a class="footnote-ref" href="#fn:why">2</a></sup>' in made
    assert '<sup id="fnref2:1"><a class="footnote-ref" href="#fn:1">1</a></sup>' in made
    first, second = made.split("<li id=")[1:]
    assert first.startswith('"fn:1"><p>explained')
    assert 'href="#fnref:1"' in first
    assert 'href="#fnref2:1"' in first
    assert second.startswith('"fn:why"><p><em>because</em>')
    assert 'class="footnote-backref" href="#fnref:why"' in second
    assert "[" not in made


def test_plain_text_of_html() -> None:
    assert to_plain_text("<p>Hello <b>you</b> &amp; me</p>") == "Hello you & me"


def test_an_empty_first_cell_stays_where_it_is() -> None:
    made = to_html("Fruit | Colour\n------|-------\n | red\n| blue\npear | green\n\n| not a row")
    assert re.findall(r"<td>(.*?)</td>", made) == ["", "red", "", "blue", "pear", "green"]
    assert "<p>| not a row</p>" in made
    edged = to_html("| A | B |\n|---|---|\n| 1 | 2 |")
    assert re.findall(r"<td>(.*?)</td>", edged) == ["1", "2"]
