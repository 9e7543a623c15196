"""The methods of scikit-learn, which is an extra: the only module that imports it, and only once it is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.interview.library.faults import DAError
from shared.interview.library.learning.words import Ranked, by_probability, words_of

_TREES = 100
_SEED = 1
"""The same examples give the same forest, so that a run that is repeated says the same."""


class Method(Protocol):
    """Something that has learned from examples."""

    def ranked(self, given: Any) -> Ranked:
        """All classes with their probabilities, the most probable one first."""


def random_forest(examples: Sequence[tuple[Any, Any]], asker: str) -> Method:
    """Trees that vote (L. Breiman: Random Forests, Machine Learning 45, 2001). Raises DAError without scikit-learn."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise _lacking(asker) from None
    return _Fitted(RandomForestClassifier(n_estimators=_TREES, random_state=_SEED, n_jobs=1), examples)


def support_vectors(examples: Sequence[tuple[Any, Any]], asker: str) -> Method:
    """Planes between the classes (C. Cortes, V. Vapnik: Support-Vector Networks, Machine Learning 20, 1995).

    The probabilities are the distances from the planes, made shares of one. Raises DAError without scikit-learn.
    """
    try:
        from sklearn.svm import SVC
    except ImportError:
        raise _lacking(asker) from None
    return _Fitted(SVC(kernel="linear", decision_function_shape="ovr", random_state=_SEED), examples)


def _lacking(asker: str) -> DAError:
    return DAError(
        f"{asker} needs scikit-learn, which is not installed on this server. Install Colloquy with the extra "
        "`learning`: pip install 'colloquy[learning]'"
    )


class _Fitted:
    """A classifier of scikit-learn behind the features and classes of authors."""

    def __init__(self, classifier: Any, examples: Sequence[tuple[Any, Any]]) -> None:
        from sklearn.feature_extraction import DictVectorizer

        self._classes = list(dict.fromkeys(label for _, label in examples))
        self._features, self._classifier = DictVectorizer(sparse=False), classifier
        if len(self._classes) > 1:
            places = {label: place for place, label in enumerate(self._classes)}
            known = self._features.fit_transform([features_of(given) for given, _ in examples])
            classifier.fit(known, [places[label] for _, label in examples])

    def ranked(self, given: Any) -> Ranked:
        if len(self._classes) < 2:
            return [(label, 1.0) for label in self._classes]
        found = self._shares(self._features.transform([features_of(given)]))
        return by_probability(dict(zip(self._classes, found, strict=True)))

    def _shares(self, features: Any) -> list[float]:
        if hasattr(self._classifier, "predict_proba"):
            return [float(share) for share in self._classifier.predict_proba(features)[0]]
        distances = self._classifier.decision_function(features)[0]
        distances = (
            [-float(distances), float(distances)] if len(self._classes) == 2 else [float(one) for one in distances]
        )
        shares = [math.exp(distance - max(distances)) for distance in distances]
        return [share / sum(shares) for share in shares]


def features_of(given: Any) -> dict[str, float | str]:
    """What is told of one case: numbers as they are, all else as text; of a text, how often each word occurs."""
    if not isinstance(given, Mapping):
        words = words_of(given)
        return {word: float(words.count(word)) for word in words}
    return {
        str(name): float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
        for name, value in given.items()
        if value is not None
    }
