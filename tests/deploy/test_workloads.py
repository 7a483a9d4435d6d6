"""What keeps services served: replicas apart from each other, few gone at a time, scaled, watched, saved at night."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from services.console.cli.backups import backup
from services.console.cli.command import parser
from services.console.cli.preparing import run as prepare
from tests.deploy.manifests import Document, Rendered, broken, with_components
from tests.deploy.test_drift import SERVICES

SPREAD_OVER = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
SCALING = "components/autoscaling/"
OPERATORS = ("rabbitmq-operator", "mongodb-operator")


def pod_labels(documents: Rendered, service: str) -> dict[str, str]:
    labels: dict[str, str] = documents.of("Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    return labels


def matches(selector: Document, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {})
    return bool(wanted) and wanted.items() <= labels.items()


def crowded(documents: Rendered) -> set[str]:
    """Services whose replicas may all stand on one node or in one zone, or whose old replicas count beside the new."""
    found = set()
    for service, deployment in documents.of("Deployment").items():
        spread = deployment["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
        labels = pod_labels(documents, service)
        good = all(matches(one["labelSelector"], labels) and one["maxSkew"] == 1 for one in spread)
        apart = all(one.get("matchLabelKeys") == ["pod-template-hash"] for one in spread)
        if [one["topologyKey"] for one in spread] != SPREAD_OVER or not (good and apart):
            found.add(service)
    return found


def unprotected(documents: Rendered) -> set[str]:
    """Services of which a drain may take more than one replica at a time, or a release any before another serves."""
    found = set()
    for service, budget in documents.of("PodDisruptionBudget").items():
        if service in SERVICES:
            own = matches(budget["spec"]["selector"], pod_labels(documents, service))
            rolling = documents.of("Deployment")[service]["spec"]["strategy"]["rollingUpdate"]
            if not own or budget["spec"].get("maxUnavailable") != 1 or rolling["maxUnavailable"] != 0:
                found.add(service)
    return found


def alone(documents: Rendered) -> set[str]:
    """Services of which one replica may be all there is."""
    least = {name: one["spec"].get("replicas") for name, one in documents.of("Deployment").items()}
    for kind, field in (("ScaledObject", "minReplicaCount"), ("HorizontalPodAutoscaler", "minReplicas")):
        least |= {one["spec"]["scaleTargetRef"]["name"]: one["spec"][field] for one in documents.of(kind).values()}
    return {name for name, count in least.items() if count is None or count < 2}


def unwatched(documents: Rendered) -> set[str]:
    """Services that no ServiceMonitor finds, or whose metrics it asks for at a port they have not."""
    monitors = [one["spec"] for one in documents.of("ServiceMonitor").values()]
    return {
        name
        for name, service in documents.of("Service").items()
        if name in SERVICES
        and not any(
            matches(one["selector"], service["metadata"]["labels"])
            and {"ops"} == {end["port"] for end in one["endpoints"]}
            and "ops" in {port["name"] for port in service["spec"]["ports"]}
            for one in monitors
        )
    }


def command_of(documents: Rendered, kind: str) -> Namespace:
    """What the command line makes of the only pod's command; raises SystemExit where it is none of its commands."""
    (made,) = [pod for name, pod in documents.pods() if name.startswith(f"{kind}/")]
    program, *arguments = made["containers"][0]["command"]
    assert program == "wxdesk"
    return parser().parse_args(arguments)


@pytest.mark.parametrize("check", [crowded, unprotected, alone, unwatched])
def test_services_are_kept_served(check: Any, production: Rendered) -> None:
    assert check(production) == set()


@pytest.mark.parametrize(
    ("check", "file", "old", "new", "found"),
    [
        (crowded, "base/bot.yaml", "topologyKey: topology.kubernetes.io/zone", "topologyKey: zone", {"bot"}),
        (crowded, "base/bot.yaml", "          matchLabelKeys: [pod-template-hash]\n", "", {"bot"}),
        (crowded, "base/bot.yaml", "name: bot}\n        - topologyKey", "name: robot}\n        - topologyKey", {"bot"}),
        (unprotected, "base/sender.yaml", "maxUnavailable: 1\n", "maxUnavailable: 2\n", {"sender"}),
        (unprotected, "base/sender.yaml", "maxUnavailable: 0}", "maxUnavailable: 1}", {"sender"}),
        (alone, SCALING + "queues.yaml", "minReplicaCount: 2", "minReplicaCount: 0", {"bot", "router", "sender"}),
        (alone, SCALING + "processor.yaml", "name: console}\n", "name: konsole}\n", {"console"}),
        (unwatched, "components/monitoring/monitors.yaml", "port: ops", "port: metrics", set(SERVICES)),
        (unwatched, "base/gateway.yaml", "{name: ops, port: 9080", "{name: own, port: 9080", {"gateway"}),
    ],
)  # fmt: skip
def test_what_would_leave_them_unserved_is_found(
    check: Any, file: str, old: str, new: str, found: set[str], tmp_path: Path
) -> None:
    assert check(broken(tmp_path, file, old, new, "overlays/production")) == found


def test_the_command_line_knows_what_the_jobs_run(production: Rendered) -> None:
    nightly = command_of(production, "CronJob")
    assert (nightly.run, nightly.dated, nightly.keep) == (backup, True, 14)
    assert command_of(production, "Job").run is prepare


@pytest.mark.parametrize(("old", "new"), [("--dated", "--daily"), ("wxdesk, backup", "wxdesk, save")])
def test_a_command_that_there_is_not_is_found(old: str, new: str, tmp_path: Path) -> None:
    other = broken(tmp_path, "components/backup/backup.yaml", old, new, "overlays/production")
    with pytest.raises(SystemExit):
        command_of(other, "CronJob")


def test_a_volume_of_one_node_is_written_by_one_job(production: Rendered) -> None:
    assert production.of("CronJob")["backup"]["spec"]["concurrencyPolicy"] == "Forbid"


@pytest.mark.parametrize("operator", OPERATORS)
def test_one_server_of_an_operator_goes_with_one_that_is_there_already(operator: str, tmp_path: Path) -> None:
    both = with_components(tmp_path, [operator, "external-servers", "network-policies"])
    egress = {name for name, one in both.of("NetworkPolicy").items() if one["spec"].get("egress")}
    assert "to-external-servers" in egress
    assert f"to-{operator.partition('-')[0]}" in egress
