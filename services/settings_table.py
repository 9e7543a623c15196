"""All settings as one table: for the page of operators, for `colloquy config`, and to know a name that is none.

`python -m services.settings_table --write` writes docs/operators/settings.md, `--check` ends with 1 if it is old.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import structlog
from annotated_types import Ge, Gt, Le

from services.directives import BY_VARIABLE, DIRECTIVES, directive_of
from services.gateway.settings import GatewaySettings
from services.mail.settings import MailSettings
from services.scheduler.settings import SchedulerSettings
from services.session.settings import SessionSettings
from services.worker.settings import WorkerSettings
from shared.kernel.interview_config import read_interview_config
from shared.kernel.settings import IN_A_FILE, PREFIX, Settings, SettingsInvalid, given_variables, secrets_of, variable

log = structlog.get_logger()

OF_SERVICES: Mapping[str, type[Settings]] = {
    "session": SessionSettings,
    "worker": WorkerSettings,
    "scheduler": SchedulerSettings,
    "mail": MailSettings,
    "gateway": GatewaySettings,
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "operators" / "settings.md"
ELSEWHERE = ("COLLOQUY_TEST_", "COLLOQUY_BENCH_", "COLLOQUY_CHROMIUM")
"""Variables of the test suite."""

_TITLE = """# Settings

Every setting is an environment variable. A secret may be given as a file instead:
`COLLOQUY_DATABASE_URL_FILE=/run/secrets/database-url` stands for `COLLOQUY_DATABASE_URL`. An empty variable counts as
not given. Durations are in seconds, sizes in bytes, unless the name says otherwise.

- `colloquy config` shows the values in force; secrets stay hidden.
- `colloquy config --check` finds every mistake at once, `--service session` also what that service needs.
  It names variables that no setting knows, too.
- `colloquy config --reference config.yml` explains a docassemble configuration, directive by directive.

This page is generated from the settings themselves.
"""
_MOVED = """
## Coming from docassemble

| Directive | Here |
|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its variable, for people its type, its defaults and meanings by service; `all` for every service."""

    name: str
    field: str
    kind: str
    is_secret: bool
    services: tuple[str, ...]
    defaults: Mapping[str, Any]
    meanings: Mapping[str, str]

    @property
    def default(self) -> str:
        """The default, or one for each service where they differ."""
        return _by_service({service: _shown(value) for service, value in self.defaults.items()})

    @property
    def meaning(self) -> str:
        """What it is for."""
        said = tuple(dict.fromkeys(self.meanings.values()))
        return said[0] if len(said) == 1 else " ".join(f"{one} ({name})" for name, one in self.meanings.items())


def rows() -> tuple[Row, ...]:
    """Every setting, those of all services first, in the order of the classes."""
    found = [_row(field, {"all": Settings}) for field in Settings.model_fields]
    own: dict[str, dict[str, type[Settings]]] = {}
    for service, settings in OF_SERVICES.items():
        for field in settings.model_fields:
            if field not in Settings.model_fields:
                own.setdefault(field, {})[service] = settings
    return (*found, *(_row(field, classes) for field, classes in own.items()))


def page() -> str:
    """docs/operators/settings.md."""
    lines = [_TITLE]
    for heading, services in (("Every service", ("all",)), *((name.capitalize(), (name,)) for name in OF_SERVICES)):
        lines.append(f"\n## {heading}\n\n| Setting | Type | Default | Services | Meaning |\n|---|---|---|---|---|\n")
        for row in rows():
            if row.services[:1] == services:
                kind = f"{row.kind}; secret" if row.is_secret else row.kind
                cells = (f"`{row.name}`", kind, row.default, ", ".join(row.services), row.meaning)
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    lines.append(_MOVED)
    for one in DIRECTIVES:
        named = f"`{one.name}`" + (f" ({', '.join(f'`{name}`' for name in one.variables)})" if one.variables else "")
        said = re.sub("COLLOQUY_[A-Z0-9_]+", lambda found: f"`{found[0]}`", one.explanation)
        lines.append(f"| {named} | {said} |\n")
    return "".join(lines)


def known_variables() -> frozenset[str]:
    """The names of all variables that mean something to a service."""
    classes: list[type[Settings]] = [Settings, *OF_SERVICES.values()]
    names = {variable(field) for settings in classes for field in settings.model_fields}
    return frozenset(names | {variable(field) + IN_A_FILE for settings in classes for field in secrets_of(settings)})


def warnings(settings: Settings | None, environment: Mapping[str, str]) -> dict[str, str]:
    """What is probably meant otherwise, by variable: names no setting knows, folders that are not there."""
    known = known_variables()
    found = {
        name: _guess(name, known)
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not name.startswith(ELSEWHERE)
    }
    if settings is not None:
        missing = [str(folder) for folder in settings.interview_path if not folder.is_dir()]
        if missing:
            found[variable("interview_path")] = f"There is no folder {', '.join(missing)}."
    return found


def warn(settings: Settings) -> None:
    """Log them at the start of a service."""
    for name, text in warnings(settings, given_variables()).items():
        log.warning("settings.doubtful", variable=name, problem=text)


def mistakes(services: Iterable[str]) -> dict[str, str]:
    """Every mistake in the settings of all services, and what `services` need and lack, by variable."""
    needing = set(services)
    problems: dict[str, str] = {}
    for name, settings in OF_SERVICES.items():
        try:
            settings.load(required=settings.NEEDED if name in needing else ())
        except SettingsInvalid as error:
            problems.update(error.problems)
    return dict(sorted(problems.items()))


def in_force() -> list[dict[str, str]]:
    """Every setting with its value and where that is from, secrets without it. Raises SettingsInvalid."""
    loaded: dict[str, Settings] = {"all": Settings.load()}
    loaded.update({name: settings.load() for name, settings in OF_SERVICES.items()})
    environment = given_variables()
    found = []
    for row in rows():
        source = "default"
        if row.is_secret and row.name + IN_A_FILE in environment:
            source = "file"
        elif row.name in environment:
            source = "environment"
        if row.is_secret:
            value = "(hidden)" if source != "default" else ""
        else:
            value = _by_service({name: _shown(getattr(loaded[name], row.field)) for name in row.services})
        found.append({"setting": row.name, "value": value, "from": source, "services": ", ".join(row.services)})
    return found


def explained(file: Path) -> dict[str, str]:
    """What takes the place of each directive in a docassemble configuration. Raises BadInterviewConfig."""
    return {name: _explained(name) for name in read_interview_config(file)}


def reference_variables(environment: Iterable[str]) -> dict[str, str]:
    """What takes the place of docassemble's own environment variables, for those that are set."""
    return {name: BY_VARIABLE[name].explanation for name in sorted(environment) if name in BY_VARIABLE}


