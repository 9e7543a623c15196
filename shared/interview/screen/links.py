"""Links of finished HTML: what runs an action, what runs a script, what opens beside the interview (spec/area4 §7.2,
spec/area1 §16.7).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from shared.kernel.interview_path import BadReference, canonical

_ANCHOR = re.compile(r"<a\b((?:\s+[^\s=>]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*>", re.IGNORECASE)
_HREF = re.compile(r"\shref\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)
_FILE_PATHS = ("uploadedfile", "packagestatic", "tempfile", "storedfile", "packagezip")


@dataclass(frozen=True, slots=True)
class Site:
    """What tells our own links from others."""

    root: str = "/"
    """The server's root, absolute, with a slash at its end."""
    page: str = "/interview"
    """Where the interview is answered, without query."""
    interview: str = ""
    """Canonical reference of the interview that is shown; empty: any is taken for it."""
    session: str = ""
    """Code of its session; empty likewise."""


def finish_links(made: str, site: Site) -> str:
    """Mark every `<a>`: `data-embaction`, `data-js`, or `target="_blank"`; links with a target of their own stay."""
    if "<a" not in made and "<A" not in made:
        return made
    return _ANCHOR.sub(lambda anchor: _finish(anchor, site), made)


def action_of(url: str, site: Site) -> str:
    """The encoded action in a link to this session, or nothing: what leads to another interview or session of this
    server is a link like any other (spec/area2 §13 row 31).
    """
    if "action=" not in url or not _is_own_interview(url, site):
        return ""
    query = parse_qs(urlsplit(url).query)
    if _is_another(query.get("i"), site.interview) or query.get("session", [site.session])[0] != site.session:
        return ""
    return query.get("action", [""])[0]


def _finish(anchor: re.Match[str], site: Site) -> str:
    attributes = anchor[1]
    reference = _HREF.search(attributes)
    if reference is None or " data-embaction" in attributes or " data-js" in attributes:
        return anchor[0]
    url = html.unescape(reference[1].strip("\"'")).strip()
    if url.lower().startswith("javascript:"):
        script = html.escape(url[len("javascript:") :])
        return f'<a{_with_href(attributes, reference, "#")} data-js="{script}">'
    if action := action_of(url, site):
        return f'<a{attributes} data-embaction="{html.escape(action)}">'
    if " target" not in attributes.lower() and opens_beside(url, site):
        return f'<a{attributes} target="_blank" rel="noopener">'
    return anchor[0]


def opens_beside(url: str, site: Site) -> bool:
    """Whether a link leads away from the interview: to another site, or to a file."""
    parts = urlsplit(url)
    if not parts.scheme and not parts.netloc:
        return parts.path.lstrip("/").split("/", 1)[0] in _FILE_PATHS
    if parts.scheme not in {"http", "https", ""}:
        return False
    own = urlsplit(site.root)
    if parts.netloc != own.netloc:
        return True
    return parts.path.removeprefix(own.path).lstrip("/").split("/", 1)[0] in _FILE_PATHS


def _is_own_interview(url: str, site: Site) -> bool:
    if url.startswith("?"):
        return True
    parts, own, page = urlsplit(url), urlsplit(site.root), urlsplit(site.page)
    if parts.netloc and parts.netloc != own.netloc:
        return False
    return (
        parts.path in {page.path, own.path + "interview", "/interview", ""}
        or "/start/" in parts.path
        or "/run/" in parts.path
    )


def _is_another(given: list[str] | None, interview: str) -> bool:
    if not given or not interview:
        return False
    try:
        return canonical(given[0]) != interview
    except BadReference:
        return True


def _with_href(attributes: str, reference: re.Match[str], url: str) -> str:
    return f'{attributes[: reference.start()]} href="{url}"{attributes[reference.end() :]}'
