"""A real Prometheus reads a running wxdesk: every rule and every query of every dashboard, and what they answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.local.checks import tools
from deploy.local.children import start_child, stop_child
from deploy.local.debian_programs import PROMTOOL, unpack
from deploy.local.ports import free_port
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.panels import built
from deploy.monitoring.write import HERE, ROOT
from tests.flow.conftest import shared_town
from tests.flow.town import Town
from tests.support.waiting import eventually

__all__ = ["shared_town"]

pytestmark = pytest.mark.long

QUERIES = [
    (f"{board.uid}: {panel['title']}", target["expr"].replace("$__rate_interval", "1m").replace("$namespace", "wxdesk"))
    for board in BOARDS
    for panel in built(board)["panels"]
    for target in panel.get("targets", [])
]


@dataclass
class Prometheus:
    url: str
    session: aiohttp.ClientSession

    async def ask(self, path: str, **query: str) -> Any:
        """What the API answers; its own words where it refuses."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=query) as response:
            told = await response.json()
        assert told["status"] == "success", (query, told)
        return told["data"]

    async def value(self, query: str) -> float:
        found = (await self.ask("query", query=query))["result"]
        return sum(float(series["value"][1]) for series in found)

    async def reads(self, count: int) -> bool:
        try:
            targets = (await self.ask("targets", state="active"))["activeTargets"]
        except aiohttp.ClientError:
            return False
        return [target["health"] for target in targets] == ["up"] * count


@pytest.fixture
async def prometheus(shared_town: Town, tmp_path: Path) -> AsyncIterator[Prometheus]:
    """It scrapes every process of the town each second, with the labels that the operator would put on."""
    replicas = [replica for replica in shared_town.plan.replicas if replica.service != "sandbox"]
    targets = [
        {
            "targets": [f"{replica.host}:{replica.ops_port}"],
            "labels": {"namespace": "wxdesk", "pod": replica.name},
        }
        for replica in replicas
    ]
    told = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ROOT / HERE / "rules.yaml")],
        "scrape_configs": [{"job_name": "wxdesk", "static_configs": targets}],
    }
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(json.dumps(told))
    program, port = unpack(PROMTOOL, tools()).with_name("prometheus"), free_port()
    command: list[str | Path] = [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "prometheus.log").open("ab") as log:
        process = await start_child(command, {"PATH": "/usr/bin:/bin"}, tmp_path, log)
    async with aiohttp.ClientSession() as session:
        try:
            made = Prometheus(f"http://127.0.0.1:{port}", session)
            await eventually(lambda: made.reads(len(replicas)), within_seconds=60)
            yield made
        finally:
            await stop_child(process, 20)


async def test_a_real_prometheus_answers_every_query(shared_town: Town, prometheus: Prometheus) -> None:
    openid = await shared_town.create_customer("o-measured")
    await shared_town.log_in("lina")
    await shared_town.customer(openid, "enter")
    await shared_town.sees(openid, "wxdesk 演示客服")
    await shared_town.customer(openid, "say", {"text": "人工"})

    async def everything_moved() -> bool:
        assert await prometheus.value("sum(gateway_pushes_total)") >= 2
        assert await prometheus.value('sum(router_facts_total{verdict="decided"})') > 0
        assert await prometheus.value('sum(sender_sends_total{outcome="sent"})') > 0
        assert await prometheus.value("sum(bot_turns_total)") > 0
        assert await prometheus.value("sum(router_sweeps_total)") > 0
        assert await prometheus.value('sum(wxdesk_queue_age_seconds_count{queue="router"})') > 0
        assert await prometheus.value("router_agents_online") == 1
        assert await prometheus.value("sum(sender_token_expires_timestamp_seconds)") > 0
        assert await prometheus.value("min(wxdesk_rabbitmq_connected)") == 1
        return True

    await eventually(everything_moved, within_seconds=60)
    for _, query in QUERIES:
        await prometheus.ask("query", query=query)
    await _figures_read_numbers(prometheus)
    groups = (await prometheus.ask("rules"))["groups"]
    rules = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert rules == {alert.name: "ok" for alert in ALERTS}


async def _figures_read_numbers(prometheus: Prometheus) -> None:
    for panel in built(BOARDS[0])["panels"]:
        if panel["type"] == "stat":
            query = panel["targets"][0]["expr"].replace("$__rate_interval", "1m").replace("$namespace", "wxdesk")
            assert len((await prometheus.ask("query", query=query))["result"]) == 1, panel["title"]
