"""What an operator offers under short names, and what stands at `/` (spec/area2 §2.2).

Read from the file that interviews may read too (`COLLOQUY_INTERVIEW_CONFIG_FILE`), so that `interview_menu()` and short
links of interviews mean the same as the addresses here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gateway.addresses import address_to_go_to
from shared.kernel.interview_config import BadInterviewConfig
from shared.kernel.interview_path import BadReference, canonical


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Which interview is meant by a short name, or by no name at all."""

    dispatch: Mapping[str, str] = field(default_factory=dict)
    """Short names of interviews, in the order in which they are listed."""
    default_interview: str = ""
    """Opened where none is named; empty: the list is shown."""
    dispatch_interview: str = ""
    """Opened instead of the list."""
    root_redirect_url: str = ""
    """Where `/` leads."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> FrontDoor:
        """From the settings `dispatch`, `default interview`, `dispatch interview` and `root redirect url`.

        Raises BadInterviewConfig.
        """
        offered = config.get("dispatch") or {}
        if not isinstance(offered, dict):
            raise BadInterviewConfig("dispatch must be a mapping of short names to interviews")
        return cls(
            dispatch={str(name): _reference("dispatch", given) for name, given in offered.items()},
            default_interview=_optional(config, "default interview"),
            dispatch_interview=_optional(config, "dispatch interview"),
            root_redirect_url=_address(config.get("root redirect url")),
        )


def _optional(config: Mapping[str, Any], name: str) -> str:
    given = config.get(name)
    return _reference(name, given) if given else ""


def _reference(name: str, given: object) -> str:
    try:
        return canonical(str(given))
    except BadReference as error:
        raise BadInterviewConfig(f"{name}: {error}") from error


def _address(given: object) -> str:
    if not given:
        return ""
    address = address_to_go_to(str(given), otherwise="")
    if not address:
        raise BadInterviewConfig("root redirect url is no address a browser can be sent to")
    return address
