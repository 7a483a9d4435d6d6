"""What RabbitMQ's operators take: the fields that we use, no others, as the references of their kinds have them."""

from typing import Any, Final

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_FREE: Final[Schema] = {"type": "object", "minProperties": 1}
_YES_NO: Final[Schema] = {"type": "boolean"}
_QUANTITY: Final[Schema] = {"type": "string", "pattern": "^[0-9]+(m|Mi|Gi)?$"}
_AMOUNTS: Final[Schema] = {"type": "object", "additionalProperties": _QUANTITY}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_CLUSTER: Final = {"rabbitmqClusterReference": _object({"name": _TEXT}, {"namespace": _TEXT})}
_DELETION: Final = {"deletionPolicy": {"enum": ["delete", "retain"]}}
_KIND_OF_QUEUE: Final[Schema] = {"enum": ["quorum", "classic", "stream"]}
_DURABILITY: Final = {"durable": _YES_NO, "autoDelete": _YES_NO, "arguments": _FREE}

_CONTAINER: Final = _object({"name": _TEXT, "securityContext": _FREE})
_POD: Final = _object(
    {"containers": {"type": "array", "items": _CONTAINER}},
    {"initContainers": {"type": "array", "items": _CONTAINER}, "securityContext": _FREE},
)
_OVERRIDE: Final = _object({"statefulSet": _object({"spec": _object({"template": _object({"spec": _POD})})})})

SPECS: Final[dict[tuple[str, str], Schema]] = {
    ("rabbitmq.com/v1beta1", kind): schema
    for kind, schema in {
        "RabbitmqCluster": _object(
            {"replicas": {"type": "integer", "minimum": 1}},
            {
                "image": _TEXT,
                "persistence": _object({"storage": _QUANTITY}, {"storageClassName": _TEXT}),
                "resources": _object({"requests": _AMOUNTS, "limits": _AMOUNTS}),
                "rabbitmq": _object({}, {"additionalConfig": _TEXT}),
                "affinity": _FREE,
                "override": _OVERRIDE,
            },
        ),
        "Vhost": _object({"name": _TEXT, **_CLUSTER}, {"defaultQueueType": _KIND_OF_QUEUE, **_DELETION}),
        "Exchange": _object({"name": _TEXT, **_CLUSTER}, {"vhost": _TEXT, "type": _TEXT, **_DURABILITY}),
        "Queue": _object(
            {"name": _TEXT, **_CLUSTER}, {"vhost": _TEXT, "type": _KIND_OF_QUEUE, **_DURABILITY, **_DELETION}
        ),
        "Binding": _object(
            _CLUSTER,
            {
                "vhost": _TEXT,
                "source": _TEXT,
                "destination": _TEXT,
                "destinationType": {"enum": ["queue", "exchange"]},
                "routingKey": _TEXT,
            },
        ),
        "Policy": _object(
            {"name": _TEXT, "pattern": _TEXT, "definition": _FREE, **_CLUSTER},
            {
                "vhost": _TEXT,
                "applyTo": {"enum": ["queues", "classic_queues", "quorum_queues", "streams", "exchanges", "all"]},
                "priority": {"type": "integer"},
            },
        ),
        "User": _object(
            _CLUSTER,
            {
                "tags": {
                    "type": "array",
                    "items": {"enum": ["management", "policymaker", "monitoring", "administrator"]},
                },
                "importCredentialsSecret": _object({"name": _TEXT}),
            },
        ),
        "Permission": _object(
            {
                "vhost": _TEXT,
                "permissions": _object({}, {"configure": _TEXT, "write": _TEXT, "read": _TEXT}),
                **_CLUSTER,
            },
            {"userReference": _object({"name": _TEXT})},
        ),
    }.items()
}
