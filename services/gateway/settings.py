"""The gateway's settings, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from services.gateway.peers import is_loopback
from shared.kernel.settings import Settings


class GatewaySettings(Settings):
    """What the gateway can be told besides. Durations in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    """The address browsers connect to; 0.0.0.0 for all."""
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = ""
    """How browsers reach us when a proxy stands before us, e.g. `https://forms.example.org/`."""
    exit_page: str = "/"
    """Where a browser goes after `exit` or `leave` without a URL."""
    allowed_hosts: str = ""
    """Further names in the addresses of browsers, separated by commas; `.example.org` for all that end so, `*` for
    any. Always allowed are the names of this machine's loopback, the public URL's, and the address of `host`."""
    trusted_proxies: str = ""
    """Addresses whose `X-Forwarded-…` headers are believed, separated by commas."""
    error_details: bool | None = None
    """Whether the page of an interview's error shows its author's lines, the texts of exceptions and traces. They may
    hold what is secret. Not given: as long as only this machine is served and there is no public URL."""
    check_in_seconds: float = Field(6.0, ge=0.0)
    """How often a page asks by itself when it has no live connection; 0 turns it off."""
    request_timeout_seconds: float = Field(60.0, gt=0.0)
    """How long a browser's request waits for the session service."""
    max_body_bytes: int = Field(16 * 1024 * 1024, gt=0)
    max_fields: int = Field(2000, gt=0)
    max_requests_at_once: int = Field(500, gt=0)
    """What comes beyond that is told to try again."""
    max_connections: int = Field(10_000, gt=0)
    """Open connections of browsers, idle ones too."""
    receive_seconds: float = Field(30.0, gt=0.0)
    """How long a request's head, or the next part of its body, may take to arrive."""
    opens_per_minute: int = Field(300, ge=0)
    """How often one network address may open interviews; 0: no limit. Not counted from this machine itself."""
    posts_per_minute: int = Field(1200, ge=0)
    """How many posts of forms and check-ins one network address may send; 0: no limit."""
    metrics_for: Literal["private", "all", "nobody"] = "private"
    """Who may read `/metrics`: `private` for this machine and its private network, not through a proxy."""
    browser_sessions_kept_days: float = Field(31.0, gt=0.0)
    """After so long without a sign of it a browser is forgotten; its cookie ends a day earlier."""
    housekeeping_seconds: float = Field(3600.0, gt=0.0)
    max_sockets_per_session: int = Field(64, gt=0)
    drain_seconds: float = Field(10.0, ge=0.0)
    """How long `stop` waits for requests in hand."""

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("It must start with http:// or https://.")
        return value

    @property
    def shows_error_details(self) -> bool:
        """Whether those who see an error are taken for authors."""
        if self.error_details is not None:
            return self.error_details
        return not self.public_url and is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over https, so that cookies must not go over anything else."""
        return self.public_url.startswith("https://")
