"""The parts behind the routes about accounts, put together once by `app.build`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.gateway.account_pages import AccountPages
from services.gateway.letters import Letters
from services.gateway.openid import OpenIdProvider
from shared.people.attempts import Attempts
from shared.people.directory import Directory
from shared.people.links import Links
from shared.people.second_factor import SecondFactor
from shared.people.sign_in import SignIn


@dataclass(frozen=True, kw_only=True)
class People:
    """The parts behind the routes about accounts."""

    directory: Directory
    sign_in: SignIn
    attempts: Attempts
    links: Links
    second_factor: SecondFactor
    letters: Letters
    pages: AccountPages
    confirms_addresses: bool
    """Whether an address counts only once its owner has opened a link that was sent there."""
    may_register: bool
    shortest_password: int
    tidy: Callable[[], Awaitable[bool]]
    """Forgets what means nothing any more; whether more may be left."""
    provider: OpenIdProvider | None = None
    """Where people can sign in besides."""
    provider_label: str = ""
    """How the button for it is called; empty when there is none."""
