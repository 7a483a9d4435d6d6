"""Settings come from the environment, else from run.json, and never half from each."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.console.cli.environment import Environment
from services.console.cli.failures import Misused
from shared.settings import MongoSettings, RabbitSettings

RUN: dict[str, Any] = {
    "gateway": "http://127.0.0.1:8080",
    "console": "http://127.0.0.1:8081/",
    "sandbox": "http://127.0.0.1:8082",
    "ops": {"gateway": ["http://127.0.0.1:9080"]},
    "env": {"AMQP_URL": "amqp://run/", "MONGO_URL": "mongodb://run/", "MONGO_DB": "wxdesk"},
    "app": {"appid": "wx0123456789abcdef", "secret": "s", "token": "t"},
    "agents": [{"login": "lina", "password": "pw", "role": "agent"}],
    "pids": {"gateway": [1]},
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    return tmp_path


def environment(data_dir: Path, **variables: str) -> Environment:
    return Environment({"DATA_DIR": str(data_dir), **variables})


def test_a_local_run_is_found_by_its_file(data_dir: Path) -> None:
    local = environment(data_dir)
    assert local.settings(RabbitSettings).amqp_url.get_secret_value() == "amqp://run/"
    assert local.address("console") == "http://127.0.0.1:8081"
    assert local.run.agents[0].password == "pw"


def test_the_environment_goes_before_the_file(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTER_PARTITIONS", "4")
    local = environment(data_dir, ROUTER_PARTITIONS="4", CONSOLE_URL="http://elsewhere:1")
    assert local.settings(RabbitSettings).router_partitions == 4
    assert local.address("console") == "http://elsewhere:1"


@pytest.mark.parametrize("variable", ["AMQP_URL", "MONGO_URL", "MONGO_DB"])
def test_a_file_about_other_servers_is_not_used_at_all(data_dir: Path, variable: str) -> None:
    """Otherwise production's database would meet a laptop's broker and keys."""
    other = environment(data_dir, **{variable: "amqp://production/"})
    assert other.run.env == {}
    assert other.address_if_known("gateway") is None
    with pytest.raises(Misused, match="about other servers"):
        other.address("sandbox")


def test_a_file_about_the_same_servers_is(data_dir: Path) -> None:
    same = environment(data_dir, MONGO_URL="mongodb://run/")
    assert same.settings(RabbitSettings).amqp_url.get_secret_value() == "amqp://run/"


def test_without_a_file_what_is_missing_and_where_it_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misused) as refused:
        environment(tmp_path).settings(MongoSettings)
    assert "MONGO_URL: missing" in str(refused.value)
    assert str(tmp_path / "run.json") in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ops": 3}', "\xff"])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(Misused, match=r"is not a run\.json"):
        environment(tmp_path).settings(MongoSettings)


def test_a_directory_in_its_place_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(Misused, match="cannot read"):
        _ = environment(tmp_path).run


@pytest.mark.parametrize("address", ["127.0.0.1:8081", "ftp://x", "http://"])
def test_an_address_must_be_one(tmp_path: Path, address: str) -> None:
    with pytest.raises(Misused, match="CONSOLE_URL: must begin with http"):
        environment(tmp_path, CONSOLE_URL=address).address("console")
