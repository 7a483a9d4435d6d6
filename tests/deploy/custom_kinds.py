"""What operators take: the fields of their custom kinds that we use, no others, as their documentation has them.

KEDA: its pages on scaling deployments, authentication and the scaler `rabbitmq-queue`. Prometheus operator: its
reference of monitoring.coreos.com/v1. MongoDB Controllers for Kubernetes: the reference of MongoDBCommunity.
"""

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
DURATION: Final[Schema] = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}
LABELS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


_RABBITMQ_TRIGGER: Final = _object(
    {
        "type": {"const": "rabbitmq"},
        "metadata": _object(
            {
                "protocol": {"const": "http"},
                "mode": {"enum": ["QueueLength", "MessageRate", "ExpectedQueueConsumptionTime"]},
                "value": {"type": "string", "pattern": "^[0-9]+$"},
                "queueName": TEXT,
            },
            {
                "useRegex": {"enum": ["true", "false"]},
                "operation": {"enum": ["sum", "avg", "max"]},
                "pageSize": {"type": "string", "pattern": "^[0-9]+$"},
                "excludeUnacknowledged": {"enum": ["true", "false"]},
            },
        ),
        "authenticationRef": _object({"name": TEXT}),
    }
)
_SCALED_OBJECT: Final = _object(
    {
        "scaleTargetRef": _object({"name": TEXT}),
        "minReplicaCount": COUNT,
        "maxReplicaCount": COUNT,
        "triggers": _list(_RABBITMQ_TRIGGER),
    },
    {
        "pollingInterval": COUNT,
        "cooldownPeriod": COUNT,
        "fallback": _object({"failureThreshold": COUNT, "replicas": COUNT}),
        "advanced": _object(
            {
                "horizontalPodAutoscalerConfig": _object(
                    {"behavior": _object({"scaleDown": _object({"stabilizationWindowSeconds": COUNT})})}
                )
            }
        ),
    },
)
_TRIGGER_AUTHENTICATION: Final = _object(
    {
        "secretTargetRef": _list(
            _object({"parameter": {"enum": ["host", "username", "password"]}, "name": TEXT, "key": TEXT})
        )
    }
)
_SERVICE_MONITOR: Final = _object(
    {
        "selector": _object({"matchLabels": LABELS}),
        "endpoints": _list(_object({"port": TEXT, "path": TEXT, "interval": DURATION, "scrapeTimeout": DURATION})),
    },
    {"targetLabels": _list(TEXT)},
)
_ALERT: Final = _object(
    {"alert": TEXT, "expr": TEXT, "labels": LABELS, "annotations": LABELS},
    {"for": DURATION, "keep_firing_for": DURATION},
)
_PROMETHEUS_RULE: Final = _object({"groups": _list(_object({"name": TEXT, "rules": _list(_ALERT)}))})
_MONGODB_USER: Final = _object(
    {"name": TEXT, "roles": _list(_object({"db": TEXT, "name": TEXT}))},
    {
        "db": TEXT,
        "passwordSecretRef": _object({"name": TEXT}, {"key": TEXT}),
        "scramCredentialsSecretName": TEXT,
        "connectionStringSecretName": TEXT,
    },
)
_MONGODB_POD: Final = _object(
    {"affinity": _object({"podAntiAffinity": {"type": "object", "minProperties": 1}})},
    {
        "containers": _list(
            _object(
                {
                    "name": {"enum": ["mongod", "mongodb-agent"]},
                    "resources": _object(
                        {},
                        {
                            "requests": LABELS,
                            "limits": LABELS,
                        },
                    ),
                }
            )
        )
    },
)
_MONGODB_VOLUME: Final = _object(
    {
        "metadata": _object({"name": {"enum": ["data-volume", "logs-volume"]}}),
        "spec": _object(
            {"accessModes": _list(TEXT), "resources": _object({"requests": _object({"storage": TEXT})})},
            {"storageClassName": TEXT},
        ),
    }
)
_MONGODB: Final = _object(
    {
        "members": COUNT,
        "type": {"const": "ReplicaSet"},
        "version": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
        "security": _object(
            {"authentication": _object({"modes": _list({"enum": ["SCRAM", "SCRAM-SHA-256", "SCRAM-SHA-1", "X509"]})})}
        ),
        "users": _list(_MONGODB_USER),
    },
    {
        "statefulSet": _object(
            {
                "spec": _object(
                    {"template": _object({"spec": _MONGODB_POD})}, {"volumeClaimTemplates": _list(_MONGODB_VOLUME)}
                )
            }
        )
    },
)

SPECS: Final[dict[tuple[str, str], Schema]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): _SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): _TRIGGER_AUTHENTICATION,
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity"): _MONGODB,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _SERVICE_MONITOR,
    ("monitoring.coreos.com/v1", "PrometheusRule"): _PROMETHEUS_RULE,
}
