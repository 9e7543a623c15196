"""The facts a run may know about its request (`current_info` of spec/area1 §1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.session.operations import Request
from services.session.saving import Opened
from shared.interview.runtime.operations import RunContext
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all runs of this server share: defaults of language and place, and what `get_config()` may show."""

    clock: Clock
    language: str = "en"
    timezone: str = "America/New_York"
    country: str = "US"
    locale: str = "en_US.utf8"
    config: dict[str, Any] = field(default_factory=dict)
    author_redis_url: str = field(default="", repr=False)
    author_databases: dict[str, str] = field(default_factory=dict, repr=False)
    links_open_sessions: bool = False
    notes_changes: bool = True
    """Whether it is noted who set which variables."""

    def of(self, request: Request, opened: Opened) -> RunContext:
        """The context of one run."""
        return RunContext(
            interview=opened.name.interview,
            session_code=opened.name.code,
            session_id=request.session_id,
            user=request.visitor.user,
            request=request.visitor.request,
            url_args=dict(request.url_args),
            operation_id=request.operation_id,
            steps=max(opened.newest_step, 1),
            is_encrypted=not opened.is_multi_user,
            has_looked_for_sessions=request.has_looked_for_sessions or opened.stored is not None,
            now=self.clock.now().isoformat(),
            default_language=self.language,
            default_timezone=self.timezone,
            default_country=self.country,
            default_locale=self.locale,
            config=self.config,
            author_redis_url=self.author_redis_url,
            author_databases=self.author_databases,
            notes_changes=self.notes_changes,
            links_open_session=self.links_open_sessions and not opened.is_multi_user,
        )
