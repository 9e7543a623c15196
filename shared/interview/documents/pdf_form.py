"""Fill PDF forms, by pikepdf: words, boxes, choices, pictures and signatures in their fields (ISO 32000-1 §12.7).

What a field shows is drawn by typst, page by page, and put into the form: so every alphabet can be written, long
values become smaller until they fit, and a form looks the same in every viewer.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.interview.documents.errors import DocumentError, DocumentTooLarge, DocumentUnreadable
from shared.interview.documents.markdown_pictures import LeftOut, for_typst
from shared.interview.documents.typesetting import font_names, typeset

if TYPE_CHECKING:
    import pikepdf

KIND = "PDF form"
_MOST_BYTES = 50 * 1024 * 1024
_MOST_DEPTH = 32
_TEMPLATE = Path(__file__).with_name("form_fields.typ")
_TICKED = frozenset({"yes", "true", "on", "1", "x"})
_NOT_TICKED = frozenset({"", "no", "false", "off", "0", "none"})
_MULTILINE, _COMB, _RADIO, _PUSH_BUTTON = 1 << 12, 1 << 24, 1 << 15, 1 << 16
_SIZE = re.compile(r"/(\S+)\s+([\d.]+)\s+Tf")
_COLOR = re.compile(r"((?:[\d.]+\s+){1,4})(g|rg|k)\b")
_LARGEST_AUTOMATIC = 12.0
_INSET = 2.0
Value = str | bool | Path | None
"""What goes into a field: words, whether a box is ticked, or a picture."""


@dataclass(frozen=True, kw_only=True)
class FormManner:
    """How a form is filled."""

    is_editable: bool = True
    """Whether the fields stay fields."""
    export_value: str = ""
    """What ticked boxes are called in this form, where they have no name of their own."""
    flattened_label: str = ""
    """What is written into ticked boxes of a form that is not editable."""
    font: str = ""
    password: str = ""
    """Of the template."""


class UnknownFields(DocumentError):
    """No field of the form has any of the names that were given."""

    def __init__(self, name: str, wanted: list[str], present: list[str]) -> None:
        known = ", ".join(present[:20]) + (", …" if len(present) > 20 else "")
        super().__init__(
            f"The form {name} has no field called {', '.join(map(repr, wanted[:5]))}. "
            + (f"Its fields are: {known}." if present else "It has no fields at all.")
        )
        self.name, self.wanted = name, wanted


def fill_form(
    source: Path,
    target: Path,
    values: Mapping[str, Value],
    manner: FormManner,
    *,
    name: str = "",
    left_out: LeftOut | None = None,
) -> list[str]:
    """Write the filled form; gives the names that no field has, if only some are unknown.

    Raises DocumentUnreadable, DocumentTooLarge, UnknownFields, TypesettingFailed.
    """
    import pikepdf

    label = name or source.name
    if source.stat().st_size > _MOST_BYTES:
        raise DocumentTooLarge(label, f"more than {_MOST_BYTES // 1024**2} MB")
    try:
        with pikepdf.open(source, password=manner.password) as pdf:
            unknown = _Filler(pdf, values, manner, label, left_out).fill()
            pdf.save(target)
    except pikepdf.PasswordError as error:
        advice = "Give it as `template password`, or use a copy without one."
        raise DocumentUnreadable(label, KIND, "it is closed by a password", advice=advice) from error
    except pikepdf.PdfError as error:
        raise DocumentUnreadable(label, KIND, str(error)) from error
    return unknown


def encrypt_pdf(path: Path, *, password: str, owner_password: str) -> None:
    """Encrypt a PDF in its place (AES-256): `password` opens it, `owner_password` lifts its limits."""
    import pikepdf

    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner=owner_password, user=password, R=6))


@dataclass(slots=True)
class _Field:
    """One field with all the places where it is shown."""

    name: str
    partial: str
    node: Any
    kind: str
    flags: int
    widgets: list[Any]
    inherited: dict[str, Any]


@dataclass(slots=True)
class _Drawing:
    """What is to be drawn at one place."""

    widget: Any
    said: dict[str, Any]
    picture: Path | None = None


class _Filler:
    def __init__(
        self,
        pdf: pikepdf.Pdf,
        values: Mapping[str, Value],
        manner: FormManner,
        name: str,
        left_out: LeftOut | None,
    ) -> None:
        self._pdf, self._values, self._manner, self._name, self._left_out = pdf, values, manner, name, left_out
        self._form = pdf.Root.get("/AcroForm")
        self._drawings: list[_Drawing] = []

    def fill(self) -> list[str]:
        """Fill all fields that have a value; gives the names that no field has."""
        fields = list(self._fields())
        by_name: dict[str, list[_Field]] = {}
        for field in fields:
            for known in {field.name, field.partial}:
                by_name.setdefault(known, []).append(field)
        unknown = [name for name in self._values if name not in by_name]
        if unknown and len(unknown) == len(self._values):
            raise UnknownFields(self._name, unknown, [field.name for field in fields])
        if self._form is not None and self._form.get("/NeedAppearances"):
            self._pdf.generate_appearance_streams()  # of what the form holds already: later it would draw over ours
            self._form["/NeedAppearances"] = False
        for name, value in self._values.items():
            for field in by_name.get(name, ()):
                self._fill(field, value)
        self._draw()
        self._finish()
        return unknown

    def _fields(self) -> Iterator[_Field]:
        if self._form is None:
            return
        base = {key: self._form[key] for key in ("/DA", "/Q") if key in self._form}
        for root in self._form.get("/Fields", []):
            yield from self._walk(root, "", base, 0)

    def _walk(self, node: Any, prefix: str, inherited: dict[str, Any], depth: int) -> Iterator[_Field]:
        if depth > _MOST_DEPTH:
            return
        partial = str(node.get("/T", ""))
        name = f"{prefix}.{partial}" if prefix and partial else prefix or partial
        given = inherited | {key: node[key] for key in ("/FT", "/Ff", "/DA", "/Q", "/MaxLen", "/Opt") if key in node}
        children = list(node.get("/Kids", []))
        if any("/T" in child for child in children):
            for child in children:
                yield from self._walk(child, name, given, depth + 1)
            return
        widgets = children or [node]
        yield _Field(name, partial or name, node, str(given.get("/FT", "")), int(given.get("/Ff", 0)), widgets, given)

    # Values
    def _fill(self, field: _Field, value: Value) -> None:
        match field.kind:
            case "/Btn" if field.flags & _PUSH_BUTTON:
                if isinstance(value, Path):
                    self._picture(field, value)
            case "/Btn":
                self._box(field, value)
            case _ if isinstance(value, Path):
                self._picture(field, value)
            case "/Tx" | "/Ch":
                self._write(field, _words(value))
            case _:
                pass  # a signature field holds no words

    def _write(self, field: _Field, text: str) -> None:
        from pikepdf import String

        length = field.inherited.get("/MaxLen")
        if length is not None:
            text = text[: int(length)]
        shown = text
        if field.kind == "/Ch":
            text, shown = _chosen(field.inherited.get("/Opt"), text)
        field.node["/V"] = String(text)
        for widget in field.widgets:
            self._drawings.append(_Drawing(widget, self._said(field, widget, shown)))

    def _said(self, field: _Field, widget: Any, text: str) -> dict[str, Any]:
        left, bottom, right, top = (float(edge) for edge in widget.get("/Rect", [0, 0, 0, 0]))
        look = str(widget.get("/DA", field.inherited.get("/DA", "")))
        font, size = next(((found[1], float(found[2])) for found in _SIZE.finditer(look)), ("", 0.0))
        is_multiline = bool(field.flags & _MULTILINE) or (field.kind == "/Tx" and "\n" in text)
        width, height = abs(right - left), abs(top - bottom)
        inset = min(_INSET, width / 4, height / 4)
        comb = int(field.inherited.get("/MaxLen", 0)) if field.flags & _COMB else 0
        automatic = min(_LARGEST_AUTOMATIC, max(4.0, height * 0.7)) if not is_multiline else _LARGEST_AUTOMATIC
        return {
            "text": text,
            "width": max(1.0, width - 2 * inset),
            "height": max(1.0, height - 2 * inset),
            "inset": inset,
            "size": size or automatic,
            "shrinks": not size or is_multiline or comb == 0,
            "multiline": is_multiline,
            "comb": comb,
            "align": int(widget.get("/Q", field.inherited.get("/Q", 0))),
            "fonts": font_names(self._manner.font or _family(font)),
            "color": _color(look),
            "picture": "",
        }

    def _picture(self, field: _Field, path: Path) -> None:
        for widget in field.widgets:
            self._drawings.append(_Drawing(widget, self._said(field, widget, ""), path))

    def _box(self, field: _Field, value: Value) -> None:
        from pikepdf import Name

        text = str(value).strip() if not isinstance(value, bool) else ("Yes" if value else "No")
        states = [(widget, _state_of(widget, self._manner.export_value)) for widget in field.widgets]
        names = [state for _, state in states]
        options = [str(option) for option in field.inherited.get("/Opt", [])]
        called = zip_longest(names, options[: len(names)])
        chosen = next((name for name, option in called if text in (name, option)), None)
        # A box that is shown in several places is one box as long as it is called the same everywhere.
        if len(set(names)) == 1:
            is_choice = bool(field.flags & _RADIO)
            if text.lower() in _TICKED or (not is_choice and text == self._manner.export_value):
                chosen = names[0]
            elif text.lower() in _NOT_TICKED and not is_choice:
                chosen = None
        field.node["/V"] = Name(f"/{chosen or 'Off'}")
        for widget, state in states:
            self._tick(widget, state, is_ticked=chosen is not None and state == chosen)

    def _tick(self, widget: Any, state: str, *, is_ticked: bool) -> None:
        from pikepdf import Name

        widget["/AS"] = Name(f"/{state}" if is_ticked else "/Off")
        label = self._manner.flattened_label if not self._manner.is_editable else ""
        has_look = f"/{state}" in _normal_look(widget)
        if is_ticked and (label or not has_look):
            field = _Field("", "", widget, "/Btn", 0, [widget], {})
            said = self._said(field, widget, label or "✓") | {"align": 1, "shrinks": True}
            self._drawings.append(_Drawing(widget, said))

    # Looks
    def _draw(self) -> None:
        """Draw everything at once, and give each place its drawing."""
        import io

        import pikepdf

        if not self._drawings:
            return
        with tempfile.TemporaryDirectory(prefix="form-") as folder:
            room = Path(folder)
            for number, drawing in enumerate(self._drawings):
                made = None if drawing.picture is None else for_typst(drawing.picture)
                if made is not None:
                    drawing.said["picture"] = f"picture{number}.{made[1]}"
                    (room / drawing.said["picture"]).write_bytes(made[0])
                elif drawing.picture is not None and self._left_out is not None:
                    self._left_out(drawing.picture)
            (room / "fields.json").write_text(json.dumps([one.said for one in self._drawings]), encoding="utf-8")
            contents = typeset(_TEMPLATE.read_text(encoding="utf-8"), room, name=self._name)
        with pikepdf.open(io.BytesIO(contents)) as drawn:
            for drawing, page in zip(self._drawings, drawn.pages, strict=True):
                look = self._pdf.copy_foreign(page.as_form_xobject())
                self._dress(drawing, look)

    def _dress(self, drawing: _Drawing, look: Any) -> None:
        from pikepdf import Dictionary

        widget = drawing.widget
        if "/AS" in widget:
            state = str(widget["/AS"])
            looks = widget.get("/AP", Dictionary())
            normal = looks.get("/N", Dictionary())
            normal = normal if isinstance(normal, Dictionary) else Dictionary()
            normal[state] = look
            looks["/N"] = normal
            widget["/AP"] = looks
        else:
            widget["/AP"] = Dictionary(N=look)
        if drawing.picture is not None and "/MK" in widget:
            del widget["/MK"]
        widget["/F"] = (int(widget.get("/F", 0)) | 4) & ~2  # printed, and not hidden
        if drawing.picture is not None and str(widget.get("/FT", "")) == "/Tx":
            widget["/Ff"] = int(widget.get("/Ff", 0)) | 1  # a picture is not typed over

    def _finish(self) -> None:
        if self._form is None:
            return
        if "/XFA" in self._form:
            del self._form["/XFA"]  # another form of the same fields, which would be shown instead
        if self._manner.is_editable:
            return
        self._pdf.flatten_annotations("all")
        if "/AcroForm" in self._pdf.Root:
            del self._pdf.Root["/AcroForm"]


def _words(value: Value) -> str:
    match value:
        case None:
            return ""
        case True:
            return "Yes"
        case False:
            return "No"
        case _:
            return str(value)


def _chosen(options: Any, text: str) -> tuple[str, str]:
    """What a choice is saved as, and what is shown of it."""
    from pikepdf import Array

    for option in options or []:
        pair = [str(one) for one in option] if isinstance(option, Array) else [str(option)]
        if text in pair:
            return pair[0], pair[-1]
    return text, text


def _normal_look(widget: Any) -> Any:
    from pikepdf import Dictionary, Stream

    normal = widget.get("/AP", {}).get("/N", {})
    return {} if isinstance(normal, Stream) else normal if isinstance(normal, Dictionary) else {}


def _state_of(widget: Any, export_value: str) -> str:
    """What a box is called when it is ticked: by the form, else as the author says."""
    return next((str(key)[1:] for key in _normal_look(widget) if str(key) != "/Off"), export_value or "Yes")


def _family(font: str) -> str:
    """A family of letters by the short names forms have for their fonts."""
    lowered = font.lower()
    if lowered.startswith(("tiro", "times", "tibo")):
        return "Times New Roman"
    return "Courier New" if lowered.startswith("cour") else "Helvetica" if lowered in ("", "helv", "hebo") else font


def _color(look: str) -> str:
    every = list(_COLOR.finditer(look))
    if not every:
        return "#000000"
    found = every[-1]
    parts = [min(1.0, float(part)) for part in found[1].split()]
    match found[2], parts:
        case "g", [*_, gray]:
            red = green = blue = gray
        case "rg", [*_, red, green, blue]:
            pass
        case "k", [cyan, magenta, yellow, black]:
            red, green, blue = ((1 - ink) * (1 - black) for ink in (cyan, magenta, yellow))
        case _:
            return "#000000"
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))
