"""What the workers of the production overlay are scaled by: its queries, asked of tables with tasks in them."""

from __future__ import annotations

from typing import Any

import pytest

from services.worker.settings import WorkerSettings
from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.tasks.leases import Leases
from shared.tasks.records import Outcome
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks
from tests.manifests import DEPLOY, documents, listed
from tests.unit.tasks.sessions import make_tables, new_task

PRODUCTION = DEPLOY / "k8s" / "overlays" / "production"
QUEUES = {"normal": False, "low": True}
"""Whether workers with this `COLLOQUY_WORKER_QUEUES` run tasks of low priority."""
PENDING, RUNNING = 9, 5


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents(PRODUCTION / "scaling.yaml") if one["kind"] == kind}


def deployments() -> dict[str, str]:
    """Each Deployment of workers and what it is told of its queues, by the patches that make it."""
    told = {}
    for folder, name in ((PRODUCTION, "worker"), (PRODUCTION / "worker-low", "worker-low")):
        (kustomization,) = documents(folder / "kustomization.yaml")
        (queue,) = [
            each.split("value:")[-1].strip()
            for each in (patch["patch"] for patch in kustomization["patches"])
            if "COLLOQUY_WORKER_QUEUES" in each
        ]
        told[name] = queue
    return told


def trigger(name: str) -> dict[str, Any]:
    (only,) = of_kind("ScaledObject")[name]["spec"]["triggers"]
    assert isinstance(only, dict)
    return only


@pytest.fixture
async def rows(database: Database, server_keys: ServerKeys) -> Database:
    """Of each priority tasks that wait, run, and were reported; and many that have ended."""
    await make_tables(database)
    tasks, leases = Tasks(server_keys=server_keys), Leases(server_keys=server_keys)
    keys = GrantedKeys(new_id(), {1: new_data_key()})
    for is_low in QUEUES.values():
        more = 2 if is_low else 0
        new = [new_task(is_low_priority=is_low) for _ in range(PENDING + RUNNING + more + 1)]
        await tasks.insert(database, new, keys=keys)
        claims, _, _ = await leases.claim_some(
            database, RUNNING + 1, is_low_priority=is_low, owner="w", lease_seconds=30
        )
        await leases.begin_all(database, claims, lease_seconds=30)
        await leases.record_outcome(database, claims[0], Outcome(kind="value"))
    await database.execute(
        "insert into tasks.tasks (id, session_id, action, arguments_sealed, visitor_sealed, audience, is_low_priority,"
        " state, launched_at, ended_at) select gen_random_uuid(), gen_random_uuid(), 'a', '', '', '', n % 2 = 0,"
        " 'succeeded', now(), now() from generate_series(1, 5000) n"
    )
    await database.execute("analyze tasks.tasks")
    return database


@pytest.mark.parametrize("name", deployments())
async def test_workers_are_scaled_by_the_tasks_of_their_queue_that_wait_or_run(name: str, rows: Database) -> None:
    is_low = QUEUES[deployments()[name]]
    counted = await rows.fetchval(trigger(name)["metadata"]["query"])
    assert counted == PENDING + RUNNING + (2 if is_low else 0)


@pytest.mark.parametrize("name", deployments())
async def test_tasks_that_have_ended_are_not_read_to_count_the_others(name: str, rows: Database) -> None:
    plan = await rows.fetch("explain " + trigger(name)["metadata"]["query"])
    text = "\n".join(line["QUERY PLAN"] for line in plan)
    assert "tasks_due" in text
    assert "Seq Scan" not in text


@pytest.mark.parametrize("name", deployments())
def test_there_is_room_for_all_tasks_that_are_counted_for_a_pod(name: str) -> None:
    """So as many pods stay as running tasks need."""
    room = WorkerSettings.model_fields["worker_concurrency"].default
    assert int(trigger(name)["metadata"]["targetQueryValue"]) == room
    given = [one for one in listed(PRODUCTION) if one["kind"] == "ConfigMap"]
    assert all("COLLOQUY_WORKER_CONCURRENCY" not in one["data"] for one in given)


@pytest.mark.parametrize("name", deployments())
def test_the_address_of_the_database_is_the_one_that_our_services_have(name: str) -> None:
    (secret,) = of_kind("TriggerAuthentication")[trigger(name)["authenticationRef"]["name"]]["spec"]["secretTargetRef"]
    assert secret == {"parameter": "connection", "name": "colloquy", "key": "database-url"}
