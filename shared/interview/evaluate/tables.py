"""Tables: made anew each time they are used, in the context they were defined in (spec/area4 §2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.interview.compile.blocks import TableBlock, TableColumn
from shared.interview.compile.expressions import Expression
from shared.interview.errors import Undefined, UndefinedAttribute, UndefinedItem
from shared.interview.runtime.run import Run
from shared.interview.runtime.text import render
from shared.interview.screen.templates import standing_in


class TableSource:
    """Makes one table: as Markdown, and as rows for export."""

    def __init__(self, run: Run, block: TableBlock, context: Mapping[str, Any]) -> None:
        self._run, self._block, self._context = run, block, dict(context)

    def text(self, part: str, variables: Mapping[str, Any]) -> str:
        """The table as Markdown; empty for other parts."""
        if part != "content":
            return ""
        run, block = self._run, self._block
        with standing_in(run, {**self._context, **variables}):
            group, rows = self._rows()
            if not rows and block.show_if_empty is not True:
                return "\n" if block.show_if_empty is False else render(block.show_if_empty, run) + "\n"
            headers = self._headers()
            if self._has_actions(group):
                headers.append(render(block.edit_header, run) if block.edit_header else "Actions")
            lines = [_line(headers), _line(["-" * max(3, min(len(header), 40)) for header in headers])]
            for index, item in rows:
                cells = self._cells(index, item)
                if self._has_actions(group):
                    cells.append(self._actions(group, index, item))
                lines.append(_line(cells))
        indent = " " * block.indent
        return "".join(f"{indent}{line}\n" for line in lines) + "\n"

    def headers(self) -> list[str]:
        """Texts of the header."""
        with standing_in(self._run, self._context):
            return self._headers()

    def values(self) -> list[list[Any]]:
        """The cells' values, row by row."""
        with standing_in(self._run, self._context):
            _, rows = self._rows()
            return [[self._value(column, index, item) for column in self._block.columns] for index, item in rows]

    def _headers(self) -> list[str]:
        return [_cell(render(column.header, self._run)) for column in self._block.columns]

    def _rows(self) -> tuple[Any, list[tuple[Any, Any]]]:
        run, block = self._run, self._block
        group = eval(block.rows.code, run.answers)
        if block.requires_gathered and hasattr(group, "gather"):
            len(group)
        things = getattr(group, "elements", group)
        if isinstance(things, dict):
            ordered = list(things.items())
            if not getattr(group, "insertion_order", False):
                ordered.sort(key=lambda pair: str(pair[0]))
        else:
            ordered = list(enumerate(things))
        if block.filter is not None:
            ordered = [pair for pair in ordered if self._of_row(block.filter, *pair)]
        if block.sort_key is not None:
            key = block.sort_key
            is_reverse = block.sort_reverse
            reverse = bool(eval(is_reverse.code, run.answers)) if isinstance(is_reverse, Expression) else is_reverse
            ordered.sort(key=lambda pair: self._of_row(key, *pair), reverse=reverse)
        return group, ordered

    def _of_row(self, expression: Expression, index: Any, item: Any) -> Any:
        with standing_in(self._run, {"row_index": index, "row_item": item}):
            return eval(expression.code, self._run.answers)

    def _value(self, column: TableColumn, index: Any, item: Any) -> Any:
        try:
            if isinstance(column.cell, Expression):
                return self._of_row(column.cell, index, item)
            with standing_in(self._run, {"row_index": index, "row_item": item}):
                return render(column.cell, self._run)
        except (Undefined, UndefinedAttribute, UndefinedItem):
            if not self._block.shows_incomplete:
                raise
            label = self._block.not_available_label
            return render(label, self._run) if label else "n/a"

    def _cells(self, index: Any, item: Any) -> list[str]:
        return [_cell(self._value(column, index, item)) for column in self._block.columns]

    def _has_actions(self, group: Any) -> bool:
        return bool(self._block.edit or self._block.has_delete_buttons) and hasattr(group, "item_actions")

    def _actions(self, group: Any, index: Any, item: Any) -> str:
        block = self._block
        attributes = block.edit if isinstance(block.edit, tuple) else ()
        options: dict[str, Any] = {
            "edit": bool(block.edit),
            "delete": block.has_delete_buttons,
            "confirm": block.confirms,
            "reorder": block.allows_reordering,
        }
        if block.read_only is not None:
            options["read_only_attribute"] = block.read_only
        return _cell(group.item_actions(item, index, *attributes, **options))


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", " ").split()) or " "


def _line(cells: list[str]) -> str:
    return "|".join(cells) if len(cells) > 1 else f"|{cells[0]}|" if cells else ""
