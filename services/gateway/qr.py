"""QR codes as pictures inside a page."""

from __future__ import annotations

import segno


def svg_address(text: str) -> str:
    """A `data:` address of the QR code of a text."""
    address: str = segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=2, light="#fff")
    return address
