"""Schemas of the custom resources that deploy/ uses, written from the documentation of their operators.

Only the fields we use are in them, and nothing else is allowed: a misspelt or misplaced field is found, and whoever
uses a further one looks it up first. Sources: KEDA 2.16 (concepts/scaling-deployments, scalers/postgresql,
concepts/authentication), CloudNativePG 1.25 (cloudnative-pg.v1), RabbitMQ Cluster Operator 2.x (using-operator).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def _closed(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _resource(api: str, kind: str, spec: Schema) -> Schema:
    name = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}
    labels: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
    return _closed(
        ("apiVersion", "kind", "metadata", "spec"),
        apiVersion={"const": api},
        kind={"const": kind},
        metadata=_closed(("name",), name=name, namespace=name, labels=labels, annotations=labels),
        spec=spec,
    )


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_QUANTITY: Schema = {"type": ["string", "integer"], "pattern": "^[0-9.]+(m|Ki|Mi|Gi|Ti|k|M|G|T)?$"}
_RESOURCES = _closed(requests=_closed(cpu=_QUANTITY, memory=_QUANTITY), limits=_closed(cpu=_QUANTITY, memory=_QUANTITY))
_BEHAVIOR = _closed(
    scaleDown=_closed(
        stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
        policies={
            "type": "array",
            "items": _closed(
                ("type", "value", "periodSeconds"),
                type={"enum": ["Pods", "Percent"]},
                value={"type": "integer", "minimum": 1},
                periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
            ),
        },
    )
)
_POSTGRESQL_TRIGGER = _closed(
    ("type", "metadata", "authenticationRef"),
    type={"const": "postgresql"},
    # All values of a trigger's metadata are texts, numbers too.
    metadata=_closed(
        ("query", "targetQueryValue"),
        query=_TEXT,
        targetQueryValue={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        activationTargetQueryValue={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
    ),
    authenticationRef=_closed(("name",), name=_TEXT),
)

SCHEMAS: Mapping[tuple[str, str], Schema] = {
    ("keda.sh/v1alpha1", "ScaledObject"): _resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        _closed(
            ("scaleTargetRef", "triggers"),
            scaleTargetRef=_closed(("name",), name=_TEXT),
            minReplicaCount=_COUNT,
            maxReplicaCount=_COUNT,
            pollingInterval=_COUNT,
            cooldownPeriod=_COUNT,
            advanced=_closed(horizontalPodAutoscalerConfig=_closed(behavior=_BEHAVIOR)),
            triggers={"type": "array", "minItems": 1, "items": _POSTGRESQL_TRIGGER},
        ),
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): _resource(
        "keda.sh/v1alpha1",
        "TriggerAuthentication",
        _closed(
            ("secretTargetRef",),
            secretTargetRef={
                "type": "array",
                "minItems": 1,
                "items": _closed(("parameter", "name", "key"), parameter=_TEXT, name=_TEXT, key=_TEXT),
            },
        ),
    ),
    ("postgresql.cnpg.io/v1", "Cluster"): _resource(
        "postgresql.cnpg.io/v1",
        "Cluster",
        _closed(
            ("instances",),
            instances={"type": "integer", "minimum": 1},
            bootstrap=_closed(initdb=_closed(("database", "owner"), database=_TEXT, owner=_TEXT)),
            storage=_closed(size=_QUANTITY, storageClass=_TEXT),
            resources=_RESOURCES,
        ),
    ),
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): _resource(
        "rabbitmq.com/v1beta1",
        "RabbitmqCluster",
        _closed(
            replicas={"type": "integer", "minimum": 0},
            persistence=_closed(storage=_QUANTITY, storageClassName=_TEXT),
            resources=_RESOURCES,
        ),
    ),
}
