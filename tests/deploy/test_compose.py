"""compose.yaml: of the fields the compose specification has, with the services, ports and version of the manifests."""

from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

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


def test_what_an_image_needs_is_in_its_context(compose: dict[str, Any]) -> None:
    build = compose["services"]["console"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
