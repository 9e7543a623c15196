"""Import the Python modules that lie beside an interview's `data` folder, under the name of its package (DESIGN §5).

A folder on the interview path holds `<package>/data/questions`; `<package>` may have dots (`docassemble.demo`) and need
not have an `__init__.py`. Installed packages are found by Python itself.

Modules of the interview path are watched: when the file of one has changed, all of them are imported anew, because any
of them may hold what another has defined.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from shared.kernel.interview_path import InterviewPath


class InterviewPackages:
    """A finder for `sys.meta_path`: packages of the interview path, and what their dotted names begin with."""

    def __init__(self, path: InterviewPath) -> None:
        self._path = path
        self._looked_at = 0
        self._watched: dict[str, tuple[Path, int]] = {}
        """Path and time of change by name of module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A package of the interview path, or None: modules inside are found by Python in the package's folder."""
        for folder in self._path.folders:
            package = folder / fullname
            if (package / "data").is_dir():
                return _package(fullname, package)
        if any(next(folder.glob(f"{fullname}.*/data"), None) for folder in self._path.folders if folder.is_dir()):
            return _namespace(fullname, [])
        return None

    def install(self) -> None:
        """Be asked by every `import` of this process, once for the same path."""
        if not any(isinstance(finder, InterviewPackages) and finder._path == self._path for finder in sys.meta_path):
            sys.meta_path.append(self)

    def forget_changed_modules(self) -> bool:
        """Let modules be imported again if the file of one has changed since; whether that was so."""
        if all(_changed_at(file) == then for file, then in self._watched.values()):
            return False
        for name in self._watched:
            sys.modules.pop(name, None)
            parent, _, own = name.rpartition(".")
            if parent in sys.modules:
                vars(sys.modules[parent]).pop(own, None)
        self._watched.clear()
        self._looked_at = 0
        importlib.invalidate_caches()
        return True

    def watch_new_modules(self) -> None:
        """Watch what was imported from the path since the last look; to be called soon after imports."""
        if len(sys.modules) == self._looked_at:
            return
        self._looked_at = len(sys.modules)
        folders = tuple(str(folder) + "/" for folder in self._path.folders)
        for name, module in list(sys.modules.items()):
            origin = getattr(getattr(module, "__spec__", None), "origin", None)
            if name not in self._watched and isinstance(origin, str) and origin.startswith(folders):
                self._watched[name] = Path(origin), _changed_at(Path(origin))


def _changed_at(file: Path) -> int:
    """When a file was changed last, in nanoseconds; 0 when it is gone."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _package(name: str, folder: Path) -> ModuleSpec | None:
    init = folder / "__init__.py"
    if init.is_file():
        return spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    return _namespace(name, [str(folder)])


def _namespace(name: str, locations: list[str]) -> ModuleSpec:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = locations
    return spec
