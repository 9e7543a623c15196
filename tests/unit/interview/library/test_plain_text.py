"""Small changes to texts."""

from shared.interview.library import plain_text


def test_paragraphs() -> None:
    assert plain_text.single_paragraph("one\ntwo\r\nthree") == "one two three"
    assert plain_text.quote_paragraphs("one\n\ntwo") == "> one\n>\n> two"
    assert plain_text.single_to_double_newlines("one\ntwo") == "one\n\ntwo"
    assert plain_text.indent("one\ntwo", by=2) == "  one\n  two"


def test_emphasis_of_nothing_is_nothing() -> None:
    assert plain_text.bold("x") == "**x**"
    assert plain_text.bold("", default="none") == "none"
    assert plain_text.italic(None) == ""


def test_what_is_verbatim_shows_its_marks() -> None:
    assert plain_text.verbatim("*a* [b]") == "\\*a\\* \\[b\\]"


def test_a_text_is_cut_into_lines_of_a_form() -> None:
    assert [plain_text.split("one two three four", [8, 5], part) for part in range(4)] == [
        "one two",
        "three",
        "four",
        "",
    ]


def test_check_boxes_of_forms() -> None:
    assert (plain_text.yesno(True), plain_text.yesno(False), plain_text.yesno(None)) == ("Yes", "No", "")
    assert plain_text.noyes(True) == "No"


def test_a_plain_text_may_have_a_default() -> None:
    assert [plain_text.plain(text, default="none") for text in ("x", "", None, 5)] == ["x", "none", "none", "5"]
    assert plain_text.plain(None) == ""
