"""Manifests and code say the same of settings, ports, times, names and versions."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from deploy.local.checks import ROOT
from deploy.local.ports import free_port
from shared.observe.health import Health, ops_server
from shared.settings import ObserveSettings, Settings, SettingsRefused, read_settings
from tests.deploy.manifests import Rendered, broken, copy_of_deploy, render, with_components

SANDBOX: Final = "sandbox"
SERVICES: Final = sorted(
    path.parent.name for path in (ROOT / "services").glob("*/settings.py") if path.parent.name != SANDBOX
)
SECRETS: Final = {
    *("AMQP_URL", "MONGO_URL", "WXDESK_SECRET_KEYS"),
    *("WXDESK_FIRST_ADMIN_PASSWORD", "OTEL_EXPORTER_OTLP_HEADERS"),
}
NEEDED: Final = {
    "AMQP_URL": "amqp://rabbitmq/wxdesk",
    "MONGO_URL": "mongodb://mongodb/?replicaSet=rs0",
    "WXDESK_SECRET_KEYS": "bm90aGluZyB0aGF0IGlzIHNlY3JldCBpbiBhIHRlc3Q=",
}
VERSION: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def settings_of(service: str) -> type[Settings]:
    kinds = vars(import_module(f"services.{service}.settings")).values()
    (own,) = [
        one
        for one in kinds
        if isinstance(one, type) and issubclass(one, Settings) and one.__module__ == f"services.{service}.settings"
    ]
    return own


def container(documents: Rendered, service: str) -> dict[str, Any]:
    (one,) = documents.of("Deployment")[service]["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = one
    return found


def told(documents: Rendered) -> dict[str, str]:
    (settings,) = [one for name, one in documents.of("ConfigMap").items() if name.startswith("wxdesk-settings")]
    data: dict[str, str] = settings["data"]
    return data


def strangers(documents: Rendered) -> set[str]:
    """Variables that no service reads."""
    known = {name.upper() for service in SERVICES for name in settings_of(service).model_fields}
    return set(told(documents)) - known - {"WXDESK_SECRETS_DIR"}


def other_services(documents: Rendered) -> set[str]:
    """Of each kind that every service has: what is missing, or is no service."""
    kinds = ("Deployment", "Service", "PodDisruptionBudget")
    return {f"{kind}/{name}" for kind in kinds for name in set(documents.of(kind)) ^ set(SERVICES)}


def test_every_service_is_deployed_and_nothing_else(production: Rendered) -> None:
    assert other_services(production) == set()


def test_a_service_that_is_missing_is_found(tmp_path: Path) -> None:
    without = broken(tmp_path, "base/bot.yaml", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets")
    assert other_services(without) == {"PodDisruptionBudget/bot"}
    forgotten = broken(tmp_path / "more", "base/kustomization.yaml", "  - bot.yaml\n", "")
    assert other_services(forgotten) == {"Deployment/bot", "Service/bot", "PodDisruptionBudget/bot"}


def test_every_variable_is_a_setting(production: Rendered) -> None:
    assert strangers(production) == set()


def test_a_variable_that_nobody_reads_is_found(tmp_path: Path) -> None:
    misspelt = broken(tmp_path, "base/settings.env", "ROUTER_PARTITIONS=", "ROUTER_PARTITION=")
    assert strangers(misspelt) == {"ROUTER_PARTITION"}


def test_what_tracing_is_told_is_understood_by_every_service(tmp_path: Path) -> None:
    traced = with_components(tmp_path, ["tracing"])
    assert strangers(traced) == set()
    added = {name: value for name, value in told(traced).items() if name.startswith("OTEL_")}
    for service in SERVICES:
        settings = read_settings(settings_of(service), {**NEEDED, **told(traced)})
        assert {name: str(getattr(settings, name.lower())) for name in added} == added


def unable_to_start(documents: Rendered) -> list[str]:
    """Services for which what they are told is not enough, or that nobody could reach."""
    found = []
    for service in SERVICES:
        try:
            settings = read_settings(settings_of(service), {**NEEDED, **told(documents)})
        except SettingsRefused as refused:
            found.append(f"{service}: {refused}")
        else:
            found += [service] if getattr(settings, "host", None) != "0.0.0.0" else []
    return found


def test_what_is_told_is_enough_to_start(production: Rendered) -> None:
    assert unable_to_start(production) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HOST=0.0.0.0", "HOST=127.0.0.1"),
        ("ROUTER_PARTITIONS=16", "ROUTER_PARTITIONS=none"),
        ("SCHEMA=expect", "SCHEMA=hope"),
    ],
)
def test_a_service_that_would_not_start_is_found(old: str, new: str, tmp_path: Path) -> None:
    found = unable_to_start(broken(tmp_path, "base/settings.env", old, new))
    assert [line.partition(":")[0] for line in found] == SERVICES


def told_openly(documents: Rendered) -> set[str]:
    """Secrets that stand in the open, variables beside the settings, and services that are not given the files."""
    found = SECRETS & set(told(documents))
    for service in SERVICES:
        one = container(documents, service)
        found |= {f"{service}: {variable['name']}" for variable in one.get("env", [])}
        found |= {service for source in one["envFrom"] if "secretRef" in source}
        places = [mount["mountPath"] for mount in one["volumeMounts"] if mount["name"] == "secrets"]
        found |= {service} if places != [told(documents)["WXDESK_SECRETS_DIR"]] else set()
    return found


def test_secrets_come_as_files_and_never_as_variables(production: Rendered) -> None:
    assert told_openly(production) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("settings.env", "HOST=", "AMQP_URL=amqp://wxdesk:password@rabbitmq\nHOST=", {"AMQP_URL"}),
        ("every-pod.yaml", "configMapRef: {name: wxdesk-settings}", "secretRef: {name: wxdesk-secrets}", {*SERVICES}),
        ("every-pod.yaml", "mountPath: /run/secrets/wxdesk", "mountPath: /run/secrets", {*SERVICES}),
        (
            "router.yaml",
            "          resources:",
            "          env: [{name: MONGO_URL, value: x}]\n          resources:",
            {"router: MONGO_URL"},
        ),
    ],
)
def test_a_secret_in_the_open_is_found(file: str, old: str, new: str, found: set[str], tmp_path: Path) -> None:
    assert told_openly(broken(tmp_path, f"base/{file}", old, new)) == found


def wrong_ports(documents: Rendered) -> list[str]:
    """Services whose container or Service has other ports than their settings."""
    found = []
    for service in SERVICES:
        fields = settings_of(service).model_fields
        wanted = {"ops": fields["ops_port"].default}
        if f"{service}_port" in fields:
            wanted["http"] = fields[f"{service}_port"].default
        opened = {port["name"]: port["containerPort"] for port in container(documents, service)["ports"]}
        served = {port["targetPort"] for port in documents.of("Service")[service]["spec"]["ports"]}
        if opened != wanted or served != set(wanted):
            found.append(service)
    return found


def test_ports_are_those_of_the_settings(production: Rendered) -> None:
    assert wrong_ports(production) == []


def test_another_port_is_found(tmp_path: Path) -> None:
    other = broken(tmp_path, "base/router.yaml", "containerPort: 9083", "containerPort: 9084")
    assert wrong_ports(other) == ["router"]


async def answered_by_ops() -> dict[str, int]:
    """What the ops server of a service that is started, ready and alive says on each of its paths."""
    port = free_port()
    async with ops_server(ObserveSettings(host="127.0.0.1", ops_port=port), Health()), ClientSession() as session:
        paths = ("/readyz", "/livez", "/metrics", "/health")
        answers = {path: await session.get(f"http://127.0.0.1:{port}{path}") for path in paths}
        for answer in answers.values():
            answer.release()
        return {path: answer.status for path, answer in answers.items()}


def wrong_probes(documents: Rendered) -> set[str]:
    """Probes that ask something else than: has it all it needs; may it be given work; does it live."""
    ready, live = {"path": "/readyz", "port": "ops"}, {"path": "/livez", "port": "ops"}
    wanted = {"startup": ready, "readiness": ready, "liveness": live}
    return {
        f"{service}: {name}"
        for service in SERVICES
        for name, asks in wanted.items()
        if container(documents, service).get(f"{name}Probe", {}).get("httpGet") != asks
    }


async def test_probes_ask_what_the_service_answers(production: Rendered) -> None:
    assert wrong_probes(production) == set()
    assert await answered_by_ops() == {"/readyz": 200, "/livez": 200, "/metrics": 200, "/health": 404}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("path: /livez, port: ops", "path: /readyz, port: ops", "liveness"),
        ("containers/0/startupProbe", "containers/0/lifecycle", "startup"),
        (
            "Probe\n  value:\n    httpGet: {path: /readyz, port: ops}\n    periodSeconds: 3",
            "Probe\n  value:",
            "readiness",
        ),
    ],
)
def test_a_probe_that_asks_something_else_is_found(old: str, new: str, found: str, tmp_path: Path) -> None:
    wrong = wrong_probes(broken(tmp_path, "base/every-service.yaml", old, new))
    assert wrong == {f"{service}: {found}" for service in SERVICES}


def short_of_time(documents: Rendered) -> list[str]:
    """Before SIGTERM: until nobody sends it anything. After it: what its settings allow, and as long again to stop."""
    found = []
    for service in SERVICES:
        pod, one = documents.of("Deployment")[service]["spec"]["template"]["spec"], container(documents, service)
        before = one.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        is_called = "http" in {port["name"] for port in one["ports"]}
        drain = settings_of(service).model_fields.get("sender_drain_seconds")
        longest = 2 * (drain.default if drain else 5.0)
        if pod["terminationGracePeriodSeconds"] < before + longest + 10 or (before > 0) != is_called:
            found.append(service)
    return found


def test_a_pod_has_time_for_what_it_must_finish(production: Rendered) -> None:
    assert short_of_time(production) == []


def test_too_little_time_is_found(tmp_path: Path) -> None:
    base = copy_of_deploy(tmp_path) / "base"
    for service, old, new in (
        ("sender", "Seconds: 60", "Seconds: 20"),
        ("gateway", "sleep: {seconds: 5}", "sleep: {seconds: 0}"),
    ):
        manifest = base / f"{service}.yaml"
        manifest.write_text(manifest.read_text().replace(old, new))
    assert short_of_time(render(base)) == ["gateway", "sender"]


def other_versions(documents: Rendered) -> set[str]:
    """What runs an image that is not of this version, or a Job that is not named by it."""
    images = {
        name for name, pod in documents.pods() for one in pod["containers"] if not one["image"].endswith(f":{VERSION}")
    }
    return images | set(documents.of("Job")) - {f"prepare-{VERSION}"}


def test_all_is_of_this_version_and_services_wait_for_its_job(production: Rendered) -> None:
    assert other_versions(production) == set()
    assert list(production.of("Job")) == [f"prepare-{VERSION}"]
    assert told(production)["SCHEMA"] == "expect"


def test_another_version_is_found(tmp_path: Path) -> None:
    base = copy_of_deploy(tmp_path) / "base"
    for name, old in (("kustomization.yaml", "{name: wxdesk/bot, newTag: "), ("prepare.yaml", "prepare-")):
        (base / name).write_text((base / name).read_text().replace(f"{old}{VERSION}", f"{old}0.0.9"))
    assert {"Deployment/bot", "prepare-0.0.9"} <= other_versions(render(base))
