"""Browser libraries are fetched as the lock file says, or not at all."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from services.gateway import assets


def tarball(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name.replace('__', '/')}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def package(body: bytes, **files: str) -> assets.Package:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    return assets.Package(name="@scope/thing", version="1.2.3", license="MIT", integrity=integrity, files=files)


def test_only_the_files_named_by_the_lock_are_unpacked(tmp_path: Path) -> None:
    body = tarball(thing="1", other="2")
    assets.unpack(package(body, **{"package/thing": "thing/own"}), body, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["thing/own"]


def test_a_changed_tarball_is_refused() -> None:
    body = tarball(thing="1")
    assets.verify(body, package(body).integrity)
    with pytest.raises(assets.IntegrityMismatch):
        assets.verify(body + b"x", package(body).integrity)


def test_a_file_that_is_not_in_the_tarball_is_named(tmp_path: Path) -> None:
    body = tarball(thing="1")
    with pytest.raises(assets.LockedFileMissing, match="package/gone"):
        assets.unpack(package(body, **{"package/gone": "x"}), body, tmp_path)


def test_the_registry_is_the_one_that_npm_is_told_to_use(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("fund=false\nregistry=https://mirror.example/npm/\n")
    assert assets.registry_of({"npm_config_registry": "https://own.example"}, [tmp_path]) == "https://own.example"
    assert assets.registry_of({}, [tmp_path]) == "https://mirror.example/npm/"
    assert assets.registry_of({}, [tmp_path / "nowhere"]) == assets.PUBLIC_REGISTRY


def test_tarballs_have_the_address_that_registries_give_them() -> None:
    address = package(b"").tarball_address("https://mirror.example/npm/")
    assert address == "https://mirror.example/npm/@scope/thing/-/thing-1.2.3.tgz"


def test_an_address_in_an_error_shows_no_password() -> None:
    with pytest.raises(assets.AssetsUnavailable) as caught:
        assets.download("ftp://user:secret@mirror.example/x.tgz")
    assert "secret" not in str(caught.value)


def test_the_lock_names_no_address() -> None:
    assert "http" not in assets.LOCK_FILE.read_text()
    assert all(one.integrity.startswith("sha512-") for one in assets.read_lock().packages)
