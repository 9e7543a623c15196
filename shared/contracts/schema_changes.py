"""Which differences between two JSON Schemas would break a program that knows only the older one.

Additive are: a new message, a new field that may be left out, a field that may now be left out, one more value or kind
allowed. Everything else is a change of meaning and wants a new class: a removed message or field, another type, another
queue or topic, a new field that must be given, a value or kind no longer allowed, a new limit on a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_LIMITS = (
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems", "uniqueItems", "contentEncoding",
)  # fmt: skip
_ROUTES = ("x-type", "x-queue", "x-topic")


def breaking_changes(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """What breaks, in sentences, from one set of schemas by file name to another."""
    found: list[str] = []
    for name, schema in old.items():
        if name not in new:
            found.append(f"{name}: removed.")
        else:
            found.extend(_Comparison(schema, new[name]).changes(name))
    return found


class _Comparison:
    """Two versions of one document; `$ref`s lead into its `$defs`."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()

    def changes(self, name: str) -> list[str]:
        found = [
            f"{name}: {route.removeprefix('x-')} {self._old[route]!r} became {self._new.get(route)!r}."
            for route in _ROUTES
            if route in self._old and self._old[route] != self._new.get(route)
        ]
        return [*found, *self._compare(self._old, self._new, name)]

    def _compare(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        references = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(references):
            if references in self._seen:
                return
            self._seen.add(references)
        old, new = _resolve(old, self._old), _resolve(new, self._new)
        if _alternatives(old) or _alternatives(new):
            yield from self._compare_alternatives(old, new, place)
        elif old.get("type") != new.get("type") and "type" in new:
            yield f"{place}: type {old.get('type', 'anything')} became {new['type']}."
        else:
            yield from self._compare_values(old, new, place)
            yield from self._compare_fields(old, new, place)
            yield from self._compare_contents(old, new, place)

    def _compare_alternatives(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Every alternative there was must still be possible."""
        offered = _alternatives(new) or [new]
        if not _says_anything(new):
            return
        for alternative in _alternatives(old) or [old]:
            if not any(self._fits(alternative, offer) for offer in offered):
                yield f"{place}: {_describe(alternative)} is no longer allowed."

    def _fits(self, old: Schema, new: Schema) -> bool:
        """Whether one alternative accepts all that another did; looked at afresh, without marking it as seen."""
        seen = set(self._seen)
        fits = not any(True for _ in self._compare(old, new, ""))
        if not fits:
            self._seen = seen
        return fits

    def _compare_values(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        allowed, values = _values(new), _values(old)
        if allowed is not None:
            missing = [value for value in values or [] if value not in allowed]
            if values is None:
                yield f"{place}: only {allowed} are allowed now."
            elif missing:
                yield f"{place}: {missing} are no longer allowed."
        for limit in _LIMITS:
            if limit in new and new[limit] != old.get(limit):
                yield f"{place}: {limit} {old.get(limit, 'without')} became {new[limit]}."

    def _compare_fields(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{place}.{name}: removed."
            else:
                yield from self._compare(schema, after[name], f"{place}.{name}")
        for name in new.get("required", ()):
            if name not in old.get("required", ()):
                yield f"{place}.{name}: must be given now."

    def _compare_contents(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Items of lists, values of mappings, what is sealed."""
        for part in ("items", "additionalProperties", "x-sealed-value"):
            before, after = old.get(part, True), new.get(part, True)
            if after is True:
                continue
            if before is True or before is False or after is False:
                if before != after:
                    yield f"{place}: {part} is narrower than before."
            else:
                yield from self._compare(before, after, f"{place}[]" if part == "items" else place)
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield f"{place}: {len(before)} places became {len(after)}."
        for number, (first, second) in enumerate(zip(before, after, strict=False)):
            yield from self._compare(first, second, f"{place}[{number}]")


def _resolve(schema: Schema, document: Schema) -> Schema:
    """Follow a reference; what stands beside it is a note, not a rule."""
    while "$ref" in schema:
        schema = document["$defs"][str(schema["$ref"]).rpartition("/")[2]]
    return schema


def _alternatives(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def _values(schema: Schema) -> list[Any] | None:
    """The values allowed, or None when they are not listed."""
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _says_anything(schema: Schema) -> bool:
    """Whether a schema restricts anything at all; one for `Any` does not."""
    return any(key not in ("title", "description", "default") for key in schema)


def _describe(schema: Schema) -> str:
    return str(schema.get("$ref", schema.get("type", schema.get("const", "one kind")))).rpartition("/")[2]
