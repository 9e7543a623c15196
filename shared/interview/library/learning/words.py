"""Which class a text belongs to, by its words: multinomial naive Bayes with add-one smoothing.

C. D. Manning, P. Raghavan, H. Schütze: Introduction to Information Retrieval, Cambridge University Press 2008, §13.2.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

Ranked = list[tuple[Any, float]]
"""Classes with their probabilities, the most probable one first."""


def words_of(given: Any) -> list[str]:
    """The words of a text, or of all values of a mapping, in small letters."""
    if isinstance(given, Mapping):
        return [word for value in given.values() for word in words_of(value)]
    return _WORD.findall(unicodedata.normalize("NFC", str(given)).lower())


class ClassesOfTexts:
    """Learns from texts whose class is known."""

    def __init__(self, examples: Iterable[tuple[Any, Any]]) -> None:
        self._texts: Counter[Any] = Counter()
        self._words: defaultdict[Any, Counter[str]] = defaultdict(Counter)
        for given, label in examples:
            self._texts[label] += 1
            self._words[label].update(words_of(given))
        self._vocabulary = {word for counted in self._words.values() for word in counted}

    def ranked(self, given: Any) -> Ranked:
        """All classes; empty when nothing was learned."""
        words = [word for word in words_of(given) if word in self._vocabulary]
        scores = {label: self._score(label, words) for label in self._texts}
        if not scores:
            return []
        best = max(scores.values())  # as differences from it, the smallest shares stay numbers
        shares = {label: math.exp(score - best) for label, score in scores.items()}
        return by_probability({label: share / sum(shares.values()) for label, share in shares.items()})

    def _score(self, label: Any, words: list[str]) -> float:
        counted = self._words[label]
        room = counted.total() + len(self._vocabulary)
        before = math.log(self._texts[label] / self._texts.total())
        return before + sum(math.log((counted[word] + 1) / room) for word in words)


def by_probability(shares: Mapping[Any, float]) -> Ranked:
    """The most probable first; equals in the order of their names, so that the answer is always the same."""
    return sorted(shares.items(), key=lambda one: (-one[1], str(one[0])))
