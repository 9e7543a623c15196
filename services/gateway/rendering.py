"""Jinja for our templates: everything is escaped but what the engine made as HTML (names ending in `_html`)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import jinja2
import orjson
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from services.gateway import attributes
from services.gateway.names import encoded_name, watched_variables
from services.gateway.wording import Say
from shared.contracts.screen import Choice, Condition

HERE = Path(__file__).parent
STATIC = HERE / "static"
_DIV = re.compile(r"(</?)div(?=[\s>])")


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Choices of a drop-down that stand together."""

    name: str
    choices: tuple[Choice, ...]


def static_version(folder: Path = STATIC) -> str:
    """Names the present state of the static files, so that browsers may keep each version for good."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def script_json(data: Any) -> Markup:
    """JSON that may stand inside a script element."""
    text = orjson.dumps(data).decode()
    return Markup(  # noqa: S704 - everything that could end the element is escaped
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )


class _Context(Context):
    """What templates call goes straight to where it is, unless it asks for a part of the template's surroundings.

    A page calls sixty times, half of them macros, and Jinja's own way of finding that out is longer than most of them.
    """

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """As Jinja does; see there."""
        kind = type(called)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _PLAINLY_CALLED or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        if kwargs:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


_PLAINLY_CALLED = frozenset({FunctionType, MethodType, BuiltinMethodType})


def environment(*, static: str) -> jinja2.Environment:
    """The templates, with the filters they use; `static` is the path of the static files."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )
    made.context_class = _Context
    made.globals.update(
        static=static,
        js_condition=_js_condition,
        grid_class=attributes.grid_class,
        container_attributes=attributes.container_attributes,
        data_attributes=attributes.data_attributes,
        in_line=_in_line,
        limits=attributes.limits,
        state=attributes.state,
        describedby=attributes.describedby,
        own_data=attributes.own_data,
        plain_choice=_plain_choice,
        starts_row=lambda grid: isinstance(grid, dict) and bool(grid.get("start")),
        ends_row=lambda grid: isinstance(grid, dict) and bool(grid.get("end")),
    )
    made.filters["groupby_in_order"] = _grouped
    made.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}
    return made


def macros_saying(say: Say, templates: jinja2.Environment) -> dict[str, Any]:
    """The inputs and buttons of a wording, as templates know them: `say`, `inputs`, `buttons`.

    These macros take all else they need as arguments, so that they are made once for many pages.
    """
    own = {"say": say}
    return {
        **own,
        "inputs": templates.get_template("fields.html").make_module(own),
        "buttons": templates.get_template("buttons.html").make_module(own),
    }


def _grouped(choices: Iterable[Choice], attribute: str) -> list[ChoiceGroup]:
    """Neighbouring choices of the same group together, in the order given."""
    groups: list[tuple[str, list[Choice]]] = []
    for choice in choices:
        name = str(getattr(choice, attribute))
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        groups[-1][1].append(choice)
    return [ChoiceGroup(name, tuple(members)) for name, members in groups]


def _in_line(html: Markup) -> Markup:
    """HTML as it may stand within a paragraph: the browser would end the paragraph where a `div` begins."""
    return Markup(_DIV.sub(r"\1span", str(html)))  # noqa: S704 - only the name of an element changes


def _plain_choice(label_html: str, help_html: str = "") -> Choice:
    """A single check box as one more choice."""
    return Choice(key="", label_html=label_html, help_html=help_html)


def _js_condition(condition: Condition) -> str:
    """What `data-jsshowif` holds (spec/area1 §16.5)."""
    return encoded_name(
        json.dumps(
            {
                "expression": condition.javascript,
                "vars": watched_variables(condition.javascript),
                "sign": condition.sign,
                "mode": 1 if condition.only_enables else 0,
            }
        )
    )
