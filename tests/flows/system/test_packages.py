"""Published interview packages are added, run with what they require, and go again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.flows.system.person import Person
from tests.sites import ROOT, embedded_site

FRUIT = """
metadata:
  title: Fruit
---
include:
  - docassemble.Basket:basket.yml
---
modules:
  - .juice
---
mandatory: True
code: |
  last_screen
---
event: last_screen
question: ${ squeezed('quince') } in ${ basket }
"""
BASKET = "code: |\n  basket = 'a basket'\n"
JUICE = """
from smalllib_of_a_test import louder
from docassemble.base.util import word


def squeezed(what):
    return louder(word(what))
"""


def wheel(folder: Path, name: str, files: Mapping[str, str], *requires: str) -> None:
    """A wheel as a publisher makes it (PEP 427), with just what pip asks for."""
    plain = name.replace("-", "_").replace(".", "_")
    info = f"{plain}-1.0.dist-info"
    about = "\n".join(
        ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in requires)]
    )
    contents = {
        **files,
        f"{info}/METADATA": about + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*contents, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{plain}-1.0-py3-none-any.whl", "w") as made:
        for path, text in {**contents, f"{info}/RECORD": record}.items():
            made.writestr(path, text)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Where packages are published."""
    shop = tmp_path / "shop"
    shop.mkdir()
    wheel(
        shop,
        "docassemble.Fruit",
        {
            "docassemble/__init__.py": "",
            "docassemble/Fruit/__init__.py": "",
            "docassemble/Fruit/juice.py": JUICE,
            "docassemble/Fruit/data/questions/fruit.yml": FRUIT,
        },
        "docassemble.base (>=1.4)",
        "docassemble.webapp",
        "docassemble.Basket",
        "smalllib-of-a-test",
        "requests",
        'nothing-of-this-name; python_version < "3"',
    )
    wheel(shop, "docassemble.Basket", {"docassemble/Basket/data/questions/basket.yml": BASKET}, "docassemble.Fruit")
    wheel(shop, "smalllib-of-a-test", {"smalllib_of_a_test.py": "def louder(text):\n    return text.upper()\n"})
    wheel(shop, "no-interviews", {"no_interviews.py": ""})
    return shop


def packages(shop: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "packages", *words],
        cwd=shop,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(shop),
            "PIP_CONFIG_FILE": os.devnull,
            "COLLOQUY_INTERVIEW_PATH": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_package_runs_with_what_it_requires_and_without_docassemble(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    done = packages(shop, folder, "add", "docassemble.Fruit")
    assert done.returncode == 0, done.stderr
    listed = json.loads(packages(shop, folder, "list", "--json").stdout)
    assert [(one["package"], one["version"]) for one in listed] == [
        ("docassemble.Basket", "1.0"),
        ("docassemble.Fruit", "1.0"),
    ]
    assert sorted(path.name for path in (folder / "site-packages").glob("*.py")) == ["smalllib_of_a_test.py"]
    with embedded_site(tmp_path / "site", interviews=[folder]) as site:
        person = Person(site.url)
        person.interview = "docassemble.Fruit:data/questions/fruit.yml"
        person.open()
        assert person.shown == "QUINCE in a basket"
    assert packages(shop, folder, "remove", "docassemble.Fruit").returncode == 0
    assert [path.name for path in folder.glob("docassemble.*")] == ["docassemble.Basket"]


def test_what_is_no_interview_package_is_not_added(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    refused = packages(shop, folder, "add", "no-interviews")
    assert refused.returncode == 1
    assert "no interviews" in refused.stderr
    assert list(folder.glob("*")) == []


def test_a_folder_of_somebody_else_is_left_alone(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    own = folder / "docassemble.Basket" / "data" / "questions"
    own.mkdir(parents=True)
    refused = packages(shop, folder, "add", "docassemble.Basket")
    assert refused.returncode == 1
    assert "not made by this command" in refused.stderr
    assert own.is_dir()
    unknown = packages(shop, folder, "remove", "docassemble.Basket")
    assert unknown.returncode == 1
    assert "docassemble.Basket" in unknown.stderr
