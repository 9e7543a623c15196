"""What is being sought, and in which context a block answers it."""

from __future__ import annotations

from dataclasses import dataclass

from shared.interview.compile.names import substituted


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """One name that is sought, as one of its variants (spec/area4 §4.3, §4.4)."""

    name: str
    """The missing expression as it was raised, e.g. `people[0].name.first`. Empty for mandatory questions."""
    variant: str = ""
    """The form of it a block is found under, e.g. `x.name.first`."""
    x: str | None = None
    """Expression `x` stands for; None when the block is not generic."""
    iterators: tuple[str, ...] = ()
    """Expressions `i`, `j`, … stand for, in that order."""
    is_forced: bool = False
    """From force_ask or an action: a question is shown even though the name has a value."""
    events: tuple[str, ...] = ()
    """Names for hidden `_event` of the form: what is popped from the stack of pending actions by its post."""

    @property
    def context(self) -> dict[str, str]:
        """Expressions by context name, as in `Form.context`."""
        found = {} if self.x is None else {"x": self.x}
        return found | dict(zip("ijklmn", self.iterators, strict=False))

    def literal(self, name: str) -> str:
        """`name` with x and i … n replaced by what they stand for: `x.name[i]` becomes `people[0].name[2]`."""
        return substituted(name, self.context)


MANDATORY = Sought(name="")
"""The context of a block that runs because it is mandatory."""
