"""One target under atheris, in a process that libFuzzer ends: `python -m tests.fuzzed NAME SECONDS` (fuzzing.py).

What it reads bytes with is instrumented while it is imported, so this comes before anything of ours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

_READ_WITH = ["services.mail", "services.gateway.provider_mail", "shared.mailbox", "email", "python_multipart"]
for _name in [name for name in sys.modules if name.partition(".")[0] == "email"]:
    del sys.modules[_name]  # atheris has imported them, without looking into them
with atheris.instrument_imports(include=_READ_WITH):
    from tests.fuzzing import TARGETS, seeds


def main(name: str, seconds: str) -> None:
    """Never returns: the process ends with 0, or with what was found on standard error and in a file beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds(name)):
            (Path(folder) / f"{number}").write_bytes(seed)
        limits = [f"-max_total_time={seconds}", "-max_len=20000", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=0"]
        atheris.Setup(["fuzz", *limits, "-print_final_stats=1", folder], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
