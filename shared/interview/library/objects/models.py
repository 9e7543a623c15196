"""What a field of the datatype `ml` saves: the text somebody typed, and the class it probably belongs to."""

from __future__ import annotations

from typing import Any

from shared.interview.library.learning.learners import SimpleTextMachineLearner
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject

__all__ = ["DAModel"]


@public
class DAModel(DAObject):
    """A text with its `prediction`, the `probability` of that, and all `predictions`: pairs of class and probability.

    `group_id` says which examples it is held against; without it they are those of its own name. Unless
    `use_for_training` is False, the text is kept among them for somebody to classify.
    """

    def init(self, *arguments: Any, **attributes: Any) -> None:
        """With `text` it is classified at once."""
        self.__dict__["_where"] = {
            "group_id": attributes.pop("group_id", None) or self.instanceName,
            "store": attributes.pop("store", None),
        }
        self.__dict__["use_for_training"] = bool(attributes.pop("use_for_training", True))
        self.__dict__["learner"] = attributes.pop("learner", SimpleTextMachineLearner)
        super().init(*arguments, **attributes)
        if "text" in attributes:
            self.predict()

    def predict(self) -> None:
        """Classify the text, and keep it for training unless that is not wanted."""
        learner = self.learner(**self._where)
        self.predictions = learner.predict(self.text, probabilities=True)
        prediction, probability = next(iter(self.predictions), (None, 1.0))
        self.prediction: Any = prediction
        self.probability: float = probability
        if self.use_for_training and str(self.text).strip():
            self.entry_id = learner.save_for_classification(self.text)

    def __str__(self) -> str:
        return str(self.prediction)
