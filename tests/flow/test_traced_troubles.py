"""Spans whose collector is away, answers 500, does not answer, or comes late: messages go on their way as without."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.ports import free_port
from shared.observe import tracing
from tests.flow.test_traced_town import ANSWERED, trace_of_message
from tests.flow.town import Books, Town, town
from tests.support.collector import Collector, Told, collector
from tests.support.services import KEYS
from tests.support.waiting import eventually

LOST: Final = "wxdesk_spans_lost_total{"
WAYS: Final = ("gateway", "router", "bot", "sender")


@pytest.fixture(scope="module")
def port() -> int:
    """Where the collector is, if it is there."""
    return free_port()


@pytest.fixture(scope="module")
async def lonely_town(
    port: int, module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
    }
    directory: Path = tmp_path_factory.mktemp("lonely")
    async with town(servers, directory) as made:
        yield made


async def is_answered(town: Town, openid: str, texts: list[str]) -> None:
    """The customer's questions are answered, each once and in order."""
    await town.create_customer(openid)
    for text in texts:
        assert (await town.customer(openid, "say", {"text": text}))["accepted"]

    async def answered() -> bool:
        history = await town.history(openid)
        return await town.settled(openid) and any(m.delivery and m.delivery.state == "sent" for m in history)

    await eventually(answered)
    await Books(town).check([openid], {openid: texts})


async def lost(town: Town, service: str) -> float:
    """How many spans a service has counted as lost."""
    (replica,) = [one for one in town.plan.replicas if one.name == service]
    async with town.session.get(f"{replica.ops_url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(LOST))


def loses_more(town: Town, service: str, before: float) -> Callable[[], Coroutine[Any, Any, bool]]:
    async def check() -> bool:
        return await lost(town, service) > before

    return check


@asynccontextmanager
async def collecting(port: int, *, status: int = 200, slow: bool = False) -> AsyncIterator[Collector]:
    async with collector(port) as made:
        made.status, made.slow = status, slow
        try:
            yield made
        finally:
            made.slow = False


async def test_nobody_is_there(lonely_town: Town) -> None:
    await is_answered(lonely_town, "o-away", ["什么时候发货", "怎么退款"])
    for service in WAYS:
        await eventually(loses_more(lonely_town, service, 0.0), within_seconds=60)
        said = (lonely_town.logs / f"{service}.log").read_text().count("spans_lost")
        assert said <= 2, "once a minute, not once a span"


async def test_it_answers_500(lonely_town: Town, port: int) -> None:
    async with collecting(port, status=500) as listener:
        before = await lost(lonely_town, "router")
        await is_answered(lonely_town, "o-500", ["什么时候发货"])
        await eventually(lambda: listener.asked)
        await eventually(loses_more(lonely_town, "router", before), within_seconds=60)


async def test_it_comes_later(lonely_town: Town, port: int) -> None:
    async with collecting(port) as listener:
        await eventually(lambda: listener.asked, within_seconds=60)
        await is_answered(lonely_town, "o-later", ["什么时候发货"])
        trace = await trace_of_message(lonely_town, listener, "o-later")
        await eventually(lambda: whole_ways(listener, trace))


def whole_ways(listener: Collector, trace: str) -> list[Told]:
    """The sends of which every span up to the push has arrived."""
    spans = listener.trace(trace)
    if not {*ANSWERED} <= {one.name for one in spans}:
        return []
    return [one for one in spans if one.name == "wechat send" and listener.way(one) == ANSWERED]


async def test_who_is_killed_leaves_the_rest_of_the_trace(lonely_town: Town, port: int) -> None:
    """The push is taken while there is no router and no bot; its gateway is killed, and the others carry on."""
    openid = await lonely_town.create_customer("o-killed")
    async with collecting(port, slow=True) as listener:
        for name in ("router", "bot"):
            await lonely_town.kill(name)
        assert (await lonely_town.customer(openid, "say", {"text": "什么时候发货"}))["accepted"]
        await lonely_town.kill("gateway")
        listener.slow = False
        listener.spans.clear()
        await lonely_town.start("router", "bot", "gateway")
        await eventually(lambda: [one for one in listener.spans if one.name == "wechat send"], within_seconds=60)
        (trace,) = {one.trace for one in listener.spans if one.name == "wechat send"}
        rest = ANSWERED[1:]
        await eventually(lambda: {*rest} <= {one.name for one in listener.trace(trace)})
    (message, *_) = await lonely_town.history(openid)
    by_id = {one.id: one for one in listener.trace(trace)}
    assert "wechat push" not in {one.name for one in by_id.values()}
    begun = f"{tracing.span_of('told', f'{message.conversation}:{message.cause}'):016x}"
    assert {one.parent for one in by_id.values()} - {*by_id} == {begun}


async def test_it_does_not_answer_and_a_service_that_stops_does_not_wait_for_it(lonely_town: Town, port: int) -> None:
    async with collecting(port, slow=True) as listener:
        await is_answered(lonely_town, "o-slow", ["什么时候发货"])
        await eventually(lambda: listener.asked)
        for name in WAYS:
            process = lonely_town.processes[name]
            process.terminate()
            assert await process.wait() == 0
        assert "service_stopped" in (lonely_town.logs / "sender.log").read_text()
