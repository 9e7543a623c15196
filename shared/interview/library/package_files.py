"""Files that come with interview packages, read by interview code (spec/area4 §2.1, §6.6)."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from shared.interview.library.faults import DAError
from shared.interview.library.fetching import fetched
from shared.interview.library.file_desk import FileDesk
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.files import mimetype_of
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.naming import name_from_frame, random_name
from shared.interview.runtime.run import Run, current_run
from shared.kernel.errors import Refused

_Collection = TypeVar("_Collection", bound=DAList | DADict)

__all__ = ["objects_from_file", "path_and_mimetype"]


def package_file(reference: str, section: str) -> Path:
    """Where a file of a package is; a name without a package belongs to this interview's. Raises DAError."""
    run = current_run()
    full = reference if ":" in reference else f"{run.interview.package}:{reference}"
    if run.path is None:
        raise DAError(f"The file {reference} cannot be reached here")
    try:
        return run.path.find(full, section=section).path
    except Refused as error:
        raise DAError(f"The file {reference} was not found: {error}") from error


def path_and_mimetype(file_ref: Any) -> tuple[str, str]:
    """Where a file is, and what kind it is: a file object, the number of one, an address of the web, or a file of a
    package, e.g. `package:data/static/house.png`. Raises DAError, HostRefused.
    """
    if hasattr(file_ref, "path"):
        return str(file_ref.path()), str(file_ref.mimetype)
    reference = str(file_ref)
    if reference.isdigit():
        copy = FileDesk.of().path(int(reference))
        return str(copy), FileDesk.of().file(int(reference)).mimetype
    if "://" in reference:
        name = PurePosixPath(urlsplit(reference).path).name or "file"
        fetched_to = Path(tempfile.mkdtemp(prefix="fetched-"), name if name.strip(".") else "file")
        fetched_to.write_bytes(fetched(reference))
        return str(fetched_to), mimetype_of(name)
    path = package_file(reference, "static")
    return str(path), mimetype_of(path.name)


def objects_from_file(
    file_ref: Any,
    recursive: bool = True,
    gathered: bool = True,
    name: str | None = None,
    use_objects: bool = False,
    package: str | None = None,
) -> Any:
    """Data of a YAML or JSON file in `data/sources`, or of a file object.

    What says `object` and `item` or `items` becomes objects. With `use_objects` lists and dictionaries become
    DAList and DADict too. Raises DAError for a file that is missing or not well formed, or a class nobody knows.
    """
    run = current_run()
    wanted = name or name_from_frame(sys._getframe(1), None) or random_name()
    if hasattr(file_ref, "path"):
        documents = _documents(Path(file_ref.path()))
    else:
        reference = file_ref if package is None or ":" in file_ref else f"{package}:{file_ref}"
        documents = _documents(package_file(reference, "sources"))
    maker = _Maker(run, recursive=recursive, is_gathered=gathered, uses_objects=use_objects)
    if len(documents) == 1:
        return maker.made(documents[0], wanted)
    return maker.listed([maker.made(item, f"{wanted}[{index}]") for index, item in enumerate(documents)], wanted)


def _documents(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == ".json":
            return [json.loads(text)]
        return list(YAML(typ="safe", pure=True).load_all(text))
    except (OSError, ValueError, YAMLError) as error:
        raise DAError(f"The file {path.name} cannot be read: {error}") from error


class _Maker:
    """Turns plain data into objects, under the names they will be found by."""

    def __init__(self, run: Run, *, recursive: bool, is_gathered: bool, uses_objects: bool) -> None:
        self._run, self._recursive, self._is_gathered, self._uses_objects = run, recursive, is_gathered, uses_objects

    def made(self, data: Any, name: str, *, is_inside: bool = False) -> Any:
        if isinstance(data, dict):
            if "object" in data and ("item" in data or "items" in data) and (self._recursive or not is_inside):
                return self._described(data, name)
            entries = {key: self.made(value, f"{name}[{key!r}]", is_inside=is_inside) for key, value in data.items()}
            return self._finished(DADict(name, elements=entries)) if self._uses_objects else entries
        if isinstance(data, list):
            items = [self.made(item, f"{name}[{index}]", is_inside=is_inside) for index, item in enumerate(data)]
            return self.listed(items, name) if self._uses_objects else items
        return data

    def listed(self, items: list[Any], name: str) -> DAList:
        """A list of these items."""
        return self._finished(DAList(name, elements=items))

    def _finished(self, collection: _Collection) -> _Collection:
        if not self._is_gathered:
            collection.reset_gathered()
        return collection

    def _described(self, data: dict[str, Any], name: str) -> Any:
        cls = self._class(str(data["object"]), data.get("module"))
        if "item" in data:
            return self._one(cls, data["item"], name)
        items = [self._one(cls, item, f"{name}[{index}]") for index, item in enumerate(data["items"] or [])]
        made = self.listed(items, name)
        made.object_type = cls
        return made

    def _one(self, cls: Any, item: Any, name: str) -> Any:
        attributes = item or {}
        if issubclass(cls, DADict | DAList) and "elements" in attributes:
            return self._finished(cls(name, **attributes))
        return cls(
            name, **{key: self.made(value, f"{name}.{key}", is_inside=True) for key, value in attributes.items()}
        )

    def _class(self, name: str, module: Any) -> Any:
        """A class of the interview's namespace, or of a module that has been imported."""
        found = None
        if module and str(module) in sys.modules:
            found = getattr(sys.modules[str(module)], name, None)
        if found is None and name.isidentifier():
            found = self._run.answers.get(name, self._run.answers["__builtins__"].library.get(name))
        if not (isinstance(found, type) and issubclass(found, DAObject)):
            raise DAError(f"{name} is no class of objects that this interview knows")
        return found
