"""`python -m deploy.rabbitmq.write`: what the Topology Operator is to make at RabbitMQ, anew from the code."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from deploy.rabbitmq.rights import RIGHTS
from shared.bus.queue_policies import router_policy
from shared.bus.topology import BOT, CONVERSATION, LIVE, OFFERS, OUTBOUND, Topology

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path("deploy/components/rabbitmq-operator")
VHOST: Final = "wxdesk"
_CLUSTER: Final = {"name": "rabbitmq"}
_MADE: Final = (
    "# Made by `python -m deploy.rabbitmq.write` from shared/bus and deploy/rabbitmq/rights.py; edits here are lost."
)
_EXCHANGES: Final = {CONVERSATION: "direct", OUTBOUND: "direct", BOT: "direct", OFFERS: "direct", LIVE: "topic"}

Made = tuple[str, str, dict[str, Any]]
"""Kind, name, specification."""


def topology(agreed: Topology | None = None) -> Iterator[Made]:
    """What `shared.bus.topology.declare` would make, and the policies. What holds messages outlives its manifest."""
    agreed = agreed or Topology()
    kept = {"deletionPolicy": "retain"}
    yield "Vhost", VHOST, {"name": VHOST, "defaultQueueType": "quorum", **kept}
    for name, kind in _EXCHANGES.items():
        yield "Exchange", _object_name(name), {"name": name, "vhost": VHOST, "type": kind, "durable": True}
    for name, (exchange, arguments) in agreed.queues().items():
        yield "Queue", _object_name(name), _queue(name, arguments) | kept
        yield (
            "Binding",
            _object_name(name),
            {
                "vhost": VHOST,
                "source": exchange,
                "destination": name,
                "destinationType": "queue",
                "routingKey": name,
            },
        )
    policy = router_policy()
    yield (
        "Policy",
        policy.name,
        {
            "name": policy.name,
            "vhost": VHOST,
            "pattern": policy.pattern,
            "applyTo": policy.apply_to,
            "definition": policy.definition,
        },
    )


def logins() -> Iterator[Made]:
    """A login a service, named by a Secret of its own, and one that only asks how long queues are."""
    for service, rights in RIGHTS.items():
        name = f"rabbitmq-{service}"
        tags = {"tags": ["monitoring"]} if service == "management" else {}
        yield "User", name, {**tags, "importCredentialsSecret": {"name": name}}
        permissions = {"vhost": VHOST, "userReference": {"name": name}, "permissions": rights._asdict()}
        yield "Permission", name, permissions


def files() -> dict[Path, str]:
    return {HERE / "topology.yaml": _text(topology()), HERE / "logins.yaml": _text(logins())}


def _queue(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator adds `x-queue-type` itself."""
    others = {key: value for key, value in arguments.items() if key != "x-queue-type"}
    return {"name": name, "vhost": VHOST, "type": arguments["x-queue-type"], "durable": True, "arguments": others}


def _object_name(name: str) -> str:
    return name.replace(".", "-")


def _text(made: Iterable[Made]) -> str:
    """Specifications as JSON, which YAML reads, a field a line."""
    return _MADE + "\n" + "\n".join(line for one in made for line in _document(*one)) + "\n"


def _document(kind: str, name: str, spec: dict[str, Any]) -> list[str]:
    fields = {**spec, "rabbitmqClusterReference": _CLUSTER}
    head = ["---", "apiVersion: rabbitmq.com/v1beta1", f"kind: {kind}", "metadata:", f"  name: {name}", "spec:"]
    return head + [line for key, value in fields.items() for line in _field(key, value, "  ")]


def _field(key: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, dict):
        return [f"{indent}{key}:", *(line for one in value.items() for line in _field(*one, indent + "  "))]
    return [f"{indent}{key}: {json.dumps(value)}"]


def write(root: Path = ROOT) -> None:
    for path, text in files().items():
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
