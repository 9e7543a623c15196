"""The language, country and manner of a run, and `word()` (spec/area4 §7.5).

All settings belong to the run: each one starts from the defaults of its context and ends with it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, cast

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_territory_currencies

from shared.interview.library.words import translated
from shared.interview.runtime.run import current_run, current_run_or_none
from shared.kernel.clock import SystemClock

__all__ = [
    "get_country",
    "get_default_timezone",
    "get_dialect",
    "get_language",
    "get_locale",
    "get_voice",
    "language_from_browser",
    "language_name",
    "set_country",
    "set_language",
    "set_locale",
    "update_language_function",
    "update_locale",
    "update_word_collection",
    "word",
]

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULT_LANGUAGE = "en"


class LanguageFunctions:
    """Functions and words of other languages that authors' modules bring when they are imported."""

    def __init__(self) -> None:
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self.words: dict[str, dict[str, str]] = {}

    def put(self, language: str, name: str, function: Callable[..., Any]) -> None:
        self._functions[language, name] = function

    def find(self, language: str, name: str) -> Callable[..., Any] | None:
        """The function for the language, else the one for all languages (`*`)."""
        if not self._functions:
            return None
        return self._functions.get((language, name)) or self._functions.get(("*", name))


REPLACED = LanguageFunctions()
"""One table per process, like the modules that fill it when they are imported."""


def by_language(english: F) -> F:
    """Let another language's function of the same name take this one's place; `language=` speaks it for one call."""

    @functools.wraps(english)
    def choose(*arguments: Any, language: str | None = None, **options: Any) -> Any:
        with _speaking(language):
            replaced = REPLACED.find(language or get_language(), english.__name__)
            return (replaced or english)(*arguments, **options)

    return cast(F, choose)


@contextmanager
def _speaking(language: str | None) -> Iterator[None]:
    """Speak another language of the run for a moment; None: the one that is spoken."""
    run = current_run_or_none()
    if language is None or run is None:
        yield
        return
    before = run.language
    run.language = str(language)
    try:
        yield
    finally:
        run.language = before


def update_language_function(language: str, name: str, function: Callable[..., Any]) -> None:
    """Use a function of the author's for a language (`*`: all) in the place of a language function, e.g. `ordinal`."""
    REPLACED.put(language, name, function)


def update_word_collection(language: str, words: Mapping[str, str]) -> None:
    """Add an author's translations of built-in phrases: for this run, or for good when a module is being imported."""
    run = None if is_importing() else current_run_or_none()
    own: dict[str, dict[str, str]] = REPLACED.words if run is None else run.memo.setdefault("words", {})
    own.setdefault(language, {}).update((str(phrase), str(text)) for phrase, text in words.items())


def is_importing() -> bool:
    """Whether a module's own code runs, which happens once in a process and not once in a run."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


def has_own_words(language: str) -> bool:
    """Whether authors have given words of their own for a language."""
    run = current_run_or_none()
    own = run.memo.get("words", {}) if run is not None else {}
    return bool(own.get(language) or REPLACED.words.get(language))


def word(text: Any, *, language: str | None = None, capitalize: bool = False, **_: Any) -> str:
    """A built-in phrase in the language of the run; truth values and None as `yes`, `no`, `I don't know`."""
    if text is True:
        text = "yes"
    elif text is False:
        text = "no"
    elif text is None:
        text = "I don't know"
    run = current_run_or_none()
    own = run.memo.get("words", {}) if run is not None else {}
    found = translated(str(text), language or get_language(), own, REPLACED.words)
    return found[:1].upper() + found[1:] if capitalize else found


def get_language() -> str:
    """The language of this run, ISO 639-1."""
    run = current_run_or_none()
    return run.language if run is not None else _DEFAULT_LANGUAGE


def set_language(language: str | None, dialect: str | None = None, voice: str | None = None) -> None:
    """Speak another language in this run; None goes back to the server's."""
    run = current_run()
    run.language = str(language) if language else run.context.default_language
    run.dialect, run.voice = dialect, voice


def get_dialect() -> str | None:
    """The dialect used for reading texts aloud."""
    return current_run().dialect


def get_voice() -> str | None:
    """The voice used for reading texts aloud."""
    return current_run().voice


def get_country() -> str:
    """The country of this run, ISO 3166-1."""
    run = current_run_or_none()
    return run.country if run is not None else "US"


def set_country(country: str) -> None:
    """Use another country for lists of states and telephone numbers."""
    current_run().country = str(country).upper()


def get_locale_name() -> str:
    """The name of the locale, e.g. `en_US.utf8`."""
    run = current_run_or_none()
    return run.locale if run is not None else "en_US"


def get_locale(item: str | None = None) -> Any:
    """The name of the locale; with an argument one of its conventions, e.g. `currency_symbol`."""
    if item is None:
        return get_locale_name()
    return _conventions().get(item)


def set_locale(*names: str, **conventions: Any) -> None:
    """Use another locale for numbers and money, e.g. `de_DE`; named conventions are overridden one by one."""
    run = current_run()
    if names:
        run.locale = str(names[0])
    if conventions:
        run.memo.setdefault("conventions", {}).update(conventions)


def update_locale() -> None:
    """Without effect: the locale set is in force at once. Kept because interviews call it."""


def overridden_convention(item: str) -> Any:
    """What `set_locale(…)` was given for one convention, or None."""
    run = current_run_or_none()
    return None if run is None else run.memo.get("conventions", {}).get(item)


def _conventions() -> dict[str, Any]:
    try:
        locale = Locale.parse(get_locale_name().partition(".")[0])
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse("en_US")
    unit = next(iter(get_territory_currencies(locale.territory or "US")), "USD")
    symbols = locale.number_symbols.get("latn", {})
    found = {
        "currency_symbol": get_currency_symbol(unit, locale=locale),
        "int_curr_symbol": unit + " ",
        "decimal_point": symbols.get("decimal", "."),
        "thousands_sep": symbols.get("group", ","),
        "frac_digits": 2,
    }
    run = current_run_or_none()
    return found | (run.memo.get("conventions", {}) if run is not None else {})


def language_from_browser(*valid: str) -> str | None:
    """The language the browser would like best, of those given if any are; None when it does not say."""
    headers = {name.lower(): value for name, value in current_run().context.request.headers.items()}
    wishes: list[tuple[float, int, str]] = []
    for order, part in enumerate(headers.get("accept-language", "").split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if tag and tag != "*":
            wishes.append((-weight, order, tag))
    for _, _, tag in sorted(wishes):
        for candidate in (tag, tag.partition("-")[0]):
            if not valid or candidate in valid:
                return candidate if valid else tag.partition("-")[0].lower()
    return None


def language_name(code: str) -> str:
    """What a language is called, in the language of the run."""
    try:
        return str(Locale.parse(get_language().replace("-", "_")).languages.get(str(code), code))
    except (UnknownLocaleError, ValueError):
        return str(code)


def get_default_timezone() -> str:
    """The server's time zone."""
    return default_timezone()


def default_timezone() -> str:
    """The time zone dates are understood in: the server's."""
    run = current_run_or_none()
    return run.timezone if run is not None else "UTC"


def moment_of_run() -> datetime:
    """Now, as this run sees it: aware, UTC."""
    run = current_run_or_none()
    return run.now if run is not None else SystemClock().now()
