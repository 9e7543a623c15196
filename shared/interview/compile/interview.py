"""A compiled interview: its blocks, what can define what, and its consolidated declarations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from shared.interview.compile.blocks import (
    AttachmentOptionsBlock,
    Block,
    CodeBlock,
    Definer,
    HelpItem,
    ModulesBlock,
    OnChangeBlock,
    SectionsBlock,
)
from shared.interview.compile.expressions import Text
from shared.interview.compile.index import DefinitionIndex
from shared.interview.errors import Position
from shared.interview.source.reader import Stamp

DEFAULT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Something `colloquy lint` tells an author."""

    severity: str
    """`error`, `warning` or `note`."""
    message: str
    position: Position | None = None
    source_line: str = ""
    """The line of the position as its author wrote it."""


@dataclass(eq=False, kw_only=True)
class Interview:
    """Everything a run needs to know of one interview. Built by `compile.assembly`; read-only afterwards."""

    reference: str
    """Canonical: `package:data/questions/file.yml`."""
    package: str
    stamps: tuple[Stamp, ...] = ()
    """The files it was read from: when one changes, the interview is compiled again."""
    blocks: tuple[Block, ...] = ()
    """Every block in reading order, nested ones excepted."""
    definers: tuple[Definer, ...] = ()
    """Blocks that can run or be sought, in reading order: the question list."""
    steps: tuple[Definer, ...] = ()
    """Those of `definers` that are initial or mandatory, or may be."""
    by_name: dict[str, Definer] = field(default_factory=dict)
    """By block name, nested blocks of embedded choices included."""
    index: DefinitionIndex = field(default_factory=DefinitionIndex)
    metadata: dict[str, Any] = field(default_factory=dict)
    """Consolidated: later blocks override per key, dictionaries merged."""
    features: dict[str, Any] = field(default_factory=dict)
    modules: tuple[ModulesBlock, ...] = ()
    resets: tuple[str, ...] = ()
    always_reconsidered: tuple[CodeBlock, ...] = ()
    """Code blocks with `reconsider: true`: what they define is deleted when a run begins."""
    on_change: tuple[OnChangeBlock, ...] = ()
    sections: dict[str, SectionsBlock] = field(default_factory=dict)
    """By language."""
    screen_parts: dict[str, dict[str, Text]] = field(default_factory=dict)
    """`default screen parts` by language, then by YAML key."""
    metadata_texts: dict[str, dict[str, Text]] = field(default_factory=dict)
    """Texts of metadata (titles, screen parts) by language, then by YAML key: the fall-back of `screen_parts`."""
    validation_messages: dict[str, dict[str, Text]] = field(default_factory=dict)
    help: dict[str, list[HelpItem]] = field(default_factory=dict)
    terms: dict[str, dict[str, str]] = field(default_factory=dict)
    """Interview-wide `terms` by language: definition by lower-cased term."""
    auto_terms: dict[str, dict[str, str]] = field(default_factory=dict)
    translations: dict[str, dict[str, Text]] = field(default_factory=dict)
    """Texts of `translations` by language, then by the text as its author wrote it, blanks around it left out."""
    images: dict[str, tuple[str, str]] = field(default_factory=dict)
    """File reference (`package:data/static/…` or as written) and attribution, by name."""
    document_options: tuple[AttachmentOptionsBlock, ...] = ()
    """`attachment options`: later ones count more."""
    own_learning_file: str = ""
    """`machine learning storage`, as `package:data/sources/file.json`; empty when no block says it."""
    default_roles: tuple[str, ...] = ()
    calls_process_action: bool = False
    """Some code block calls process_action() itself: the automatic call is switched off (spec/area1 §2.2)."""
    has_dependencies: bool = False
    """Some block has `depends on`, or there is `on change`."""
    findings: tuple[Finding, ...] = ()
    """Warnings of compilation: unknown keys, things left out on purpose."""

    @property
    def learning_file(self) -> str:
        """The file whose examples the interview's machine learners share, `package:data/sources/ml-….json`."""
        name = PurePosixPath(self.reference.rpartition(":")[2]).stem
        return self.own_learning_file or f"{self.package}:data/sources/ml-{name}.json"

    @cached_property
    def part_names(self) -> frozenset[str]:
        """Which screen parts its blocks set, in any language: a screen asks for thirty, and most set three."""
        tables = (*self.screen_parts.values(), *self.metadata_texts.values())
        return frozenset(name for texts in tables for name in texts)

    @property
    def loop_limit(self) -> int:
        """How often evaluation may start over in one run."""
        return int(self.features.get("loop limit", DEFAULT_LIMIT))

    @property
    def recursion_limit(self) -> int:
        """How deep variables may be sought for one another."""
        return int(self.features.get("recursion limit", DEFAULT_LIMIT))

    def translated(self, text: Text, language: str) -> Text:
        """The text in a language, where there is a translation of it; else itself."""
        return self.translations.get(language, {}).get(text.source.strip(), text)

    def metadata_text(self, key: str, language: str = "*") -> str:
        """A metadata value as plain text in this language, unrendered; empty when there is none."""
        for candidate in (language, "*"):
            if (text := self.metadata_texts.get(candidate, {}).get(key)) is not None:
                return text.source.strip()
        value = self.metadata.get(key, "")
        return value.strip() if isinstance(value, str) else ""