def _explained(name: str) -> str:
    directive = directive_of(name)
    if directive is not None:
        return directive.explanation
    return "Not known to us. If interviews read it with get_config(), put it into COLLOQUY_INTERVIEW_CONFIG_FILE."


def _guess(name: str, known: frozenset[str]) -> str:
    directive = directive_of(name.removeprefix(PREFIX))
    if directive is not None:
        return f"No setting has this name; it is a directive of docassemble's. Here: {directive.explanation}"
    if name.removesuffix(IN_A_FILE) in known:
        return f"Only secrets are read from files: give {name.removesuffix(IN_A_FILE)}."
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f"No setting has this name. Did you mean {near[0]}?" if near else "No setting has this name."


def _row(field: str, classes: Mapping[str, type[Settings]]) -> Row:
    infos = {service: settings.model_fields[field] for service, settings in classes.items()}
    first = next(iter(infos.values()))
    return Row(
        name=variable(field),
        field=field,
        kind=_kind(first.annotation, first.metadata),
        is_secret=not first.repr,
        services=tuple(infos),
        defaults={name: info.get_default(call_default_factory=True) for name, info in infos.items()},
        meanings={name: " ".join((info.description or "").split()) for name, info in infos.items()},
    )


def _kind(annotation: Any, metadata: Iterable[Any]) -> str:
    limits = ""
    for limit in metadata:
        match limit:
            case Ge(ge=least):
                limits += f", {least} at least"
            case Gt(gt=least):
                limits += f", above {least}"
            case Le(le=most):
                limits += f", {most} at most"
            case _:
                pass
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    if NoneType in get_args(annotation):
        return _kind(kinds[0], ()) + limits
    names: dict[Any, str] = {int: "whole number", float: "number", bool: "true or false", str: "text", Path: "path"}
    match get_origin(annotation):
        case None:
            return names[annotation] + limits
        case origin if origin is tuple:
            return "paths, separated like PATH"
        case _:
            return "JSON"


def _shown(value: Any) -> str:
    match value:
        case None | "" | () | {}:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ":".join(map(str, value))
        case _:
            return re.sub(r"//[^/@\s]+@", "//…@", str(value))


def _by_service(values: Mapping[str, str]) -> str:
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return ", ".join(f"{value} ({service})" for service, value in values.items())


def main() -> None:
    """Write the page, or say that it is old."""
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/operators/settings.md is old: run `make schemas`.")


if __name__ == "__main__":
    main()
