"""Square-bracket markup, terms and links (spec/area4 §7.2 to §7.4, spec/area1 §16)."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from shared.interview.screen.links import Site, finish_links
from shared.interview.screen.markdown import to_html
from shared.interview.screen.markup import target_name, translate, width_style
from shared.interview.screen.terms import Terms, mark_terms
from shared.interview.screen.texts import StaticPictures

PICTURES = StaticPictures({"smile": ("demo:data/static/smile.png", "By *Ann*")}, "demo", "http://here/")
SITE = Site(root="http://here/", page="http://here/interview")


def shown(text: str) -> str:
    return to_html(translate(text, PICTURES))


def test_a_target_is_an_empty_span_named_by_letters_digits_and_underscores() -> None:
    assert shown("Hi [TARGET my-target] you") == '<p>Hi <span class="datargetmytarget"></span> you</p>'
    assert target_name("a b-c_1") == "abc_1"


def test_layout_marks_of_documents_vanish() -> None:
    assert shown("a[PAGEBREAK]b") == "<p>ab</p>"


def test_breaks_and_blanks() -> None:
    assert shown("a[BR]b[NBSP]c") == "<p>a<br>b\u00a0c</p>"


def test_centred_paragraphs() -> None:
    assert shown("[CENTER] Title\n\nText") == '<p class="text-center">Title</p>\n<p>Text</p>'
    assert shown("[INDENTBY 1in] Text") == '<p style="padding-left: 1in;">Text</p>'


@pytest.mark.parametrize(
    ("code", "ratio", "host"),
    [
        ("YOUTUBE", "16x9", "www.youtube-nocookie.com"),
        ("YOUTUBE4:3", "4x3", "www.youtube-nocookie.com"),
        ("YOUTUBE16:9", "16x9", "www.youtube-nocookie.com"),
        ("VIMEO", "16x9", "player.vimeo.com"),
        ("VIMEO4:3", "4x3", "player.vimeo.com"),
    ],
)
def test_films_have_the_shape_their_code_says(code: str, ratio: str, host: str) -> None:
    made = shown(f"[{code} abc-1]")
    assert f"ratio-{ratio}" in made
    assert f'src="https://{host}/' in made
    assert shown(f'[{code} a"b]').count("iframe") == 0


def test_lines_with_a_bar_keep_their_breaks() -> None:
    assert shown("| one\n| two").count("<br>") == 2


def test_two_columns_hold_markdown() -> None:
    made = shown("[BEGIN_TWOCOL] *a* [BREAK] b [END_TWOCOL]")
    assert made.count('<div class="col">') == 2
    assert "<em>a</em>" in made


def test_pictures_by_name_file_and_number() -> None:
    assert 'src="http://here/packagestatic/demo/smile.png"' in shown("[FILE smile, 50%, A smile]")
    assert 'alt="A smile"' in shown("[FILE smile, 50%, A smile]")
    assert 'style="width: 50%;"' in shown("[FILE smile, 50%, A smile]")
    assert 'src="http://here/packagestatic/other/x.jpg"' in shown("[FILE other:x.jpg]")
    assert 'src="http://here/uploadedfile/12"' in shown("[FILE 12, 100px]")


def test_a_file_that_is_no_picture_is_a_link() -> None:
    assert '<a href="http://here/packagestatic/demo/form.pdf" target="_blank">form.pdf</a>' in shown("[FILE form.pdf]")


def test_emoji_by_name() -> None:
    assert "smile.png" in shown("I :smile: at you")
    assert shown("at 10:30:15 :other:") == "<p>at 10:30:15 :other:</p>"
    assert shown("[NO_EMOJIS]I :smile:") == "<p>I :smile:</p>"


def test_videos_take_an_identifier_only() -> None:
    assert "youtube-nocookie.com/embed/abc_1" in shown("[YOUTUBE abc_1]")
    assert "<iframe" not in shown('[YOUTUBE x" onload="y]')


def test_unknown_marks_stay() -> None:
    assert shown("[SOMETHING else] [x]") == "<p>[SOMETHING else] [x]</p>"


def test_embedded_inputs_are_named_like_their_field() -> None:
    name = base64.b64encode(b"user.name").decode().rstrip("=")
    assert f'<span class="da-embedded-field" data-input-name="{name}"></span>' in shown("[FIELD user.name]")


@pytest.mark.parametrize(
    ("width", "css"), [("full", "width: 100%;"), ("2in", "width: 2in;"), ("40", "width: 40px;"), ("x", "")]
)
def test_widths(width: str, css: str) -> None:
    assert width_style(width) == css


def test_explicit_terms_become_popovers() -> None:
    made = mark_terms("<p>A {lease} and a {lease|rental}</p>", Terms({"lease": '<p>A "deal"</p>'}))
    assert made.count('class="daterm"') == 2
    assert ">rental</a>" in made
    assert "&lt;p&gt;A &quot;deal&quot;&lt;/p&gt;" in made


def test_automatic_terms_are_whole_words_outside_of_links() -> None:
    made = mark_terms('<p>Lease releases <a href="x">lease</a></p>', Terms(automatic={"lease": "d"}))
    assert made.count('class="daterm"') == 1
    assert ">Lease</a>" in made


def test_braces_that_are_no_terms_stay() -> None:
    assert mark_terms("<p>{other}</p>", Terms({"lease": "d"})) == "<p>{other}</p>"


def test_outside_links_open_beside_the_interview() -> None:
    assert 'target="_blank"' in finish_links('<a href="https://else.where/">x</a>', SITE)
    assert "target" not in finish_links('<a href="/interview?i=other">x</a>', SITE)
    assert 'target="_self"' in finish_links('<a href="https://else.where/" target="_self">x</a>', SITE)
    assert 'target="_blank"' in finish_links('<a href="http://here/uploadedfile/3">x</a>', SITE)


def test_links_with_an_action_are_sent_by_script() -> None:
    made = finish_links('<a href="http://here/interview?i=demo&amp;action=abc">x</a>', SITE)
    assert 'data-embaction="abc"' in made
    assert 'data-embaction="abc"' in finish_links('<a href="?action=abc">x</a>', SITE)
    assert "data-embaction" not in finish_links('<a href="http://evil/interview?action=abc">x</a>', SITE)


def test_an_action_of_another_interview_or_session_is_a_link_like_any_other() -> None:
    here = replace(SITE, interview="demo:data/questions/a.yml", session="S" * 32)
    own, other = "S" * 32, "T" * 32

    def runs_here(query: str) -> bool:
        made = finish_links(f'<a href="http://here/interview?{query}&amp;action=abc">x</a>', here)
        assert "href=" in made
        return 'data-embaction="abc"' in made

    assert runs_here("i=demo%3Adata%2Fquestions%2Fa.yml")
    assert runs_here(f"i=demo:a.yml&amp;session={own}")
    assert runs_here("fruit=apple")
    assert not runs_here("i=demo:data/questions/b.yml")
    assert not runs_here(f"i=demo:data/questions/a.yml&amp;session={other}")
    assert not runs_here("i=nothing")


def test_script_links_of_authors_become_data() -> None:
    made = finish_links('<a class="b" href="javascript:go(\'1\')">x</a>', SITE)
    assert made == '<a class="b" href="#" data-js="go(&#x27;1&#x27;)">x</a>'


def test_names_of_icons_become_icons_where_the_server_has_them() -> None:
    with_icons = StaticPictures({}, "demo", "http://here/", icons="font awesome")
    assert translate("sleep :bed:", with_icons) == 'sleep <i class="fas fa-bed" aria-hidden="true"></i>'
    assert "fab fa-github" in translate("[EMOJI fab-fa-github]", with_icons)
    assert translate("[EMOJI <b>]", with_icons) == "[&lt;b&gt;]"


def test_a_qr_code_is_a_picture_within_the_page() -> None:
    made = translate("[QR https://example.com/?a=1&b=2, 200px, Scan me]", PICTURES)
    assert made.startswith('<img alt="Scan me" class="daqrcode" style="width: 200px;" src="data:image/svg+xml')
    assert "<script" not in translate('[QR "><script>, 2in]', PICTURES)
