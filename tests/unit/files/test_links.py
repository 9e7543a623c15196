"""Temporary addresses of files: until when they open, and what they give away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.links import LinkEnded, make_link, open_link
from shared.files.records import OpenFile
from shared.kernel.clock import ManualClock
from shared.kernel.ids import random_bytes

FILE = OpenFile(
    number=7, filename="a.pdf", mimetype="application/pdf", contents=StoredContents("place/of/it", random_bytes(32), 11)
)


def test_an_address_opens_its_file_until_its_time_is_over_and_not_after(
    server_keys: ServerKeys, clock: ManualClock
) -> None:
    sealer, start = server_keys.at_rest, clock.now()
    link = make_link(FILE, sealer=sealer, now=start, seconds=30, is_attachment=True)
    opened = open_link(link, sealer=sealer, now=start + timedelta(seconds=30))
    assert (opened.file, opened.is_attachment) == (FILE, True)
    with pytest.raises(LinkEnded):
        open_link(link, sealer=sealer, now=start + timedelta(seconds=30, milliseconds=1))


def test_an_address_tells_nothing_and_cannot_be_changed(server_keys: ServerKeys, clock: ManualClock) -> None:
    sealer = server_keys.at_rest
    link = make_link(FILE, sealer=sealer, now=clock.now(), seconds=30, is_attachment=False)
    assert "a.pdf" not in link
    for place in range(0, len(link), 7):
        changed = link[:place] + ("A" if link[place] != "A" else "B") + link[place + 1 :]
        with pytest.raises(LinkEnded):
            open_link(changed, sealer=sealer, now=clock.now())
    for made_up in ("", "A", "é", "A" * 400):
        with pytest.raises(LinkEnded):
            open_link(made_up, sealer=sealer, now=clock.now())
