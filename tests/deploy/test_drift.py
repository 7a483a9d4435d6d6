"""Manifests and code say the same of settings, ports, times, names and versions."""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.checks import ROOT
from shared.settings import Settings, read_settings
from tests.deploy.manifests import DEPLOY, Rendered, copy_of_deploy, render

SANDBOX: Final = "sandbox"
SERVICES: Final = sorted(
    path.parent.name for path in (ROOT / "services").glob("*/settings.py") if path.parent.name != SANDBOX
)
SECRETS: Final = {"AMQP_URL", "MONGO_URL", "WXDESK_SECRET_KEYS", "WXDESK_FIRST_ADMIN_PASSWORD"}
VERSION: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def production() -> Rendered:
    return render(DEPLOY / "overlays" / "production")


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


def test_every_service_is_deployed_and_nothing_else(production: Rendered) -> None:
    assert sorted(production.of("Deployment")) == SERVICES
    for kind in ("Service", "PodDisruptionBudget"):
        assert sorted(production.of(kind)) == SERVICES


def test_every_variable_is_a_setting(production: Rendered) -> None:
    assert strangers(production) == set()


def test_a_variable_that_nobody_reads_is_found(tmp_path: Path) -> None:
    settings = copy_of_deploy(tmp_path) / "base" / "settings.env"
    settings.write_text(settings.read_text() + "ROUTER_PARTITION=32\n")
    assert strangers(render(settings.parent)) == {"ROUTER_PARTITION"}


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_told_is_enough_to_start(production: Rendered, service: str) -> None:
    values = {
        "AMQP_URL": "amqp://rabbitmq/wxdesk",
        "MONGO_URL": "mongodb://mongodb/?replicaSet=rs0",
        "WXDESK_SECRET_KEYS": "bm90aGluZyB0aGF0IGlzIHNlY3JldCBpbiBhIHRlc3Q=",
        **told(production),
    }
    settings = read_settings(settings_of(service), values)
    assert getattr(settings, "host", None) == "0.0.0.0"


@pytest.mark.parametrize("service", SERVICES)
def test_secrets_come_as_files_and_never_as_variables(production: Rendered, service: str) -> None:
    assert not SECRETS & set(told(production))
    one = container(production, service)
    assert "env" not in one
    places = [mount["mountPath"] for mount in one["volumeMounts"] if mount["name"] == "secrets"]
    assert places == [told(production)["WXDESK_SECRETS_DIR"]]


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
    router = copy_of_deploy(tmp_path) / "base" / "router.yaml"
    router.write_text(router.read_text().replace("containerPort: 9083", "containerPort: 9084"))
    assert wrong_ports(render(router.parent)) == ["router"]


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_what_the_service_answers(production: Rendered, service: str) -> None:
    one = container(production, service)
    asked = {name: one[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    ready, live = {"path": "/readyz", "port": "ops"}, {"path": "/livez", "port": "ops"}
    assert asked == {"startup": ready, "readiness": ready, "liveness": live}


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
