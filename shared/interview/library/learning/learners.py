"""Collections of examples that sessions share, and what can be predicted from them.

A collection belongs to a file of an interview's package and a name, its group. It lies in the stores of the server, in
clear for whoever has its database; the file in `data/sources` only says what it begins with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from shared.interview.library import store_desk
from shared.interview.library.dates import current_datetime
from shared.interview.library.faults import DAError
from shared.interview.library.json_form import safe_json
from shared.interview.library.learning.methods import Method, random_forest, support_vectors
from shared.interview.library.learning.words import ClassesOfTexts
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.library.package_files import package_file
from shared.interview.runtime.run import current_run

__all__ = [
    "MachineLearner",
    "RandomForestMachineLearner",
    "SVMMachineLearner",
    "SimpleTextMachineLearner",
]

_BASE = "machine learning"
"""Where the stores keep it, beside what interviews keep themselves."""
_BEGUN = "begun"
"""The key that says that a collection has had its beginning, so that what is deleted stays deleted."""
_FOLDER = "data/sources/"


@public
class MachineLearningEntry(DAObject):
    """One example: `independent` is what is told of a case, `dependent` its class, if somebody has said it.

    Also `id`, `key` and `info` as they were given, `create_time` and `modtime`.
    """

    def classify(self, dependent: Any = None) -> None:
        """Say which class it is: the one given, else the attribute `dependent`, which is sought."""
        if dependent is not None:
            self.dependent = dependent
        self.ml.set_dependent_by_id(self.id, self.dependent)

    def save(self) -> None:
        """Keep what has been changed; an entry made by `new_entry()` is added."""
        given = {name: self.__dict__.get(name) for name in ("independent", "dependent", "key", "info")}
        if self.__dict__.get("id") is None:
            self.id = self.ml._add(given)
        else:
            self.ml._change(self.id, given)

    def predict(self, probabilities: bool = False) -> Any:
        """What the learner says of it."""
        return self.ml.predict(self.independent, probabilities=probabilities)


@public
class MachineLearner:
    """A collection of examples by the name of its group: of this interview's file, or `package:file.json:group`.

    `initial_file` names a file of `data/sources` the collection begins with; without it, or with `use_initial_file`,
    that is the interview's own, if there is one.
    """

    def __init__(
        self, group_id: str, initial_file: str | None = None, use_initial_file: bool = False, store: str | None = None
    ) -> None:
        self.group_id = _full_name(group_id, store)
        self.initial_file = initial_file
        self.use_initial_file = use_initial_file
        self.reset()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_learned"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.reset()

    def reset(self) -> None:
        """Forget what was learned; it is learned anew when it is needed."""
        self._learned: tuple[list[tuple[Any, Any]], Method] | None = None

    # What is there
    def is_empty(self) -> bool:
        """Whether there is no example at all."""
        return not self._entries()

    def dependent_in_use(self, key: str | None = None) -> list[Any]:
        """The classes that occur, each once."""
        return sorted({str(one["dependent"]): one["dependent"] for _, one in self._known(key)}.values(), key=str)

    def classified_entries(self, key: str | None = None) -> DAList:
        """The entries whose class is known."""
        return self._listed(self._known(key))

    def unclassified_entries(self, key: str | None = None) -> DAList:
        """The entries whose class nobody has said yet."""
        return self._listed(self._unknown(key))

    def one_unclassified_entry(self, key: str | None = None) -> MachineLearningEntry | None:
        """The first of them, or None."""
        return next((self._entry(number, one) for number, one in self._unknown(key)), None)

    def retrieve_by_id(self, the_id: int) -> MachineLearningEntry:
        """One entry. Raises DAError when there is none of this number."""
        return self._entry(the_id, self._one(the_id))

    def new_entry(self, **attributes: Any) -> MachineLearningEntry:
        """An entry that is added when it is saved."""
        return MachineLearningEntry(ml=self, **attributes)

    def export_training_set(self, output_format: str = "json", key: str | None = None) -> str:
        """The entries whose class is known, as text: JSON or YAML, as an initial file takes it."""
        kept = ("independent", "dependent", "key", "info")
        found = [{name: one[name] for name in kept if one[name] is not None} for _, one in self._known(key)]
        match output_format:
            case "json":
                return json.dumps(safe_json(found), sort_keys=True, indent=4, ensure_ascii=False)
            case "yaml":
                stream, writer = StringIO(), YAML(typ="safe", pure=True)
                writer.default_flow_style, writer.allow_unicode = False, True
                writer.dump(safe_json(found), stream)
                return stream.getvalue()
        raise DAError(f"export_training_set(): output_format is 'json' or 'yaml', not {output_format!r}")

    # Changes
    def add_to_training_set(self, independent: Any, dependent: Any, key: str | None = None, info: Any = None) -> int:
        """Add an example whose class is known; its number."""
        return self._add({"independent": independent, "dependent": dependent, "key": key, "info": info})

    def save_for_classification(self, indep: Any, key: str | None = None, info: Any = None) -> int:
        """Add a case whose class somebody is to say later; its number. What is there already is not added again."""
        same = (n for n, one in self._entries().items() if one["independent"] == indep and one["key"] == key)
        number = next(same, None)
        return (
            self._add({"independent": indep, "dependent": None, "key": key, "info": info}) if number is None else number
        )

    def set_dependent_by_id(self, the_id: int, the_dependent: Any) -> None:
        """Say which class an entry is. Raises DAError when there is none of this number."""
        self._change(the_id, {"dependent": the_dependent})

    def delete_by_id(self, the_id: int) -> None:
        """Delete an entry, if it is there."""
        store_desk.write(_BASE, {}, collection=self.group_id, deletes=(str(the_id),))

    def delete_training_set(self) -> None:
        """Delete all entries."""
        numbers = [str(number) for number in self._entries()]
        self._write({}, deletes=numbers)

    def start_from_file(self, fileref: Any) -> None:
        """Fill an empty collection from a JSON file: a file object, or the name of one in `data/sources`."""
        if self.is_empty():
            path = Path(fileref.path()) if hasattr(fileref, "path") else package_file(str(fileref), "sources")
            self._begin_with(path)

    # Predictions
    def predict(self, independent: Any, probabilities: bool = False) -> list[Any]:
        """The classes, the most probable one first; with `probabilities` pairs of class and probability.

        Empty while there are no examples.
        """
        examples = [(one["independent"], one["dependent"]) for _, one in self._known(None)]
        if not examples:
            return []
        if self._learned is None or self._learned[0] != examples:
            self._learned = examples, self._learn(examples)
        ranked = self._learned[1].ranked(independent)
        return list(ranked) if probabilities else [label for label, _ in ranked]

    def classify_text(self, text: Any) -> Any:
        """The most probable class, or None while there are no examples."""
        return next(iter(self.predict(text)), None)

    def confusion_matrix(self, key: str | None = None, output_format: str | None = None, split: bool = False) -> Any:
        """How often examples of each class (outer keys) are taken for which (inner keys).

        With `split` every other example is learned from and the rest is tried. `output_format`: a mapping (None),
        `json`, or a table in `html`.
        """
        examples = [(one["independent"], one["dependent"]) for _, one in self._known(key)]
        labels = self.dependent_in_use(key)
        counted = {actual: dict.fromkeys(labels, 0) for actual in labels}
        if examples:
            method = self._learn(examples[::2] if split else examples)
            for given, actual in examples[1::2] if split else examples:
                counted[actual][method.ranked(given)[0][0]] += 1
        match output_format:
            case None:
                return counted
            case "json":
                return json.dumps(safe_json(counted), sort_keys=True, indent=4)
            case "html":
                return _table(labels, counted)
        raise DAError(f"confusion_matrix(): output_format is 'html', 'json' or None, not {output_format!r}")

    def _learn(self, examples: list[tuple[Any, Any]]) -> Method:
        raise DAError("MachineLearner has no method of its own: take SimpleTextMachineLearner or one of its kin")

    # Storage
    def _entries(self) -> dict[int, dict[str, Any]]:
        """All entries by number, in the order in which they came."""
        stored = store_desk.read_all(_BASE, self.group_id)
        if not stored and (path := self._beginning()) is not None:
            self._begin_with(path)
            stored = store_desk.read_all(_BASE, self.group_id)
        numbers = sorted(int(key) for key in stored if key != _BEGUN)
        return {number: store_desk.unpacked(stored[str(number)]) for number in numbers}

    def _known(self, key: str | None) -> list[tuple[int, dict[str, Any]]]:
        return [(n, one) for n, one in self._of(key) if one["dependent"] is not None]

    def _unknown(self, key: str | None) -> list[tuple[int, dict[str, Any]]]:
        return [(n, one) for n, one in self._of(key) if one["dependent"] is None]

    def _of(self, key: str | None) -> list[tuple[int, dict[str, Any]]]:
        return [(n, one) for n, one in self._entries().items() if key is None or one["key"] == key]

    def _one(self, number: int) -> dict[str, Any]:
        found = self._entries().get(int(number))
        if found is None:
            raise DAError(f"There is no entry {number} in the group {self.group_id}")
        return found

    def _entry(self, number: int, stored: Mapping[str, Any]) -> MachineLearningEntry:
        return MachineLearningEntry(ml=self, id=int(number), **{k: v for k, v in stored.items() if v is not None})

    def _listed(self, entries: list[tuple[int, dict[str, Any]]]) -> DAList:
        return DAList(elements=[self._entry(number, one) for number, one in entries])

    def _add(self, given: Mapping[str, Any]) -> int:
        number = max(self._entries(), default=0) + 1
        self._write({number: self._as_new(given)})
        return number

    def _change(self, number: int, given: Mapping[str, Any]) -> None:
        self._write({int(number): {**self._one(number), **given, "modtime": current_datetime()}})

    def _as_new(self, given: Mapping[str, Any]) -> dict[str, Any]:
        now = current_datetime()
        usual = dict.fromkeys(("independent", "dependent", "key", "info"))
        return {**usual, **{k: v for k, v in given.items() if k in usual}, "create_time": now, "modtime": now}

    def _write(self, entries: Mapping[int, dict[str, Any]], deletes: list[str] | tuple[()] = ()) -> None:
        packed = {str(number): store_desk.packed(one, "An example") for number, one in entries.items()}
        begun = {_BEGUN: store_desk.packed(True, "The beginning")}
        store_desk.write(_BASE, begun | packed, collection=self.group_id, deletes=deletes)

    # How it begins
    def _beginning(self) -> Path | None:
        """The file this collection begins with, if there is one. Raises DAError for one that was named but is not."""
        if self.initial_file is not None:
            return package_file(self.initial_file, "sources")
        file, _, _ = self.group_id.rpartition(":")
        try:
            return package_file(file, "sources")
        except DAError:
            return None

    def _begin_with(self, path: Path) -> None:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DAError(f"The file {path.name} cannot be read: {error}") from error
        if isinstance(found, Mapping):
            found = found.get(self.group_id.rpartition(":")[2], [])
        if not isinstance(found, list) or not all(isinstance(one, Mapping) and "independent" in one for one in found):
            raise DAError(f"{path.name} has to hold a list of examples with `independent` and `dependent`")
        self._write({number: self._as_new(one) for number, one in enumerate(found, start=1)})


@public
class SimpleTextMachineLearner(MachineLearner):
    """Learns from texts, by the words that occur in them."""

    def _learn(self, examples: list[tuple[Any, Any]]) -> Method:
        return ClassesOfTexts(examples)


@public
class SVMMachineLearner(SimpleTextMachineLearner):
    """Learns from texts or mappings by support vectors. Needs scikit-learn."""

    def _learn(self, examples: list[tuple[Any, Any]]) -> Method:
        return support_vectors(examples, type(self).__name__)


@public
class RandomForestMachineLearner(MachineLearner):
    """Learns from mappings of names to numbers or texts by a random forest. Needs scikit-learn."""

    def _learn(self, examples: list[tuple[Any, Any]]) -> Method:
        return random_forest(examples, type(self).__name__)


def _full_name(group: str, store: str | None) -> str:
    """`package:data/sources/file.json:group`: the file is the interview's own where none is named."""
    file, _, name = str(group).rpartition(":")
    if not name:
        raise DAError("A machine learner needs the name of a group of examples")
    interview = current_run().interview
    if not file:
        return f"{store or interview.learning_file}:{name}"
    package, _, path = file.rpartition(":")
    return f"{package or interview.package}:{_FOLDER}{path.removeprefix(_FOLDER)}:{name}"


def _table(labels: list[Any], counted: Mapping[Any, Mapping[Any, int]]) -> str:
    """A table of the counts: a row for what an example is, a column for what it was taken for."""
    head = "".join(f"<th>{escape(str(label))}</th>" for label in labels)
    rows = "".join(f"<tr><th>{escape(str(actual))}</th>{_cells(counted[actual], labels)}</tr>" for actual in labels)
    return f'<table class="table table-bordered"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cells(counted: Mapping[Any, int], labels: list[Any]) -> str:
    return "".join(f"<td>{counted[taken]}</td>" for taken in labels)
