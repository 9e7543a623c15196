"""Pictures for Word and RTF files: they look as they did, whatever their heads say."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.interview.documents.markdown_pictures import for_word

RED = (220, 30, 40)


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG all red."""
    out = io.BytesIO()
    Image.new("RGB", (32, 16), RED).convert(mode).save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def without_head(contents: bytes) -> bytes:
    """A JPEG without its first marker, which says what it is."""
    return contents[:2] + contents[4 + int.from_bytes(contents[4:6]) :]


def with_adobe_marker(contents: bytes, transform: int) -> bytes:
    """The same with Adobe's marker for its head (ITU-T T.872 §6.5.3)."""
    marker = bytes.fromhex("ffee 000e") + b"Adobe" + bytes.fromhex("0064 0000 0000") + bytes([transform])
    return contents[:2] + marker + without_head(contents)[2:]


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param(jpeg(keep_rgb=True), id="RGB by Adobe's marker"),
        pytest.param(without_head(jpeg(keep_rgb=True)), id="RGB by the names of components"),
        pytest.param(with_adobe_marker(jpeg(), 1), id="YCbCr by Adobe's marker"),
        pytest.param(without_head(jpeg()), id="no head"),
        pytest.param(jpeg(), id="JFIF"),
        pytest.param(jpeg("CMYK"), id="CMYK"),
        pytest.param(without_head(jpeg("CMYK")), id="CMYK without a head"),
    ],
)
def test_a_jpeg_keeps_its_colors(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(contents)
    made = for_word(tmp_path / "a.jpg")
    assert made is not None
    assert made[0][6:10] == b"JFIF"
    with Image.open(io.BytesIO(contents)) as before, Image.open(io.BytesIO(made[0])) as after:
        wanted: Any = before.convert("RGB").getpixel((8, 8))
        seen: Any = after.convert("RGB").getpixel((8, 8))
    assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 4


def test_a_jpeg_in_rgb_keeps_its_profile(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(keep_rgb=True, icc_profile=b"of a camera"))
    made = for_word(tmp_path / "a.jpg")
    assert made is not None
    with Image.open(io.BytesIO(made[0])) as after:
        assert after.info["icc_profile"] == b"of a camera"
