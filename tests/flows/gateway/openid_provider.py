"""A small OpenID Connect provider for tests: one person at a time, and tokens that can be made wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "colloquy-tests", "a secret of the client"
_KEYS = [RSAKey.generate_key(2048, {"kid": f"key{number}", "use": "sig"}) for number in range(2)]


@dataclass
class Provider:
    """What it says to whoever comes."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)
    """Claims that are not what they should be."""
    signs_with: int = 0
    publishes: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def let_in(self, address: str) -> str:
        """The person says yes at the authorization address; gives where the browser goes on."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?code={code}&state={query['state']}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        key = _KEYS[self.signs_with]
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims | self.person | self.wrong, key)
        return {"access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": token}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """One on a free port."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                self._say({"issuer": provider.url, **{name: f"{provider.url}/{at}" for name, at in places.items()}})
            else:
                self._say({"keys": [_KEYS[provider.publishes].as_dict(private=False)]})

        def do_POST(self) -> None:
            basic = base64.b64decode(self.headers["authorization"].partition(" ")[2]).decode()
            assert basic == f"{CLIENT}:{SECRET.replace(' ', '%20')}" or basic == f"{CLIENT}:{SECRET}"
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            given = provider.token({name: values[0] for name, values in parse_qs(body).items()})
            self._say(given or {"error": "invalid_grant"}, status=200 if given else 400)

        def _say(self, data: dict[str, Any], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
