"""compose.yaml: of the fields the compose specification has, with the services, ports and version of the manifests."""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cryptography.fernet import Fernet
from jsonschema import Draft202012Validator
from yarl import URL

from deploy.local.checks import ROOT
from tests.deploy.manifests import DEPLOY
from tests.deploy.test_drift import SERVICES, VERSION, settings_of

TEXT: Final = {"type": "string", "minLength": 1}
TEXTS: Final = {"type": "array", "items": TEXT, "minItems": 1}
DURATION: Final = {"type": "string", "pattern": "^([0-9]+(s|m|h))+$"}
HEALTHCHECK: Final = {
    "type": "object",
    "properties": {
        "test": TEXTS,
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "retries": {"type": "integer"},
    },
    "required": ["test"],
    "additionalProperties": False,
}
CONDITIONS: Final = ["service_started", "service_healthy", "service_completed_successfully"]
SERVICE: Final = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "pattern": r"^[a-z0-9/-]+:[0-9][A-Za-z0-9.-]+$"},
        "build": {
            "type": "object",
            "properties": {"context": TEXT, "dockerfile": TEXT, "args": {"type": "object"}},
            "required": ["context"],
            "additionalProperties": False,
        },
        "entrypoint": TEXTS,
        "command": TEXTS,
        "environment": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
        "ports": TEXTS,
        "volumes": TEXTS,
        "secrets": TEXTS,
        "hostname": TEXT,
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"condition": {"enum": CONDITIONS}},
                "required": ["condition"],
                "additionalProperties": False,
            },
        },
        "healthcheck": HEALTHCHECK,
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "read_only": {"type": "boolean"},
        "tmpfs": TEXTS,
        "cap_drop": TEXTS,
        "security_opt": TEXTS,
        "stop_grace_period": DURATION,
    },
    "required": ["image"],
    "additionalProperties": False,
}
COMPOSE: Final = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
        "secrets": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"file": TEXT}, "additionalProperties": False},
        },
    },
    "patternProperties": {"^x-": True},
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def wrong(compose: dict[str, Any]) -> list[str]:
    return [one.message for one in Draft202012Validator(COMPOSE).iter_errors(compose)]


def test_it_has_the_fields_that_there_are(compose: dict[str, Any]) -> None:
    assert wrong(compose) == []


@pytest.mark.parametrize(
    ("field", "value"), [("port", ["8080:8080"]), ("restart", "sometimes"), ("image", "wxdesk/gateway:latest")]
)
def test_a_field_that_there_is_not_is_found(compose: dict[str, Any], field: str, value: Any) -> None:
    broken = {
        **compose,
        "services": {**compose["services"], "gateway": {**compose["services"]["gateway"], field: value}},
    }
    assert len(wrong(broken)) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_there_as_in_a_cluster(compose: dict[str, Any], service: str) -> None:
    one = compose["services"][service]
    fields = settings_of(service).model_fields
    assert one["image"] == f"wxdesk/{service}:{VERSION}"
    assert one["build"]["args"] == {"SERVICE": service, "VERSION": VERSION}
    assert one["healthcheck"]["test"][-1] == str(fields["ops_port"].default)
    assert one["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    if f"{service}_port" in fields:
        port = fields[f"{service}_port"].default
        assert one["ports"] == [f"127.0.0.1:{port}:{port}"]
    else:
        assert "ports" not in one


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_a_setting(compose: dict[str, Any], service: str) -> None:
    known = {name.upper() for one in SERVICES for name in settings_of(one).model_fields}
    assert set(compose["services"][service]["environment"]) - known == {"WXDESK_SECRETS_DIR"}


def test_the_first_lines_make_every_secret_that_is_asked_for(compose: dict[str, Any], tmp_path: Path) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    (lines,) = re.findall(r"^#\n((?:#   .*\n)+)#   docker compose up", text, re.MULTILINE)
    subprocess.run(["bash", "-ec", lines.replace("#   ", "")], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(made)
    assert len({*made.values()}) == len(made)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    (key,) = [tmp_path / secret["file"] for secret in compose["secrets"].values()]
    Fernet(key.read_text().strip())


def test_both_servers_ask_for_a_password_and_have_no_port(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert not {"ports", "network_mode"} & {*services["mongodb"], *services["rabbitmq"]}
    for service in SERVICES:
        addresses = [services[service]["environment"][name] for name in ("AMQP_URL", "MONGO_URL")]
        assert [URL(re.sub(r"\$\{\w+:\?[^}]*\}", "told", one)).password for one in addresses] == ["told", "told"]
    assert "--keyFile" in services["mongodb"]["command"]


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    volumes = [volume for one in compose["services"].values() for volume in one.get("volumes", [])]
    ours = [volume.split(":") for volume in volumes if volume.startswith("./")]
    assert [source for source, *_ in ours if not (DEPLOY / source).is_file()] == []
    assert [access for *_, access in ours if access != "ro"] == []
    assert {volume.partition(":")[0] for volume in volumes if not volume.startswith("./")} == set(compose["volumes"])


def test_what_an_image_needs_is_in_its_context(compose: dict[str, Any]) -> None:
    build = compose["services"]["console"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
