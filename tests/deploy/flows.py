"""Whether network policies let one pod speak to another: what a cluster that enforces them would decide.

Only selectors of pods and namespaces count here, not blocks of addresses, which say nothing of pods.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.deploy.manifests import Document, Rendered

HERE = "wxdesk"


class Pod(NamedTuple):
    """Where it is, its labels, and the numbers of its named ports."""

    labels: Mapping[str, str]
    namespace: str = HERE
    ports: Mapping[str, int] = {}


def chosen(selector: Document, labels: Mapping[str, str]) -> bool:
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In", "no other operator is known here"
        exact = exact and labels.get(one["key"]) in one["values"]
    return exact


def allowed(documents: Rendered, source: Pod, target: Pod, port: int) -> bool:
    """Both ends must let it through; who is under no policy of a direction lets everything through."""
    leaves = _passes(documents, "Egress", own=source, other=target, target=target, port=port)
    return leaves and _passes(documents, "Ingress", own=target, other=source, target=target, port=port)


def _passes(documents: Rendered, direction: str, *, own: Pod, other: Pod, target: Pod, port: int) -> bool:
    policies = [one["spec"] for one in documents.of("NetworkPolicy").values()]
    mine = [
        one
        for one in policies
        if own.namespace == HERE and direction in one["policyTypes"] and chosen(one["podSelector"], own.labels)
    ]
    end = "to" if direction == "Egress" else "from"
    rules = [rule for one in mine for rule in one.get(direction.lower(), [])]
    return not mine or any(_peer(rule.get(end), other) and _port(rule.get("ports"), target, port) for rule in rules)


def _peer(peers: Iterable[Document] | None, pod: Pod) -> bool:
    return peers is None or any(_is(one, pod) for one in peers)


def _is(peer: Document, pod: Pod) -> bool:
    if "ipBlock" in peer:
        return False
    where = {"kubernetes.io/metadata.name": pod.namespace}
    there = chosen(peer["namespaceSelector"], where) if "namespaceSelector" in peer else pod.namespace == HERE
    return there and chosen(peer.get("podSelector", {}), pod.labels)


def _port(ports: Iterable[Document] | None, target: Pod, number: int) -> bool:
    return ports is None or any(_from(one, target) <= number <= one.get("endPort", _from(one, target)) for one in ports)


def _from(port: Document, target: Pod) -> int:
    told = port["port"]
    return told if isinstance(told, int) else target.ports.get(told, -1)
