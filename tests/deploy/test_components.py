"""What the components ask of operators, and that it fits what the code does."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from shared.bus.topology import BOT_QUEUE, Topology
from shared.pictures import SENDABLE_MAX_BYTES
from tests.deploy.custom_kinds import SPECS
from tests.deploy.manifests import BUILT_IN, Document, Rendered, copy_of_deploy, render, with_components

SCALED = {"router": "router_partitions", "sender": "sender_partitions"}


def refused(documents: Rendered) -> list[str]:
    """What an operator would not take, or what no schema here knows."""
    found = []
    for one in documents:
        if not one["apiVersion"].startswith(BUILT_IN):
            schema = SPECS.get((one["apiVersion"], one["kind"]))
            name = f"{one['kind']}/{one['metadata']['name']}"
            if schema is None:
                found.append(f"{name}: no schema of it")
            else:
                found += [f"{name}: {wrong.message}" for wrong in Draft202012Validator(schema).iter_errors(one["spec"])]
    return found


def test_custom_kinds_have_the_fields_that_there_are(production: Rendered) -> None:
    assert refused(production) == []


def test_a_field_that_there_is_not_is_found(tmp_path: Path) -> None:
    copied = copy_of_deploy(tmp_path)
    queues = copied / "components" / "autoscaling" / "queues.yaml"
    queues.write_text(queues.read_text().replace("maxReplicaCount: 16", "maxReplicas: 16", 1))
    found = refused(render(copied / "overlays" / "production"))
    assert [line for line in found if "maxReplicas" in line]


def scaled(production: Rendered, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = production.of("ScaledObject")[name]["spec"]
    return spec


@pytest.mark.parametrize(("service", "field"), SCALED.items())
def test_no_more_replicas_than_partitions(production: Rendered, service: str, field: str) -> None:
    assert scaled(production, service)["maxReplicaCount"] <= getattr(Topology(), field)


@pytest.mark.parametrize("service", SCALED)
def test_a_scaler_looks_at_all_its_queues_and_no_others(production: Rendered, service: str) -> None:
    trigger = scaled(production, service)["triggers"][0]["metadata"]
    found = {queue for queue in Topology().queues() if re.search(trigger["queueName"], queue)}
    assert found == {queue for queue in Topology().queues() if queue.startswith(f"{service}.")}
    assert len(found) <= int(trigger["pageSize"])


def test_the_bots_scaler_looks_at_its_queue(production: Rendered) -> None:
    assert scaled(production, "bot")["triggers"][0]["metadata"]["queueName"] == BOT_QUEUE


def test_what_scales_has_no_fixed_number_of_replicas(production: Rendered) -> None:
    scalers = {one["spec"]["scaleTargetRef"]["name"] for kind in ("ScaledObject", "HorizontalPodAutoscaler")
               for one in production.of(kind).values()}  # fmt: skip
    deployments = production.of("Deployment")
    assert scalers == set(deployments)
    assert [name for name, one in deployments.items() if "replicas" in one["spec"]] == []


def selected(policy: Document, labels: dict[str, str]) -> bool:
    selector = policy["spec"]["podSelector"]
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    among = all(labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", []))
    return exact and among


def ways(production: Rendered, service: str, direction: str) -> set[str]:
    """The names of the policies that open something for a service's pods."""
    labels = production.of("Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    policies = production.of("NetworkPolicy").items()
    return {name for name, one in policies if selected(one, labels) and one["spec"].get(direction)}


def test_nobody_is_open_by_itself(production: Rendered) -> None:
    policy = production.of("NetworkPolicy")["nothing-by-itself"]["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_each_service_reaches_what_it_calls_and_is_reached_by_who_calls_it(production: Rendered) -> None:
    inside = {"to-dns", "to-external-servers"}
    assert {name: ways(production, name, "egress") for name in production.of("Deployment")} == {
        "gateway": inside,
        "router": inside,
        "bot": inside,
        "sender": {*inside, "to-outside"},
        "console": {*inside, "to-outside", "console-to-gateway"},
    }
    assert {name: ways(production, name, "ingress") for name in production.of("Deployment")} == {
        "gateway": {"from-ingress", "from-monitoring", "gateway-from-console"},
        "console": {"from-ingress", "from-monitoring"},
        "router": {"from-monitoring"},
        "bot": {"from-monitoring"},
        "sender": {"from-monitoring"},
    }


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return with_components(tmp_path_factory.mktemp("traced"), ["tracing", "network-policies"], "overlays/production")


def off_its_way(documents: Rendered) -> list[str]:
    """What in the collector's address the policy that opens the way to it does not name."""
    (settings,) = [one["data"] for name, one in documents.of("ConfigMap").items() if name.startswith("wxdesk-settings")]
    address = urlsplit(settings["OTEL_EXPORTER_OTLP_ENDPOINT"])
    (way,) = documents.of("NetworkPolicy")["to-collector"]["spec"]["egress"]
    namespace = way["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    wrong = [] if (address.hostname or "").split(".")[1:] == [namespace, "svc"] else [namespace]
    return wrong if [one["port"] for one in way["ports"]] == [address.port] else [*wrong, str(address.port)]


def test_spans_find_the_collector_where_the_policy_lets_them(traced: Rendered) -> None:
    assert off_its_way(traced) == []
    for service in traced.of("Deployment"):
        assert "to-collector" in ways(traced, service, "egress")


@pytest.mark.parametrize(("old", "new"), [("port: 4318", "port: 4317"), ("name: tracing}", "name: elsewhere}")])
def test_a_way_that_leads_elsewhere_is_found(old: str, new: str, tmp_path: Path) -> None:
    copied = copy_of_deploy(tmp_path)
    policy = copied / "components" / "tracing" / "policy.yaml"
    assert old in policy.read_text()
    policy.write_text(policy.read_text().replace(old, new))
    (copied / "combination").mkdir()
    told = "resources: [../base]\ncomponents: [../components/tracing]\n"
    (copied / "combination" / "kustomization.yaml").write_text(told)
    assert len(off_its_way(render(copied / "combination"))) == 1


def test_paths_of_the_ingress_are_those_of_the_gateway(production: Rendered) -> None:
    rules = production.of("Ingress")["gateway"]["spec"]["rules"]
    assert [path["path"] for rule in rules for path in rule["http"]["paths"]] == ["/wechat/", "/vendors/"]


def test_pictures_pass_the_ingress(production: Rendered) -> None:
    for one in production.of("Ingress").values():
        most = one["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
        assert int(most.removesuffix("m")) << 20 > SENDABLE_MAX_BYTES * 1.1
