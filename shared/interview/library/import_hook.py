"""Make the library importable by the names interviews use: `docassemble.base.util` and kin, and `colloquy.interview`.

No docassemble package is installed; a finder of ours answers for exactly these names. Packages of interviews whose
names begin with `docassemble.` are found elsewhere (runtime.packages).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from shared.interview.library.exports import hidden_members_of, members_of
from shared.interview.library.inner_modules import INNER, NO_WEB_APPLICATION, NOT_HERE, refusal_of
from shared.interview.library.named import (
    COLLOQUY,
    CONFIG,
    CORE,
    DATES,
    ERROR,
    FUNCTIONS,
    GENERATE_KEY,
    LEGAL,
    LOGGER,
    QUERIES,
    SQL,
    UTIL,
)

MODULES = (UTIL, FUNCTIONS, CORE, LEGAL, SQL, ERROR, LOGGER, DATES, CONFIG, GENERATE_KEY, QUERIES, COLLOQUY, *INNER)
_PACKAGES = ("docassemble", "docassemble.base", "colloquy")


class LibraryFinder(MetaPathFinder, Loader):
    """Finds and fills the library's modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module or package of the library, or None.

        Raises ModuleNotFoundError for the modules of docassemble's web application, which no package has.
        """
        if fullname == NOT_HERE:
            raise ModuleNotFoundError(NO_WEB_APPLICATION, name=fullname)
        if fullname in _PACKAGES:
            return ModuleSpec(fullname, self, is_package=True)
        return ModuleSpec(fullname, self) if fullname in MODULES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """An ordinary module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put the members in."""
        name = module.__name__
        if name in INNER:
            module.__dict__.update(INNER[name][0])
            module.__dict__.update(__all__=sorted(INNER[name][0]), __getattr__=refusal_of(name))
            return
        public = members_of(name)
        if public is None:
            return
        module.__dict__.update(hidden_members_of(name))
        module.__dict__.update(public)
        module.__dict__["__all__"] = sorted(public)


def install() -> None:
    """Be asked first by every `import` of this process; idempotent."""
    if not any(isinstance(finder, LibraryFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LibraryFinder())


def uninstall() -> None:
    """Take the finder and the modules it made away again; idempotent."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, LibraryFinder)]
    for name in (*MODULES, *_PACKAGES):
        module = sys.modules.get(name)
        if module is not None and isinstance(module.__spec__.loader if module.__spec__ else None, LibraryFinder):
            del sys.modules[name]
