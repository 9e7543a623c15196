"""`python -m shared.kernel.probe 8090`: ask a service on this machine whether it is ready; status 0 when it is.

For container engines that run a command instead of asking over HTTP. Needs nothing but the standard library, because it
is started every few seconds.
"""

from __future__ import annotations

import http.client
import sys

_SECONDS = 8.0


def problem(port: int) -> str:
    """What is missing, as the service says it; empty when it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"127.0.0.1:{port} does not answer: {error}"
    finally:
        connection.close()
    return "" if answer.status == 200 else body


def main(words: list[str]) -> int:
    """The exit status."""
    if len(words) != 1 or not words[0].isdigit():
        sys.stderr.write("usage: python -m shared.kernel.probe PORT\n")
        return 2
    found = problem(int(words[0]))
    if found:
        sys.stderr.write(found + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
