"""Buttons to add, edit and delete items of a collection: HTML links that carry an action (spec/area1 §2.3)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.languages import word
from shared.interview.library.links import button_html, url_action
from shared.interview.library.objects.base import DAObject


class ItemLinks:
    """What lists and dictionaries share; `kind` names the reserved actions: `_da_<kind>_add` and so on."""

    kind = "list"
    group_argument = "list"

    def add_action(
        self,
        label: str | None = None,
        message: str | None = None,
        url_only: bool = False,
        icon: str | None = "plus-circle",
        color: str = "success",
        size: str = "sm",
        block: bool | None = None,
        classname: str | None = None,
    ) -> str:
        """A button that adds an item; with `url_only` only its address. `message` and `label` are its text."""
        url = url_action(f"_da_{self.kind}_add", **{self.group_argument: self.instanceName})  # type: ignore[attr-defined]
        if url_only:
            return url
        text = label or message
        if text is None:
            text = word("Add another") if self.number_gathered() > 0 else word("Add an item")  # type: ignore[attr-defined]
        return button_html(url, text, icon=icon, color=color, size=size, block=bool(block), classname=classname)

    def _item_expression(self, item: Any, key: Any) -> str:
        if isinstance(item, DAObject):
            return item.instanceName
        return f"{self.instanceName}[{key!r}]"  # type: ignore[attr-defined]

    def item_actions(self, *arguments: Any, **options: Any) -> str:
        """Buttons to edit and delete one item: `item_actions(item, index, 'attribute', …)`.

        Options: `edit` (True), `delete` (True), `confirm` (False), `reorder` (False: buttons that move an item of a
        list up and down), `edit_url_only`, `delete_url_only`, `read_only_attribute`, `can_edit`, `can_delete`,
        `ensure_complete` (True).
        The attribute says what the item does not allow: true for all, or `{'edit': …, 'delete': …}` what is allowed.
        One that is named is asked for; `read_only` is only looked at.
        """
        item, key, *attributes = arguments
        name = self._item_expression(item, key)
        allows_edit, allows_delete = _allowed(item, options.get("read_only_attribute"))
        may_edit = options.get("edit", True) and options.get("can_edit", True) and allows_edit
        may_delete = options.get("delete", True) and options.get("can_delete", True) and allows_delete
        minimum = getattr(self, "minimum_number", None)
        if minimum is not None and self.number_gathered() <= minimum:  # type: ignore[attr-defined]
            may_delete = False
        items = [f"{name}.{attribute}" for attribute in attributes] or self._default_edit(item, name)
        pieces = self._move_buttons(name, key) if options.get("reorder") else []
        if may_edit and items:
            arguments_of_edit: dict[str, Any] = {"item": name, "items": items}
            if options.get("ensure_complete", True):
                arguments_of_edit["group"] = self.instanceName  # type: ignore[attr-defined]
            url = url_action(f"_da_{self.kind}_edit", **arguments_of_edit)
            if options.get("edit_url_only"):
                return url
            pieces.append(button_html(url, word("Edit"), icon="pencil", color="secondary", size="sm"))
        if may_delete:
            target = {self.group_argument: self.instanceName, "item": name}  # type: ignore[attr-defined]
            url = url_action(f"_da_{self.kind}_remove", **target)
            if options.get("delete_url_only"):
                return url
            confirm = "daremovebutton" if options.get("confirm") else None
            pieces.append(button_html(url, word("Delete"), icon="trash", color="danger", size="sm", classname=confirm))
        return "".join(pieces)

    def _move_buttons(self, name: str, place: Any) -> list[str]:
        """Nothing: only items of a list have an order that can be changed."""
        return []

    def _default_edit(self, item: Any, name: str) -> list[str]:
        """What is asked again when nothing is named: the complete attributes, or the item itself."""
        names = self._complete_names()  # type: ignore[attr-defined]
        return [f"{name}.{attribute}" for attribute in names if attribute != "complete"] or [name]


class ListLinks(ItemLinks):
    """For lists."""

    def _move_buttons(self, name: str, place: Any) -> list[str]:
        """Up and down, as far as there is somewhere to go."""
        last = self.number_gathered() - 1  # type: ignore[attr-defined]
        ways = ((-1, "Up", "arrow-up", place > 0), (1, "Down", "arrow-down", place < last))
        pieces = []
        for by, label, icon, is_possible in ways:
            if is_possible:
                url = url_action("_da_list_move", list=self.instanceName, item=name, by=by)  # type: ignore[attr-defined]
                text = f'<span class="visually-hidden">{word(label)}</span>'
                pieces.append(button_html(url, text, icon=icon, color="info", size="sm"))
        return pieces


class DictLinks(ItemLinks):
    """For dictionaries."""

    kind = "dict"
    group_argument = "dict"


def _allowed(item: Any, attribute: str | None) -> tuple[bool, bool]:
    """Whether the item may be edited, and deleted, by its `read only` attribute. Raises UndefinedAttribute."""
    if not isinstance(item, DAObject):
        return True, True
    value = item.__dict__.get("read_only") if attribute is None else getattr(item, attribute)
    if isinstance(value, dict | DAObject) and hasattr(value, "get"):
        return bool(value.get("edit", True)), bool(value.get("delete", True))
    return not value, not value
