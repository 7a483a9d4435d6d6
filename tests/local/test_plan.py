from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.local.failures import CannotStart
from deploy.local.plan import START_ORDER, Plan, RunSettings, common_environment, own_environment, plan, url_of


def settings(**values: Any) -> RunSettings:
    return RunSettings(data_dir=Path("/data"), **values)


def planned(**values: Any) -> Plan:
    free = count(20_000)
    return plan(settings(**values), lambda: next(free))


def test_the_addresses_people_script_against() -> None:
    everything = planned()
    assert [everything.url(service) for service in ("gateway", "console", "sandbox")] == [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8081",
        "http://127.0.0.1:8082",
    ]
    assert {one.service: one.ops_port for one in everything.replicas} == {
        "gateway": 9080,
        "console": 9081,
        "sandbox": 9082,
        "router": 9083,
        "sender": 9084,
        "bot": 9085,
    }
    assert tuple(one.service for one in everything.replicas) == START_ORDER


def test_zero_means_any_free_port() -> None:
    everything = planned(gateway_port=0, console_port=0, sandbox_port=0, ops_port=0)
    assert all(port >= 20_000 for _, _, port in everything.ports())


def test_the_ops_ports_follow_the_first() -> None:
    assert {one.service: one.ops_port for one in planned(ops_port=7000).replicas}["bot"] == 7005


def test_further_replicas_take_any_free_ports() -> None:
    everything = planned(routers=3, gateways=2)
    assert [one.name for one in everything.of("router")] == ["router", "router-2", "router-3"]
    assert everything.of("router")[0].ops_port == 9083
    assert everything.of("gateway")[1].port == 20_000
    assert everything.url("gateway") == "http://127.0.0.1:8080"
    assert all(one.port is None for one in everything.of("router"))


def test_a_picked_port_is_none_that_the_settings_name() -> None:
    everything = planned(gateway_port=20_001, console_port=0, sandbox_port=0)
    ports = [port for _, _, port in everything.ports()]
    assert len(set(ports)) == len(ports)


def test_one_port_for_two_is_refused() -> None:
    with pytest.raises(CannotStart, match="GATEWAY_PORT and CONSOLE_PORT are both 8081"):
        planned(gateway_port=8081)


@pytest.mark.parametrize(
    ("host", "url", "sandbox"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080", "http://127.0.0.1:8082"),
        ("0.0.0.0", "http://127.0.0.1:8080", "http://127.0.0.1:8082"),
        ("::", "http://[::1]:8080", "http://[::1]:8082"),
        ("192.0.2.7", "http://192.0.2.7:8080", "http://127.0.0.1:8082"),
    ],
)
def test_the_sandbox_is_always_reached_on_loopback(host: str, url: str, sandbox: str) -> None:
    everything = planned(host=host)
    assert (everything.url("gateway"), everything.url("sandbox")) == (url, sandbox)


def test_every_process_is_told_where_things_are() -> None:
    wanted = settings(mongo_db="other", routers=2)
    free = count(20_000)
    everything = plan(wanted, lambda: next(free))
    servers = {"AMQP_URL": "amqp://a", "MONGO_URL": "mongodb://m", "WXDESK_SECRET_KEYS": "k"}
    common = common_environment(wanted, everything, servers, {"PATH": "/bin", "AMQP_URL": "", "LOG_LEVEL": "debug"})
    environment = own_environment(everything.of("router")[1], common)
    assert environment == {
        "PATH": "/bin",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "console",
        "PYTHONUNBUFFERED": "1",
        **servers,
        "MONGO_DB": "other",
        "WECHAT_API_BASE": "http://127.0.0.1:8082",
        "QIYU_API_BASE": "http://127.0.0.1:8082",
        "CLOCK": "sandbox",
        "MEDIA_HOSTS": "*.qpic.cn,*.weixin.qq.com,127.0.0.1:8082",
        "PUBLIC_BASE_URL": "http://127.0.0.1:8080",
        "DESK_BASE_URL": "http://127.0.0.1:8081",
        "DATA_DIR": "/data",
        "HOST": "127.0.0.1",
        "GATEWAY_PORT": "8080",
        "CONSOLE_PORT": "8081",
        "SANDBOX_PORT": "8082",
        "OPS_PORT": "20000",
    }


def test_a_second_gateway_is_told_its_own_port() -> None:
    everything = planned(gateways=2)
    environment = own_environment(everything.of("gateway")[1], {"GATEWAY_PORT": "8080"})
    assert environment["GATEWAY_PORT"] == str(everything.of("gateway")[1].port) != "8080"


def test_an_ipv6_address_is_bracketed_in_urls() -> None:
    assert url_of("::1", 80) == "http://[::1]:80"
