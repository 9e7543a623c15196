"""ZIP archives of files, in folders where they are given in folders."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\\:*?\"<>|]")
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def zip_files(entries: Iterable[tuple[str, Path]], target: Path) -> None:
    """Write an archive of (name within it, file). Names that come twice get a number; none leads out of the archive."""
    taken: set[str] = set()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for wanted, source in entries:
            name = _free(safe_member(wanted), taken)
            taken.add(name.lower())
            info = zipfile.ZipInfo(name, _EARLIEST)  # the same files make the same archive
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with source.open("rb") as given, archive.open(info, "w") as put:
                while piece := given.read(1 << 20):
                    put.write(piece)


def safe_member(name: str) -> str:
    """A name that stays within the archive wherever it is unpacked."""
    parts = [_NOT_IN_NAMES.sub("_", part).strip() for part in name.replace("\\", "/").split("/")]
    kept = [part for part in parts if part.strip(".")]
    return "/".join(kept) or "file"


def _free(name: str, taken: set[str]) -> str:
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    count, free = 1, name
    while free.lower() in taken:
        count += 1
        numbered = f"{stem}_{count}.{ending}" if dot and stem else f"{last}_{count}"
        free = f"{folder}{slash}{numbered}"
    return free
