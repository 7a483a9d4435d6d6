"""One push, from WeChat's call to the send that answers it, as one trace at a real collector of spans."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.observe.span_keys import SPAN_KEYS
from tests.flow.town import Books, Town, town
from tests.support.collector import Collector, Told, collector
from tests.support.services import KEYS
from tests.support.waiting import eventually

ANSWERED = [
    "wechat push",
    "settle message_received",
    "publish ask_bot",
    "bot turn",
    "settle bot_answered",
    "publish send_message",
    "wechat send",
]


@pytest.fixture(scope="module")
async def listener() -> AsyncIterator[Collector]:
    async with collector() as made:
        yield made


@pytest.fixture(scope="module")
async def traced_town(
    listener: Collector,
    module_amqp_url: str,
    mongo_url: str,
    module_mongo_db: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
        "OTEL_EXPORTER_OTLP_ENDPOINT": listener.url,
    }
    directory: Path = tmp_path_factory.mktemp("traced")
    async with town(servers, directory) as made:
        yield made


def sends_below(listener: Collector, trace: str) -> list[Told]:
    return [one for one in listener.trace(trace) if one.name == "wechat send"]


async def trace_of_message(town: Town, listener: Collector, openid: str) -> str:
    """Of the customer's one message; told once all of it has arrived."""
    conversation = await town.conversation(openid)
    assert conversation is not None

    def there() -> str | None:
        mine = [s for s in listener.spans if s.attributes.get("wxdesk.conversation_id") == conversation.id]
        begun = {s.trace for s in mine if s.name == "wechat push" and s.attributes["wxdesk.kind"] == "message_received"}
        return next((t for t in begun if any(s.name == "settle send_settled" for s in listener.trace(t))), None)

    found = await eventually(there)
    assert found is not None
    return found


async def test_a_push_and_its_answer_are_one_trace(traced_town: Town, listener: Collector) -> None:
    openid, secret = "o-traced-customer", "什么时候发货 SECRET-WORD"
    await traced_town.create_customer(openid)
    assert (await traced_town.customer(openid, "say", {"text": secret}))["accepted"]
    await eventually(lambda: traced_town.settled(openid))
    trace = await trace_of_message(traced_town, listener, openid)
    sends = await eventually(lambda: sends_below(listener, trace))
    await eventually(lambda: {listener.way(one)[-1] for one in listener.trace(trace)} >= {*ANSWERED})
    assert listener.way(sends[0]) == ANSWERED
    services = {one.service.removeprefix("wxdesk-") for one in listener.trace(trace)}
    assert services == {"gateway", "router", "bot", "sender"}
    back = next(one for one in listener.trace(trace) if one.name == "settle send_settled")
    assert listener.way(back)[-3:] == ["publish send_message", "publish send_settled", "settle send_settled"]
    assert {one.attributes["wxdesk.trace_id"] for one in listener.trace(trace)} == {trace}
    assert {key for one in listener.spans for key in one.attributes} <= SPAN_KEYS
    assert not any(word.encode() in body for body in listener.bodies for word in (openid, "SECRET-WORD", "发货", KEYS))


async def test_an_agents_command_begins_a_trace(traced_town: Town, listener: Collector) -> None:
    openid = await traced_town.create_customer("o-traced-agent")
    lina = await traced_town.log_in("lina")
    assert (await traced_town.customer(openid, "say", {"text": "人工"}))["accepted"]

    async def mine() -> str | None:
        listed = await lina.must("GET", "/conversations?view=mine")
        return next((item["id"] for item in listed["items"]), None)

    conversation = await eventually(mine)
    body = {"client_id": "traced", "type": "text", "text": "您好"}
    await lina.must("POST", f"/conversations/{conversation}/messages", body)
    await eventually(lambda: traced_town.settled(openid))
    way = ["agent command", "settle send_reply", "publish send_message", "wechat send"]

    def there() -> bool:
        sends = [one for one in listener.spans if one.name == "wechat send"]
        whole = [s for s in sends if {*way} <= {one.name for one in listener.trace(s.trace)}]
        return any(listener.way(one) == way for one in whole)

    await eventually(there)


async def test_a_collector_that_does_not_answer_loses_no_message(traced_town: Town, listener: Collector) -> None:
    asked, listener.slow = listener.asked, True
    try:
        openid = await traced_town.create_customer("o-traced-slow")
        texts = [f"什么时候发货 {number}" for number in range(3)]
        for text in texts:
            assert (await traced_town.customer(openid, "say", {"text": text}))["accepted"]
        await eventually(lambda: traced_town.settled(openid))
        await eventually(lambda: listener.asked > asked)
        await Books(traced_town).check([openid], {openid: texts})
    finally:
        listener.slow = False
