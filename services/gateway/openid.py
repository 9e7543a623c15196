"""Sign-in at an OpenID Connect provider: the code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

The only module that imports Authlib and joserfc. What the provider says of somebody counts only as far as its signed
token says it; errors say what was wrong, never a code, a token or an address.
"""

from __future__ import annotations

import hmac
import warnings
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel

from shared.kernel.clock import Clock
from shared.kernel.errors import NotAllowed, Retryable
from shared.kernel.ids import new_token

with warnings.catch_warnings():
    import authlib.deprecate  # noqa: F401 - shows its warnings always; the next line must come after it

    warnings.simplefilter("ignore")  # it announces another HTTP client of its choice
    from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

_SCOPE = "openid email profile"
_KEPT_SECONDS = 3600.0
_TIMEOUT_SECONDS = 15.0
_LEEWAY_SECONDS = 60
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ProviderSilent(Retryable):
    """The place where you sign in does not answer."""


class ProviderRefused(NotAllowed):
    """Signing in there did not work. Begin again."""


class Waiting(BaseModel):
    """What a browser must bring back from the provider, and what is compared then; kept sealed under its secret."""

    state: str
    nonce: str
    verifier: str
    go_on: str
    connects: int = 0
    """The account that is to be connected; 0 to sign in."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as the provider knows them."""

    subject: str
    email: str = field(repr=False)
    is_confirmed: bool
    first_name: str = ""
    last_name: str = ""


class OpenIdProvider:
    """One provider."""

    def __init__(self, *, issuer: str, client_id: str, client_secret: str, clock: Clock) -> None:
        self.issuer = issuer
        self._client_id, self._client_secret, self._clock = client_id, client_secret, clock
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def begin(self, *, redirect_uri: str, go_on: str, connects: int = 0) -> tuple[str, Waiting]:
        """Where the browser is sent, and what has to be remembered. Raises ProviderSilent, ProviderRefused."""
        facts = await self._facts()
        waiting = Waiting(state=new_token(), nonce=new_token(), verifier=new_token(48), go_on=go_on, connects=connects)
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                facts["authorization_endpoint"],
                state=waiting.state,
                nonce=waiting.nonce,
                code_verifier=waiting.verifier,
            )
        return str(url), waiting

    async def finish(self, waiting: Waiting, *, redirect_uri: str, code: str, state: str) -> Identity:
        """Who it is. Raises ProviderSilent, ProviderRefused."""
        if not code or not hmac.compare_digest(state.encode(), waiting.state.encode()):
            raise ProviderRefused
        facts = await self._facts()
        try:
            async with self._client(redirect_uri) as client:
                given = await client.fetch_token(
                    facts["token_endpoint"], code=code, code_verifier=waiting.verifier, timeout=_TIMEOUT_SECONDS
                )
        except OAuthError:
            raise ProviderRefused from None
        except httpx.HTTPError:
            raise ProviderSilent from None
        return self._identity(await self._claims(str(given.get("id_token", "")), facts, waiting.nonce))

    async def _claims(self, token: str, facts: dict[str, Any], nonce: str) -> dict[str, Any]:
        for is_fresh in (False, True):  # keys that were rotated since are fetched once more
            keys = await self._fetch(facts["jwks_uri"], is_fresh=is_fresh)
            try:
                claims = dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims)  # type: ignore[arg-type]
                registry = jwt.JWTClaimsRegistry(
                    now=int(self._clock.now().timestamp()),
                    leeway=_LEEWAY_SECONDS,
                    iss={"essential": True, "value": self.issuer},
                    aud={"essential": True, "value": self._client_id},
                    sub={"essential": True},
                    exp={"essential": True},
                    nonce={"essential": True, "value": nonce},
                )
                registry.validate(claims)
            except (JoseError, ValueError, KeyError):
                if is_fresh:
                    raise ProviderRefused from None
                continue
            if claims.get("azp", self._client_id) != self._client_id:
                raise ProviderRefused
            return claims
        raise AssertionError

    def _identity(self, claims: dict[str, Any]) -> Identity:
        return Identity(
            subject=str(claims["sub"]),
            email=str(claims.get("email") or ""),
            is_confirmed=claims.get("email_verified") is True,
            first_name=str(claims.get("given_name") or ""),
            last_name=str(claims.get("family_name") or ""),
        )

    async def _facts(self) -> dict[str, Any]:
        facts = await self._fetch(f"{self.issuer}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if str(facts.get("issuer", "")).rstrip("/") != self.issuer or not all(facts.get(name) for name in needed):
            raise ProviderRefused("It does not describe itself as the issuer that is set.")
        return facts

    async def _fetch(self, url: str, *, is_fresh: bool = False) -> dict[str, Any]:
        now = self._clock.monotonic()
        known = self._known.get(url)
        if known is not None and not is_fresh and now - known[0] < _KEPT_SECONDS:
            return known[1]
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                said: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ProviderSilent from None
        self._known[url] = (now, said)
        return said

    def _client(self, redirect_uri: str) -> Any:
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            scope=_SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )
