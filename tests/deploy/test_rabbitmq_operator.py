"""What RabbitMQ's operators are told is what the code would declare, and nothing that they do not know."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.local.checks import ROOT
from deploy.rabbitmq.write import VHOST, files
from shared.bus.queue_policies import router_policy
from shared.bus.topology import BOT, CONVERSATION, LIVE, OFFERS, OUTBOUND, Topology
from tests.deploy.custom_kinds_rabbitmq import SPECS
from tests.deploy.manifests import Rendered, copy_of_deploy, render, with_components

COMPONENT = "rabbitmq-operator"
LOGINS = {"gateway", "router", "sender", "bot", "console"}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return with_components(tmp_path_factory.mktemp("rabbitmq"), ["network-policies", "autoscaling", COMPONENT])


def refused(documents: Rendered) -> list[str]:
    own = [one for one in documents if one["apiVersion"].startswith("rabbitmq.com/")]
    return [
        f"{one['kind']}/{one['metadata']['name']}: {wrong.message}"
        for one in own
        for wrong in Draft202012Validator(SPECS[one["apiVersion"], one["kind"]]).iter_errors(one["spec"])
    ]


def declared(documents: Rendered) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each queue with the exchange that feeds it and its arguments, as `Topology.queues` has them."""
    sources = {one["spec"]["destination"]: one["spec"]["source"] for one in documents.of("Binding").values()}
    queues = [one["spec"] for one in documents.of("Queue").values()]
    return {one["name"]: (sources[one["name"]], {"x-queue-type": one["type"], **one["arguments"]}) for one in queues}


def broken(folder: Path, file: str, old: str, new: str) -> Rendered:
    copied = copy_of_deploy(folder)
    path = copied / "components" / COMPONENT / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    (copied / "broken").mkdir()
    (copied / "broken" / "kustomization.yaml").write_text(
        f"resources: [../base]\ncomponents: [../components/{COMPONENT}]\n"
    )
    return render(copied / "broken")


def test_the_files_are_those_that_the_code_makes() -> None:
    assert {path: (ROOT / path).read_text(encoding="utf-8") for path in files()} == files()


def test_operators_know_every_field(rendered: Rendered) -> None:
    assert refused(rendered) == []


def test_a_field_that_operators_do_not_know_is_found(tmp_path: Path) -> None:
    assert refused(broken(tmp_path, "topology.yaml", "defaultQueueType", "default_queue_type"))


def test_queues_are_those_of_the_code(rendered: Rendered) -> None:
    assert declared(rendered) == Topology().queues()
    assert all(one["spec"]["durable"] for one in rendered.of("Queue").values())
    assert {one["spec"]["routingKey"] for one in rendered.of("Binding").values()} == set(Topology().queues())
    assert all(one["spec"]["routingKey"] == one["spec"]["destination"] for one in rendered.of("Binding").values())


@pytest.mark.parametrize(
    ("old", "new"), [("1000000", "20"), ('"wx.outbound"\n  destination', '"wx.bot"\n  destination')]
)
def test_a_queue_that_differs_is_found(old: str, new: str, tmp_path: Path) -> None:
    assert declared(broken(tmp_path, "topology.yaml", old, new)) != Topology().queues()


def test_exchanges_are_those_of_the_code(rendered: Rendered) -> None:
    exchanges = {one["spec"]["name"]: one["spec"]["type"] for one in rendered.of("Exchange").values()}
    assert exchanges == {**dict.fromkeys((CONVERSATION, OUTBOUND, BOT, OFFERS), "direct"), LIVE: "topic"}
    assert all(one["spec"]["durable"] for one in rendered.of("Exchange").values())


def test_the_policy_is_that_of_the_code(rendered: Rendered) -> None:
    wanted = router_policy()
    policy = rendered.of("Policy")[wanted.name]["spec"]
    told = (policy["name"], policy["pattern"], policy["applyTo"], policy["definition"])
    assert told == wanted
    covered = {queue for queue in Topology().queues() if re.search(policy["pattern"], queue)}
    assert covered == set(Topology().partitions("router"))


def test_nothing_that_holds_messages_goes_with_its_manifest(rendered: Rendered) -> None:
    keeping = [*rendered.of("Queue").values(), *rendered.of("Vhost").values()]
    assert {one["spec"]["deletionPolicy"] for one in keeping} == {"retain"}


def test_everything_is_in_one_virtual_host(rendered: Rendered) -> None:
    kinds = ("Queue", "Exchange", "Binding", "Policy", "Permission")
    assert {one["spec"]["vhost"] for kind in kinds for one in rendered.of(kind).values()} == {VHOST}


def secrets_of(pod: dict[str, Any]) -> dict[str, list[str] | None]:
    """Each Secret among the files of a pod, with the keys that are taken from it; None: all."""
    (volume,) = [one for one in pod["volumes"] if one["name"] == "secrets"]
    sources = [one["secret"] for one in volume["projected"]["sources"]]
    return {one["name"]: [item["key"] for item in one["items"]] if "items" in one else None for one in sources}


def test_each_service_has_a_login_of_its_own(rendered: Rendered) -> None:
    pods = {name.partition("/")[2]: pod for name, pod in rendered.pods()}
    for service in LOGINS:
        assert secrets_of(pods[service])[f"rabbitmq-{service}"] == ["AMQP_URL"]
    (prepare,) = [pod for name, pod in pods.items() if name.startswith("prepare")]
    assert secrets_of(prepare)["rabbitmq-console"] == ["AMQP_URL"]
    logins = {f"rabbitmq-{service}" for service in LOGINS} | {"rabbitmq-management"}
    assert set(rendered.of("Permission")) == logins
    assert set(rendered.of("User")) == logins


def test_only_the_scalers_login_sees_the_management_api_and_it_may_do_nothing_else(rendered: Rendered) -> None:
    assert {name for name, one in rendered.of("User").items() if "tags" in one["spec"]} == {"rabbitmq-management"}
    permissions = rendered.of("Permission")["rabbitmq-management"]["spec"]["permissions"]
    assert permissions == {"configure": "^$", "write": "^$", "read": "^$"}


def test_services_wait_for_what_the_operator_makes(rendered: Rendered) -> None:
    (settings,) = [one for name, one in rendered.of("ConfigMap").items() if name.startswith("wxdesk-settings")]
    assert settings["data"]["TOPOLOGY"] == "expect"


def shares_the_majority(documents: Rendered) -> bool:
    """Whether a drain takes one node at a time, of all that the operator labels with the cluster's name."""
    (cluster,) = documents.of("RabbitmqCluster").values()
    budget = documents.of("PodDisruptionBudget").get("rabbitmq", {}).get("spec", {})
    nodes = {"matchLabels": {"app.kubernetes.io/name": cluster["metadata"]["name"]}}
    return bool(budget == {"maxUnavailable": 1, "selector": nodes} and cluster["spec"]["replicas"] == 3)


def test_a_drain_leaves_a_majority(rendered: Rendered, tmp_path: Path) -> None:
    assert shares_the_majority(rendered)
    assert not shares_the_majority(broken(tmp_path, "cluster.yaml", "maxUnavailable: 1", "maxUnavailable: 2"))
