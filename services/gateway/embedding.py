"""`js_target=<id>`: a script that shows an interview within an element of another page (spec/area2 §2.3).

The interview stands in a frame of its own: neither its styles and scripts nor those of the page around it reach the
other. Whose pages may frame it, the policy of the screen says; the script itself tells nothing.
"""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.requests import url_root

_SCRIPT = """(function () {
  "use strict";
  function build() {
    var target = document.getElementById(%(target)s);
    if (!target) { return; }
    var frame = document.createElement("iframe");
    frame.src = %(address)s;
    frame.title = %(title)s;
    frame.setAttribute("allow", "camera; microphone; geolocation; clipboard-write");
    frame.style.cssText = "width: 100%%; min-height: 40rem; height: 100%%; border: 0;";
    target.replaceChildren(frame);
  }
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", build);
  } else {
    build();
  }
})();
"""
_TITLE = "Interview"


def script_for(request: Request, *, public_url: str) -> Response:
    """The script; the frame goes to the same address without `js_target`."""
    given = [pair for pair in request.query_params.multi_items() if pair[0] != "js_target"]
    address = f"{url_root(request, public_url)}interview?{urlencode(given)}"
    target = request.query_params["js_target"]
    script = _SCRIPT % {"target": _literal(target), "address": _literal(address), "title": _literal(_TITLE)}
    headers = {"cache-control": "no-store", "cross-origin-resource-policy": "cross-origin"}
    return Response(script, media_type="text/javascript", headers=headers)


def _literal(text: str) -> str:
    """A text as JavaScript has it, also within HTML."""
    escaped = orjson.dumps(text).decode()
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        escaped = escaped.replace(sign, f"\\u{ord(sign):04x}")
    return escaped
