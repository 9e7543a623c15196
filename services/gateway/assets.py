"""Fetch the browser libraries that the pages use: `python -m services.gateway.assets`.

The lock file beside this module pins name, version and integrity; the tarballs come from the npm registry, and nothing
is unpacked that the lock file does not name. No node is needed, and nothing of it is kept in the repository.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict

from shared.kernel.errors import ColloquyError, Unavailable

LOCK_FILE = Path(__file__).with_name("assets.lock.json")
VENDOR = Path(__file__).with_name("static") / "vendor"
PUBLIC_REGISTRY = "https://registry.npmjs.org/"
_STAMP = ".fetched.json"
_LARGEST_TARBALL = 32 * 1024 * 1024
_PATIENCE_SECONDS = 60.0

Fetch = Callable[[str], bytes]


class AssetsUnavailable(Unavailable):
    """The npm registry did not hand out a browser library."""


class IntegrityMismatch(ColloquyError):
    """A browser library is not the one that the lock file names; nothing of it was unpacked."""


class LockedFileMissing(ColloquyError):
    """A browser library lacks a file that the lock file names."""


class Package(BaseModel):
    """One pinned package, and where each of its files that we need goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    license: str
    integrity: str
    files: dict[str, str]

    def tarball_address(self, registry: str) -> str:
        """Where npm registries serve this version: `<registry>/<name>/-/<last part of the name>-<version>.tgz`."""
        return f"{registry.rstrip('/')}/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"


class Lock(BaseModel):
    """The lock file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    packages: tuple[Package, ...]


def read_lock(path: Path = LOCK_FILE) -> Lock:
    """The pinned packages."""
    return Lock.model_validate_json(path.read_bytes())


def registry_of(environment: dict[str, str], homes: Sequence[Path]) -> str:
    """The registry npm would use: its environment variable, else the first `.npmrc` that names one, else the public."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if environment.get(name):
            return environment[name]
    for home in homes:
        settings = home / ".npmrc"
        if not settings.is_file():
            continue
        for line in settings.read_text(encoding="utf-8", errors="replace").splitlines():
            key, equals, value = line.partition("=")
            if equals and key.strip() == "registry":
                return value.strip().strip("\"'")
    return PUBLIC_REGISTRY


def verify(tarball: bytes, integrity: str) -> None:
    """Compare with a Subresource Integrity text. Raises IntegrityMismatch."""
    algorithm, _, expected = integrity.partition("-")
    if algorithm not in ("sha512", "sha384"):
        raise IntegrityMismatch(f"The lock file uses {algorithm}, which is not accepted.")
    found = base64.b64encode(hashlib.new(algorithm, tarball).digest()).decode()
    if found != expected:
        raise IntegrityMismatch(f"Expected {algorithm}-{expected}, found {algorithm}-{found}.")


def unpack(package: Package, tarball: bytes, folder: Path) -> None:
    """Write exactly the files that the lock file names. Raises LockedFileMissing."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for source, target in package.files.items():
            try:
                stream = archive.extractfile(source)
            except KeyError:
                stream = None
            if stream is None:
                raise LockedFileMissing(f"{package.name} {package.version}: {source}")
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(path.suffix + ".part")
            partial.write_bytes(stream.read())
            partial.replace(path)


def download(address: str) -> bytes:
    """Get one tarball. Raises AssetsUnavailable."""
    shown = _without_password(address)
    if not address.startswith(("https://", "http://")):
        raise AssetsUnavailable(f"{shown} is not a web address.")
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - scheme checked above
            body: bytes = answer.read(_LARGEST_TARBALL + 1)
    except (urllib.error.URLError, OSError) as error:
        raise AssetsUnavailable(f"{shown}: {error}. Set npm_config_registry to one that can be reached.") from error
    if len(body) > _LARGEST_TARBALL:
        raise AssetsUnavailable(f"{shown} is larger than {_LARGEST_TARBALL} bytes.")
    return body


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def are_present(folder: Path = VENDOR, lock_file: Path = LOCK_FILE) -> bool:
    """Whether everything in the lock file has been fetched, in these very versions."""
    lock = read_lock(lock_file)
    stamp = folder / _STAMP
    if not stamp.is_file() or stamp.read_bytes() != _stamp_of(lock):
        return False
    return all((folder / target).is_file() for package in lock.packages for target in package.files.values())


def fetch_all(
    registry: str,
    *,
    folder: Path = VENDOR,
    lock_file: Path = LOCK_FILE,
    fetch: Fetch = download,
    tell: Callable[[str], None],
) -> None:
    """Fetch, verify and unpack every package. Raises AssetsUnavailable, IntegrityMismatch, LockedFileMissing."""
    lock = read_lock(lock_file)
    for number, package in enumerate(lock.packages, 1):
        tell(f"[{number}/{len(lock.packages)}] {package.name} {package.version} …")
        tarball = fetch(package.tarball_address(registry))
        verify(tarball, package.integrity)
        unpack(package, tarball, folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STAMP).write_bytes(_stamp_of(lock))


def _stamp_of(lock: Lock) -> bytes:
    return orjson.dumps({package.name: package.integrity for package in lock.packages})


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when the libraries are there, 1 with a sentence when they could not be had."""
    parser = argparse.ArgumentParser(prog="python -m services.gateway.assets", description=__doc__)
    parser.add_argument("--force", action="store_true", help="fetch again although everything is there")
    options = parser.parse_args(arguments)
    if are_present() and not options.force:
        sys.stdout.write("Browser libraries are up to date.\n")
        return 0

    def tell(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        fetch_all(registry_of(dict(os.environ), (Path.cwd(), Path.home())), tell=tell)
    except ColloquyError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    tell(f"Browser libraries are in {VENDOR}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
