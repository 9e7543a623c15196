"""PDF forms made for tests, and what stands in filled ones."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String


def form(**fields: str) -> bytes:
    """A page with fields of these kinds: `text`, `area`, `box` (ticked as `/Oui`), `choice`, `sign`, `comb`.

    Kinds joined by `+` are one field that is shown in as many places: `box+box`.
    """
    pdf = Pdf.new()
    page = pdf.add_blank_page(page_size=(400, 600))
    made = []
    for place, (name, kind) in enumerate(fields.items()):
        top = 560 - place * 60
        made.append(pdf.make_indirect(_field(pdf, name.replace("__", "."), kind, [20, top - 30, 220, top])))
    page.obj["/Annots"] = Array([place for field in made for place in field.get("/Kids", [field])])
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    pdf.Root["/AcroForm"] = Dictionary(
        Fields=Array(made), DA=String("/Helv 0 Tf 0 g"), DR=Dictionary(Font=Dictionary(Helv=font))
    )
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def _field(pdf: Pdf, name: str, kind: str, place: list[int]) -> Dictionary:
    made: Any = Dictionary(Type=Name.Annot, Subtype=Name.Widget, T=String(name), Rect=Array(place))
    match kind:
        case _ if "+" in kind:
            kids = [pdf.make_indirect(_field(pdf, name, one, place)) for one in kind.split("+")]
            made = Dictionary(T=String(name), FT=kids[0]["/FT"], Kids=Array(kids))
            for kid in kids:
                del kid["/T"], kid["/FT"]
        case "text" | "area" | "comb":
            made["/FT"] = Name.Tx
            if kind == "area":
                made["/Ff"] = 1 << 12
            if kind == "comb":
                made["/Ff"], made["/MaxLen"] = 1 << 24, 4
        case "box":
            made["/FT"], made["/AS"] = Name.Btn, Name.Off
            look = Stream(pdf, b"0 0 10 10 re f")
            look["/Type"], look["/Subtype"] = Name.XObject, Name.Form
            look["/BBox"] = Array([0, 0, 10, 10])
            made["/AP"] = Dictionary(N=Dictionary(Oui=pdf.make_indirect(look)))
        case "choice":
            made["/FT"] = Name.Ch
            made["/Opt"] = Array([Array([String("r"), String("Red")]), Array([String("b"), String("Blue")])])
        case "sign":
            made["/FT"] = Name.Sig
    return made


def values_of(contents: bytes) -> Mapping[str, str]:
    """What the fields of a form hold, by name."""
    with pikepdf.open(io.BytesIO(contents)) as pdf:
        root = pdf.Root.get("/AcroForm")
        return {} if root is None else {str(field["/T"]): str(field.get("/V", "")) for field in root["/Fields"]}


def pictures_of(contents: bytes) -> int:
    """How many pictures the first page shows, those of its fields included."""
    with pikepdf.open(io.BytesIO(contents)) as pdf:
        page = pdf.pages[0]
        looks = [annotation["/AP"]["/N"] for annotation in page.obj.get("/Annots", []) if "/AP" in annotation]
        return sum(
            _pictures(look.get("/Resources")) for look in [*looks, page.obj] if isinstance(look, Stream | Dictionary)
        )


def _pictures(resources: Any) -> int:
    found = 0
    for thing in (resources or {}).get("/XObject", {}).values():
        found += 1 if str(thing.get("/Subtype")) == "/Image" else _pictures(thing.get("/Resources"))
    return found
