"""Readers of declarations: blocks that say something about the interview and are never asked (spec/area4 §2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.interview.compile.attachments import read_attachment_options
from shared.interview.compile.blocks import (
    AttachmentOptionsBlock,
    Block,
    DefinitionBlock,
    FeaturesBlock,
    HelpItem,
    ImagesBlock,
    LearningStoreBlock,
    MetadataBlock,
    ModulesBlock,
    OnChangeBlock,
    OrderBlock,
    ResetBlock,
    ScreenPartsBlock,
    SectionsBlock,
    TermsBlock,
    TranslationsBlock,
    ValidationMessagesBlock,
)
from shared.interview.compile.expressions import Text
from shared.interview.compile.features import check_features
from shared.interview.compile.metadata import check_metadata
from shared.interview.compile.python import compile_code
from shared.interview.compile.reading import Reading
from shared.interview.compile.screen_parts import OF_TRACKING, SCREEN_PARTS
from shared.interview.errors import Position
from shared.interview.source.documents import Mapping

_EVERYWHERE = frozenset({"comment", "default language", "id", "include", "language"})


def _common(reading: Reading) -> dict[str, Any]:
    return {
        "position": reading.position,
        "number": reading.number,
        "name": reading.name,
        "language": reading.language,
        "source": reading.raw.source,
        "package": reading.raw.package,
    }


def _mapping(reading: Reading, key: str) -> Mapping:
    value = reading.data[key]
    if value is None:
        return Mapping()
    if not isinstance(value, Mapping):
        raise reading.wrong(f"`{key}` takes a mapping of keys to values", reading.data, key)
    return value


def _metadata(reading: Reading) -> Block:
    values = _mapping(reading, "metadata")
    check_metadata(reading, values)
    return MetadataBlock(**_common(reading), values=values)


def _features(reading: Reading) -> Block:
    features = _mapping(reading, "features")
    check_features(reading, features)
    return FeaturesBlock(**_common(reading), values=features)


def _modules(reading: Reading) -> Block:
    return ModulesBlock(**_common(reading), modules=reading.strings(reading.data, "modules"), brings_all_names=True)


def _imports(reading: Reading) -> Block:
    return ModulesBlock(**_common(reading), modules=reading.strings(reading.data, "imports"), brings_all_names=False)


def _reset(reading: Reading) -> Block:
    return ResetBlock(**_common(reading), variables=reading.strings(reading.data, "reset"))


def _on_change(reading: Reading) -> Block:
    values = _mapping(reading, "on change")
    code = {str(name): compile_code(str(source), reading.value_at(values, name)) for name, source in values.items()}
    return OnChangeBlock(**_common(reading), code=code)


def normalised_term(term: Any) -> str:
    """Terms are compared in lower case with single blanks."""
    return " ".join(str(term).lower().split())


def read_terms(reading: Reading, key: str) -> dict[str, tuple[Any, Position]]:
    """Definition and place by term, from any of the three ways to write them (spec/area4 §2.1)."""
    found: dict[str, tuple[Any, Position]] = {}
    for item, position in reading.items(reading.data, key):
        if not isinstance(item, Mapping):
            raise reading.wrong(f"`{key}` takes a mapping of terms to definitions", reading.data, key)
        if "phrases" in item and "definition" in item:
            for phrase in item["phrases"]:
                found[normalised_term(phrase)] = (item["definition"], position)
            continue
        for term, definition in item.items():
            found[normalised_term(term)] = (definition, reading.value_at(item, term))
    return found


def _terms(reading: Reading) -> Block:
    terms = {term: str(definition) for term, (definition, _) in read_terms(reading, "terms").items()}
    return TermsBlock(**_common(reading), terms=terms, is_automatic=False)


def _auto_terms(reading: Reading) -> Block:
    terms = {term: str(definition) for term, (definition, _) in read_terms(reading, "auto terms").items()}
    return TermsBlock(**_common(reading), terms=terms, is_automatic=True)


def _images(reading: Reading) -> Block:
    files = {str(name): (_static(reading, str(file)), "") for name, file in _mapping(reading, "images").items()}
    return ImagesBlock(**_common(reading), images=files)


def _image_sets(reading: Reading) -> Block:
    found: dict[str, tuple[str, str]] = {}
    for title, content in _mapping(reading, "image sets").items():
        if not isinstance(content, Mapping) or "images" not in content:
            raise reading.wrong(f"The image set {title!r} needs the key `images`", reading.data, "image sets")
        attribution = str(content.get("attribution", ""))
        images = content["images"]
        for group in images if isinstance(images, list) else [images]:
            found.update({str(name): (_static(reading, str(file)), attribution) for name, file in group.items()})
    return ImagesBlock(**_common(reading), images=found)


def _static(reading: Reading, file: str) -> str:
    return file if ":" in file else f"{reading.raw.package}:data/static/{file.removeprefix('data/static/')}"


def read_help(reading: Reading, key: str) -> HelpItem:
    """`interview help`, and `help` of a question: a text, or heading, content, label and media."""
    value = reading.data[key]
    if not isinstance(value, Mapping):
        return HelpItem(**_common(reading), content=reading.text(reading.data, key))
    reading.check_keys(value, {"heading", "content", "label", "audio", "video"}, f"`{key}`")
    return HelpItem(
        **_common(reading),
        heading=reading.text(value, "heading"),
        content=reading.text(value, "content"),
        label=reading.text(value, "label"),
        audio=reading.texts(value, "audio"),
        video=reading.texts(value, "video"),
    )


def _interview_help(reading: Reading) -> Block:
    return read_help(reading, "interview help")


def _screen_parts(reading: Reading) -> Block:
    values = _mapping(reading, "default screen parts")
    parts: dict[str, Text | None] = {str(key): reading.text(values, key) for key in values if key not in OF_TRACKING}
    reading.check_keys(values, SCREEN_PARTS, "`default screen parts`")
    return ScreenPartsBlock(**_common(reading), parts=parts)


def _validation_messages(reading: Reading) -> Block:
    values = _mapping(reading, "default validation messages")
    messages: dict[str, Text | None] = {str(key): reading.text(values, key) for key in values}
    return ValidationMessagesBlock(**_common(reading), messages=messages)


_OF_SECTIONS = frozenset({"subsections", "auto open", "hidden"})
"""What a section may say beside its id and title."""


def _sections(reading: Reading) -> Block:
    sections = reading.data["sections"]
    if not isinstance(sections, list):
        raise reading.wrong("`sections` takes a list", reading.data, "sections")
    for place, section in enumerate(sections):
        if isinstance(section, dict) and len([key for key in section if key not in _OF_SECTIONS]) != 1:
            raise reading.wrong("A section is a text, or a mapping with one key and its title", sections, place)
    return SectionsBlock(
        **_common(reading),
        sections=list(sections),
        is_progressive=reading.bool_of(reading.data, "progressive", True),
        opens_automatically=reading.bool_of(reading.data, "auto open"),
    )


def _definition(reading: Reading) -> Block:
    name, mako = str(reading.data["def"]).strip(), str(reading.data.get("mako") or "")
    reading.scope.definitions[name] = mako
    return DefinitionBlock(**_common(reading), definition=name, mako=mako)


def _order(reading: Reading) -> Block:
    return OrderBlock(**_common(reading), ids=reading.strings(reading.data, "order"))


def _translations(reading: Reading) -> Block:
    """Only for lint: the files were read with the blocks."""
    return TranslationsBlock(**_common(reading), files=reading.strings(reading.data, "translations"))


def _attachment_options(reading: Reading) -> Block:
    return AttachmentOptionsBlock(**_common(reading), **read_attachment_options(reading))


def _learning_store(reading: Reading) -> Block:
    """A file of this package, or `package:file`; the folder may be left out."""
    name = str(reading.data["machine learning storage"] or "").strip()
    if not name:
        raise reading.wrong(
            "`machine learning storage` takes the name of a file", reading.data, "machine learning storage"
        )
    package, _, path = name.rpartition(":")
    folder = "data/sources/"
    return LearningStoreBlock(
        **_common(reading), file=f"{package or reading.raw.package}:{folder}{path.removeprefix(folder)}"
    )


Reader = Callable[[Reading], Block]

DECLARATIONS: dict[str, tuple[Reader, frozenset[str]]] = {
    "metadata": (_metadata, frozenset({"metadata"})),
    "features": (_features, frozenset({"features"})),
    "modules": (_modules, frozenset({"modules"})),
    "imports": (_imports, frozenset({"imports"})),
    "reset": (_reset, frozenset({"reset"})),
    "on change": (_on_change, frozenset({"on change"})),
    "images": (_images, frozenset({"images"})),
    "image sets": (_image_sets, frozenset({"image sets"})),
    "interview help": (_interview_help, frozenset({"interview help"})),
    "default screen parts": (_screen_parts, frozenset({"default screen parts"})),
    "default validation messages": (_validation_messages, frozenset({"default validation messages"})),
    "sections": (_sections, frozenset({"sections", "progressive", "auto open"})),
    "def": (_definition, frozenset({"def", "mako"})),
    "order": (_order, frozenset({"order"})),
    "translations": (_translations, frozenset({"translations"})),
    "machine learning storage": (_learning_store, frozenset({"machine learning storage"})),
    "attachment options": (_attachment_options, frozenset({"attachment options"})),
    "terms": (_terms, frozenset({"terms"})),
    "auto terms": (_auto_terms, frozenset({"auto terms"})),
}
"""Reader and its own keys by the key that makes a block a declaration. `terms` count only without `question`."""

ALWAYS_ALLOWED = _EVERYWHERE
