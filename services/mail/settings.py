"""Settings of the mail service; all but the common ones come with what they govern."""

from __future__ import annotations

from shared.kernel.settings import Settings


class MailSettings(Settings):
    """What the mail service needs to know."""
