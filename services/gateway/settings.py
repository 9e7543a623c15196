"""The gateway's settings, read once at start from the environment (`COLLOQUY_…`)."""

from __future__ import annotations

from pydantic import Field, field_validator

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
    trusted_proxies: str = ""
    """Addresses whose `X-Forwarded-…` headers are believed, separated by commas."""
    error_details: bool | None = None
    """Whether the page of an interview's error shows its author's lines, the texts of exceptions and traces. They may
    hold what is secret. Not given: as long as there is no public URL, on an author's own machine that is."""
    check_in_seconds: float = Field(6.0, ge=0.0)
    """How often a page asks by itself when it has no live connection; 0 turns it off."""
    request_timeout_seconds: float = Field(60.0, gt=0.0)
    """How long a browser's request waits for the session service."""
    max_body_bytes: int = Field(16 * 1024 * 1024, gt=0)
    max_fields: int = Field(2000, gt=0)
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
        return not self.public_url if self.error_details is None else self.error_details

    @property
    def is_secure(self) -> bool:
        """Whether browsers come over https, so that cookies must not go over anything else."""
        return self.public_url.startswith("https://")
