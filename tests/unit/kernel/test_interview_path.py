"""Files of interview packages are found by references that may come from anybody's address."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shared.kernel.errors import Refused
from shared.kernel.interview_path import InterviewPath, UnknownPackageFile


@pytest.fixture
def path(tmp_path: Path) -> InterviewPath:
    """Two packages with an interview each, a secret beside the data of one and another beside both."""
    for package in ("forms", "other"):
        questions = tmp_path / package / "data" / "questions"
        questions.mkdir(parents=True)
        (questions / "intake.yml").write_text("question: Hello\n")
    static = tmp_path / "forms" / "data" / "static"
    static.mkdir()
    (static / "logo.svg").write_text("<svg/>")
    (tmp_path / "forms" / "secret.txt").write_text("secret")
    (tmp_path / "secret.yml").write_text("question: Hello\n")
    return InterviewPath.of([tmp_path / "missing", tmp_path])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package on Python's path, inside a package whose import would be seen."""
    inner = tmp_path / "site" / "outer_of_tests" / "forms"
    (inner / "data" / "questions").mkdir(parents=True)
    (inner / "data" / "questions" / "intake.yml").write_text("question: Hello\n")
    for folder in (inner, inner.parent):
        (folder / "__init__.py").write_text("raise AssertionError('it was imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return "outer_of_tests.forms"


@pytest.mark.parametrize(
    "reference", ["forms:intake.yml", "forms:questions/intake.yml", "forms:data/questions/intake.yml"]
)
def test_short_forms_name_the_same_file(path: InterviewPath, reference: str) -> None:
    assert path.find(reference).reference == "forms:data/questions/intake.yml"


def test_static_files_are_found_in_their_section(path: InterviewPath) -> None:
    assert path.find("forms:logo.svg", section="static").name == "logo.svg"


@pytest.mark.parametrize("reference", ["forms:nothing.yml", "nobody:intake.yml"])
def test_what_is_not_there_is_named(path: InterviewPath, reference: str) -> None:
    with pytest.raises(UnknownPackageFile, match=reference.partition(":")[0]):
        path.find(reference)


def test_all_interviews_of_the_path_are_listed_in_order(path: InterviewPath) -> None:
    assert [found.reference for found in path.interviews()] == [
        "forms:data/questions/intake.yml",
        "other:data/questions/intake.yml",
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "forms:../../secret.txt",
        "forms:data/questions/../../../secret.txt",
        "forms:../../../secret.yml",
        "forms:data/questions/../../../../secret.yml",
        "..:secret.yml",
        "forms:/etc/passwd",
        "../forms:intake.yml",
        "forms..:intake.yml",
        "forms:\0",
        "forms:" + "a" * 300,
        "a" * 300 + ":intake.yml",
        "forms:" + "a/" * 3000,
        "forms:",
        "forms",
        "intake.yml",
        "",
    ],
)
def test_what_names_no_file_of_a_package_is_refused(path: InterviewPath, reference: str) -> None:
    with pytest.raises(Refused):
        path.find(reference)


def test_an_installed_package_is_found_without_running_its_code(path: InterviewPath, installed: str) -> None:
    found = path.find(f"{installed}:intake.yml")
    assert found.reference == f"{installed}:data/questions/intake.yml"
    assert "outer_of_tests" not in sys.modules


@pytest.mark.parametrize("package", ["this.x", "antigravity.x", "sys.x", "no_such_package.x"])
def test_a_reference_never_imports_anything(path: InterviewPath, package: str) -> None:
    before = set(sys.modules)
    with pytest.raises(Refused):
        path.find(f"{package}:intake.yml")
    assert set(sys.modules) - before == set()
