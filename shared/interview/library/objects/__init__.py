"""The classes of things interviews speak about: DAObject and everything derived from it (spec/area4 §6)."""

from shared.interview.library.objects.base import DAObject, DAObjectPlusParameters, instantiate
from shared.interview.library.objects.dicts import DADict, DAOrderedDict
from shared.interview.library.objects.empty import DAEmpty
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.sets import DASet

__all__ = [
    "DADict",
    "DAEmpty",
    "DAList",
    "DAObject",
    "DAObjectPlusParameters",
    "DAOrderedDict",
    "DASet",
    "instantiate",
]
