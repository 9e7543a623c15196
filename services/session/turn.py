"""The one write path of sessions: lock, load, evaluate, commit, release.

A turn that was overtaken, or met a lost lock, finds its commit refused by the version check and runs again on the fresh
answers; from the third attempt on nobody overtakes it before its time limit. What a run asked for (tasks, timers) is
committed with the answers and carried out afterwards. Who asks is translated in operations.py, what is saved is decided
in saving.py, how it ended is told by outcomes.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from shared.bus.outbox import Outbox
from shared.bus.port import Bus
from shared.contracts.envelope import Envelopes
from shared.contracts.events import SessionChanged
from shared.contracts.session import TurnReply
from shared.crypto.keys import ServerKeys
from shared.evaluation.port import Evaluator, ProcessDied, RunKilled, RunTimedOut
from shared.interview.runtime.operations import Blobs, Operation, StartOver
from shared.interview.runtime.outcomes import RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.ids import SessionCode, SessionId, uniform
from shared.storage.database import Connection, Database, Statements

from . import store
from .checkpoint import Checkpoint
from .keys import SessionKeys
from .lock import Lease, SessionLockService
from .names import SessionName
from .operations import Found, Keep, Plan, Request
from .outcomes import Standing, bare_reply, cut_short, deleted_reply, opened_reply, pack, reply_of, unpack
from .saving import (
    Opened,
    asks_to_start_over,
    changes_nothing,
    commit_of,
    save_mode,
    sharing_after,
    step_after,
)
from .store import Commit, StaleVersion
