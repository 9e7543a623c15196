"""Tables of `table` blocks, as rows of cells and as Markdown (spec/area4 §2.11)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.interview.compile.blocks import TableBlock
from shared.interview.compile.expressions import Expression, Text
from shared.interview.runtime.run import Run, missing_of
from shared.interview.runtime.text import render, render_optional
from shared.interview.screen.templates import standing_in
from shared.interview.screen.texts import Scene

_BREAKS = re.compile(r"\s*\n\s*|\|")
_RowMaker = Callable[[], list[list[Any]]]


def table_makers(
    block: TableBlock, run: Run, context: Mapping[str, Any]
) -> tuple[Callable[[str, Mapping[str, Any]], str], _RowMaker, Callable[[], list[str]]]:
    """What a lazy table is given: how to make its Markdown, its cells, and its headers, in its own context."""

    def text(part: str, variables: Mapping[str, Any]) -> str:
        if part != "content":
            return ""
        with standing_in(run, {**context, **variables}):
            return table_markdown(block, run)

    def rows() -> list[list[Any]]:
        with standing_in(run, context):
            return [cells for _, _, cells in _rows(block, run)]

    def headers() -> list[str]:
        with standing_in(run, context):
            return _headers(block, run)

    return text, rows, headers


def table_markdown(block: TableBlock, run: Run) -> str:
    """The table as Markdown. Raises Undefined and kin for what its cells lack."""
    found = list(_rows(block, run))
    if not found and block.show_if_empty is not True:
        return "" if block.show_if_empty is False else "\n" + render(block.show_if_empty, run).strip() + "\n"
    edits = bool(block.edit) or block.has_delete_buttons
    headers = _headers(block, run)
    if edits:
        headers.append(render_optional(block.edit_header, run).strip() or Scene(run).word("Actions"))
    lines = [headers, ["---"] * len(headers)]
    collection = run.evaluate(block.rows.source) if edits else None
    for index, item, cells in found:
        shown = [_flat(str(cell)) for cell in cells]
        if edits:
            shown.append(_flat(_actions(block, collection, item, index)))
        lines.append(shown)
    indent = " " * block.indent
    return "\n" + "\n".join(f"{indent}{' | '.join(_spaced(line))}" for line in lines) + "\n\n"


def _headers(block: TableBlock, run: Run) -> list[str]:
    return [_flat(render(column.header, run)) for column in block.columns]


def _rows(block: TableBlock, run: Run) -> Iterable[tuple[Any, Any, list[Any]]]:
    """(index, item, cells) of each row, filtered and sorted; `row_item` and `row_index` are set meanwhile."""
    entries = _entries(block, run)
    with standing_in(run, {"row_item": None, "row_index": None}):
        if block.filter is not None:
            entries = [entry for entry in entries if _in_row(block.filter, entry, run)]
        if block.sort_key is not None:
            key = block.sort_key
            is_reversed = (
                block.sort_reverse if isinstance(block.sort_reverse, bool) else bool(_value(block.sort_reverse, run))
            )
            entries = sorted(entries, key=lambda entry: _in_row(key, entry, run), reverse=is_reversed)
        return [(index, item, _cells(block, (index, item), run)) for index, item in entries]


def _entries(block: TableBlock, run: Run) -> list[tuple[Any, Any]]:
    collection = _value(block.rows, run)
    if not block.requires_gathered or block.shows_incomplete:
        collection = getattr(collection, "elements", collection)
    if isinstance(collection, Mapping) or isinstance(getattr(collection, "elements", None), Mapping):
        pairs = list(collection.items())
        return pairs if "Ordered" in type(collection).__name__ else sorted(pairs, key=lambda pair: str(pair[0]))
    return list(enumerate(collection))


def _in_row(expression: Expression, entry: tuple[Any, Any], run: Run) -> Any:
    run.answers["row_index"], run.answers["row_item"] = entry
    return _value(expression, run)


def _cells(block: TableBlock, entry: tuple[Any, Any], run: Run) -> list[Any]:
    run.answers["row_index"], run.answers["row_item"] = entry
    return [_cell(column.cell, block, run) for column in block.columns]


def _cell(cell: Expression | Text, block: TableBlock, run: Run) -> Any:
    try:
        return render(cell, run) if isinstance(cell, Text) else _value(cell, run)
    except Exception as error:
        if not block.shows_incomplete or missing_of(error) is None:
            raise
        return render_optional(block.not_available_label, run).strip() or Scene(run).word("n/a")


def _actions(block: TableBlock, collection: Any, item: Any, index: Any) -> str:
    if not hasattr(collection, "item_actions"):
        return ""
    attributes = block.edit if isinstance(block.edit, tuple) else ()
    return str(
        collection.item_actions(
            item,
            index,
            *attributes,
            edit=bool(block.edit),
            delete=block.has_delete_buttons,
            confirm=block.confirms,
            reorder=block.allows_reordering,
            read_only_attribute=block.read_only or "read_only",
        )
    )


def _value(expression: Expression, run: Run) -> Any:
    return eval(expression.code, run.answers)


def _flat(text: str) -> str:
    """A cell on one line, without the mark that divides cells."""
    return _BREAKS.sub(" ", text.strip())


def _spaced(cells: list[str]) -> list[str]:
    """Empty cells need something in them, and a table of one column a mark that it is one."""
    shown = [cell or "&nbsp;" for cell in cells]
    return ["", *shown, ""] if len(shown) == 1 else shown
