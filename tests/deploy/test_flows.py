"""Who may speak to whom, by the network policies: services to RabbitMQ, people to the edges, nobody else."""

from pathlib import Path

import pytest

from tests.deploy.flows import Pod, allowed
from tests.deploy.manifests import Rendered, copy_of_deploy, render, with_components

RABBITMQ = Pod({"app.kubernetes.io/name": "rabbitmq"})
COLLECTOR = Pod({"app": "otel-collector"}, "tracing")
SERVICES = ("gateway", "router", "sender", "bot", "console")
OPS = {"gateway": 9080, "console": 9081, "router": 9083, "sender": 9084, "bot": 9085}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return with_components(tmp_path_factory.mktemp("flows"), ["network-policies", "rabbitmq-operator", "tracing"])


def pod(documents: Rendered, service: str) -> Pod:
    template = documents.of("Deployment")[service]["spec"]["template"]
    ports = template["spec"]["containers"][0]["ports"]
    return Pod(template["metadata"]["labels"], ports={one["name"]: one["containerPort"] for one in ports})


def outside(namespace: str) -> Pod:
    return Pod({}, namespace)


@pytest.mark.parametrize("service", SERVICES)
def test_services_reach_rabbitmq_for_messages_only(rendered: Rendered, service: str) -> None:
    reached = {
        port for port in (5672, 15672, 15692, 25672, 4369) if allowed(rendered, pod(rendered, service), RABBITMQ, port)
    }
    assert reached == {5672}


def test_nodes_reach_each_other_and_watchers_reach_what_they_watch(rendered: Rendered) -> None:
    assert all(allowed(rendered, RABBITMQ, RABBITMQ, port) for port in (4369, 25672, 35680))
    assert allowed(rendered, outside("keda"), RABBITMQ, 15672)
    assert allowed(rendered, outside("rabbitmq-system"), RABBITMQ, 15672)
    assert allowed(rendered, outside("monitoring"), RABBITMQ, 15692)


def test_a_stranger_reaches_nothing(rendered: Rendered) -> None:
    for stranger in (outside("somebody-else"), Pod({"app": "stranger"})):
        assert not allowed(rendered, stranger, RABBITMQ, 5672)
        assert not [name for name in SERVICES if allowed(rendered, stranger, pod(rendered, name), OPS[name])]


def test_services_are_reached_by_who_calls_them(rendered: Rendered) -> None:
    ports = {"gateway": 8080, "console": 8081}
    for caller in SERVICES:
        reached = {name for name in ports if allowed(rendered, pod(rendered, caller), pod(rendered, name), ports[name])}
        assert reached == ({"gateway"} if caller == "console" else set())
    assert all(allowed(rendered, outside("ingress"), pod(rendered, name), port) for name, port in ports.items())
    assert all(allowed(rendered, outside("monitoring"), pod(rendered, name), port) for name, port in OPS.items())
    assert not any(allowed(rendered, outside("ingress"), pod(rendered, name), port) for name, port in OPS.items())


@pytest.mark.parametrize("service", SERVICES)
def test_services_reach_the_collector_and_it_reaches_none(rendered: Rendered, service: str) -> None:
    caller = pod(rendered, service)
    assert allowed(rendered, caller, COLLECTOR, 4318)
    assert not any(allowed(rendered, caller, COLLECTOR, port) for port in (80, 443, 4317))
    assert not allowed(rendered, caller, outside("somebody-else"), 4318)
    assert not any(allowed(rendered, COLLECTOR, caller, port) for port in (OPS[service], 8080, 8081))


def test_without_its_component_no_collector_is_reached(tmp_path: Path) -> None:
    bare = with_components(tmp_path, ["network-policies", "rabbitmq-operator"])
    assert not any(allowed(bare, pod(bare, name), COLLECTOR, 4318) for name in SERVICES)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rabbitmq-operator/policies.yaml", "port: 5672", "port: 5673"),
        ("network-policies/nothing-by-itself.yaml", "podSelector: {}", "podSelector: {matchLabels: {app: none}}"),
    ],
)
def test_a_policy_that_is_wrong_changes_the_answer(
    rendered: Rendered, file: str, old: str, new: str, tmp_path: Path
) -> None:
    gateway, stranger = pod(rendered, "gateway"), Pod({"app": "stranger"})
    before = (allowed(rendered, gateway, RABBITMQ, 5672), allowed(rendered, outside("somebody-else"), stranger, 1))
    copied = copy_of_deploy(tmp_path / "broken")
    path = copied / "components" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    broken = rendered_from(copied)
    assert before != (allowed(broken, gateway, RABBITMQ, 5672), allowed(broken, outside("somebody-else"), stranger, 1))


def rendered_from(copied: Path) -> Rendered:
    (copied / "combination").mkdir()
    (copied / "combination" / "kustomization.yaml").write_text(
        "resources: [../base]\ncomponents: [../components/network-policies, ../components/rabbitmq-operator]\n"
    )
    return render(copied / "combination")
