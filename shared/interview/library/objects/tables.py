"""DALazyTableTemplate: a table of the items of a collection, made anew each time it is shown (spec/area4 §2.11)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from shared.interview.compile.blocks import TableBlock
from shared.interview.compile.expressions import Expression, Text
from shared.interview.errors import EvaluationError
from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.library.named import public
from shared.interview.library.objects import table_files
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.files import DAFile
from shared.interview.library.objects.gathering import Gathered
from shared.interview.library.objects.texts import DALazyTemplate, in_context
from shared.interview.runtime.run import Run, current_run
from shared.interview.runtime.text import render


@public
class DALazyTableTemplate(DALazyTemplate):
    """A table in Markdown; its rows come from a `table` block."""

    def header_and_contents(self) -> tuple[list[str], list[list[Any]]]:
        """The headers, and the values of the cells row by row, without buttons."""
        run, block = current_run(), self._table()
        with in_context(run, self.__dict__["_context"]):
            headers = [render(column.header, run).strip() for column in block.columns]
            return headers, [[_cell(run, column.cell) for column in block.columns] for _ in self._rows(run, block)]

    def export(
        self,
        filename: str | None = None,
        file_format: str | None = None,
        title: str | None = None,
        freeze_panes: bool = True,
    ) -> DAFile:
        """The table as a new file: `xlsx`, `csv` or `json`, by `file_format` or the end of the name.

        Raises DAError for another format.
        """
        base, dot, ending = str(filename or "file").rpartition(".")
        kind = str(file_format or (ending if dot else "xlsx")).lower()
        headers, rows = self.header_and_contents()
        match kind:
            case "xlsx":
                content = table_files.as_xlsx(headers, rows, title, freeze_panes)
            case "csv":
                content = table_files.as_csv(headers, rows)
            case "json":
                content = table_files.as_json(headers, rows)
            case _:
                raise DAError(f"A table can be exported as xlsx, csv or json, not as {kind}")
        made = DAFile()
        made.initialize(filename=f"{base if dot else ending}.{kind}", content=content)
        return made

    def as_df(self) -> Any:
        """The table as a data frame of pandas. Raises DAError where pandas is not installed beside the server."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise DAError(
                "as_df() needs pandas, which is not installed on this server. Install Colloquy with the extra "
                "`tables` (pip install 'colloquy[tables]')"
            ) from error
        headers, rows = self.header_and_contents()
        return pandas.DataFrame(rows, columns=headers)

    def _table(self) -> TableBlock:
        block: TableBlock = self._block()
        return block

    def _content(self, variables: Any) -> str:
        run, block = current_run(), self._table()
        with in_context(run, {**self.__dict__["_context"], **variables}):
            return self._markdown(run, block)

    def _markdown(self, run: Run, block: TableBlock) -> str:
        rows = _value(run, block.rows)
        headers = [_one_line(render(column.header, run)) for column in block.columns]
        has_buttons = isinstance(rows, Gathered) and (
            bool(block.edit) or block.has_delete_buttons or block.allows_reordering
        )
        if has_buttons:
            headers.append(_one_line(render(block.edit_header, run)) if block.edit_header else word("Actions"))
        lines = []
        for item, key in self._rows(run, block):
            cells = [_one_line(_shown(run, block, column.cell)) for column in block.columns]
            if has_buttons:
                cells.append(_buttons(block, rows, item, key))
            lines.append(_line(cells))
        if not lines and block.show_if_empty is not True:
            return render(block.show_if_empty, run) if isinstance(block.show_if_empty, Text) else ""
        margin = " " * block.indent
        ruled = [_line(headers), _line(["-" * max(len(header), 3) for header in headers]), *lines]
        return "\n" + "\n".join(margin + line for line in ruled) + "\n"

    def _rows(self, run: Run, block: TableBlock) -> Iterator[tuple[Any, Any]]:
        """Item and key of each row, with `row_item` and `row_index` set while it is used."""
        rows = _value(run, block.rows)
        if not isinstance(rows, Iterable):
            raise EvaluationError(
                f"The rows of a table are a list or a dictionary; `rows` gave {type(rows).__name__}",
                block.rows.position,
            )
        pairs = _pairs(rows, block.requires_gathered and not block.shows_incomplete)
        if block.filter is not None:
            pairs = [pair for pair in pairs if _in_row(run, pair, block.filter)]
        if block.sort_key is not None:
            reverse = (
                bool(_value(run, block.sort_reverse))
                if isinstance(block.sort_reverse, Expression)
                else block.sort_reverse
            )
            key = block.sort_key
            is_mapping = isinstance(getattr(rows, "elements", rows), dict)
            pairs = sorted(pairs, key=lambda pair: _in_row(run, pair, key, is_mapping), reverse=reverse)
        for item, index in pairs:
            with in_context(run, {"row_item": item, "row_index": index}):
                yield item, index


def _pairs(rows: Any, requires_gathered: bool) -> list[tuple[Any, Any]]:
    if isinstance(rows, Gathered):
        if requires_gathered:
            rows._trigger_gather()
        rows = (
            rows.elements
            if not hasattr(rows, "_sorted_keys")
            else {key: rows.elements[key] for key in rows._sorted_keys()}
        )
    elif isinstance(rows, dict):
        try:
            rows = dict(sorted(rows.items()))
        except TypeError:
            rows = dict(rows)
    if isinstance(rows, dict):
        return [(value, key) for key, value in rows.items()]
    if isinstance(rows, set):
        rows = sorted(rows, key=str)
    return [(item, index) for index, item in enumerate(rows)]


def _in_row(run: Run, pair: tuple[Any, Any], expression: Expression, is_mapping: bool = False) -> Any:
    """What an expression gives for a row. A function is given the item, of a dictionary key and item."""
    with in_context(run, {"row_item": pair[0], "row_index": pair[1]}):
        value = _value(run, expression)
        if not isinstance(value, FunctionType):
            return value
        return value((pair[1], pair[0]) if is_mapping else pair[0])


def _value(run: Run, expression: Expression) -> Any:
    return eval(expression.code, run.answers)


def _cell(run: Run, cell: Expression | Text) -> Any:
    return _value(run, cell) if isinstance(cell, Expression) else render(cell, run)


def _shown(run: Run, block: TableBlock, cell: Expression | Text) -> str:
    """A cell as text; with `show incomplete` one that lacks something is labelled instead of asked for."""
    if not block.shows_incomplete:
        return str(_cell(run, cell))
    try:
        return str(_cell(run, cell))
    except (AttributeError, NameError, LookupError):
        return render(block.not_available_label, run) if block.not_available_label else word("n/a")


def _line(cells: list[str]) -> str:
    """A line of a Markdown table. With bars at both ends an empty first cell stays one, and one column is a table."""
    return f"| {' | '.join(cells)} |"


def _one_line(text: str) -> str:
    """Markdown tables know neither line breaks nor bars in a cell."""
    return re.sub(r"[\r\n|]+", " ", text).strip()


def _buttons(block: TableBlock, rows: Any, item: Any, key: Any) -> str:
    attributes = block.edit if isinstance(block.edit, tuple) and isinstance(item, DAObject) else ()
    return _one_line(
        rows.item_actions(
            item,
            key,
            *attributes,
            edit=bool(block.edit),
            delete=block.has_delete_buttons,
            confirm=block.confirms,
            reorder=block.allows_reordering,
            read_only_attribute=block.read_only,
        )
    )
