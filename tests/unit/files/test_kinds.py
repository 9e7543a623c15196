"""What a file is taken for, and what it may be called."""

from __future__ import annotations

import pytest

from shared.files.kinds import UNKNOWN, mimetype_of, safe_name


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("letter.docx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("page.html", b"<html>", "text/html"),
        ("notes.MD", b"# hi", "text/markdown"),
        ("picture.png", b"<script>", UNKNOWN),
        ("nothing", b"\x00", UNKNOWN),
    ],
)
def test_the_first_bytes_count_more_than_the_name(name: str, head: bytes, kind: str) -> None:
    assert mimetype_of(name, head) == kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("photo.png", "photo.png"),
        ("C:\\Users\\me\\photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ('a"b\r\nc.txt', "a_b_c.txt"),
        ("Übergröße.pdf", "Übergröße.pdf"),
        ("", "file"),
        ("...", "file"),
        (".png", "png"),
    ],
)
def test_a_name_is_fit_for_headers_and_file_systems(given: str, name: str) -> None:
    assert safe_name(given) == name


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("x" * 500 + ".pdf").endswith("x.pdf")
    assert len(safe_name("x" * 500 + ".pdf")) == 120
