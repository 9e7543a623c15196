"""What library functions may ask of the evaluation: the engine's side of `runtime.run.Steering`."""

from __future__ import annotations

from shared.interview.evaluate import actions, dependencies, items
from shared.interview.runtime.run import Run
from shared.interview.screen.templates import html_maker


class Evaluation:
    """Fits `Steering`."""

    def process_action(self, run: Run) -> None:
        """Treat the pending action, the gather list and the stack."""
        actions.process_action(run)

    def invalidate(self, run: Run, name: str) -> None:
        """Undefine, keep the old value as default, and go on with what depends on it."""
        dependencies.invalidate(run, name)

    def reconsider(self, run: Run, name: str) -> None:
        """Undefine and seek again, once per run."""
        dependencies.reconsider(run, name)

    def forget_block(self, run: Run, block_id: str) -> None:
        """A mandatory block or embedded choice by id counts as not answered."""
        name = f"ID {block_id}"
        run.internal["answered"].discard(name)
        answers = run.internal["answers"]
        for key in [key for key in answers if key == name or key.startswith(f"{name}|")]:
            del answers[key]

    def forget_pending(self, run: Run, name: str) -> None:
        """Drop pending actions for a collection and its items: adding or editing was cancelled."""
        items.forget(run, name)

    def evaluate_fresh(self, run: Run, name: str) -> None:
        """Seek a name although it has a value; returns when it was obtained without a screen."""
        run.undefine(name)
        run.evaluate(name)

    def html_of(self, run: Run, text: str, trims: bool) -> str:
        """Markdown and special markup as the HTML of a screen."""
        return html_maker(run)(text, trims)
