"""Vendors' pushes over HTTP: what is answered, what is published, and what is kept beside the conversations."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.bus.connection import linked
from shared.conversation.content import Text
from shared.conversation.facts import AnyFact
from shared.conversation.vendor_facts import Ended, Said, Started, VendorPushed
from shared.store.driver import Database
from tests.console.relay import relay
from tests.gateway.zhima_edge import (
    CONVERSATION,
    DEVELOPER_TOKEN,
    OPENID,
    QUEUES,
    ZhimaEdge,
    account,
    register,
    zhima_edge,
)
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import ACCOUNT, APP_ID
from tests.wechat.builders import plain_query

STARTED = {
    "Event": "system_notify_in_receive",
    "StaffName": "小芝",
    "ToUserName": OPENID,
    "FromUserName": 799533513,
    "ChatSessionId": "20211",
    "MsgId": "652cf22e7a3ca",
    "CreateTime": 1697444398,
}
ENDED = {**STARTED, "Event": "system_notify_out_receive", "MsgId": "652cf22e7a3cb"}
TAKEN = (200, "success")


def counted(status: int, vendor: str = "zhima") -> float:
    labels = {"vendor": vendor, "status": str(status)}
    return REGISTRY.get_sample_value("gateway_vendor_pushes_total", labels) or 0.0


async def known(database: Database, conversation: str = CONVERSATION) -> None:
    await database["conversations"].insert_one({"_id": conversation, "app_id": APP_ID, "version": 1})


def pushed(facts: list[AnyFact]) -> list[VendorPushed]:
    return [fact for fact in facts if isinstance(fact, VendorPushed)]


async def kept(database: Database) -> list[dict[str, Any]]:
    return await database["vendor_pushes"].find({}, sort=[("_id", 1)])


async def test_a_push_becomes_a_fact_of_its_conversation(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await known(database)
    before = counted(200)
    async with zhima_edge(environment, database) as edge:
        assert await edge.tell(STARTED) == TAKEN
        (fact,) = pushed(await edge.facts(1))
    assert (fact.conversation_id, fact.app_id, fact.account) == (CONVERSATION, APP_ID, ACCOUNT)
    assert fact.cause == f"v:{ACCOUNT}:652cf22e7a3ca"
    assert isinstance(fact.event, Started)
    assert fact.occurred_at.timestamp() == 1697444398
    assert counted(200) == before + 1


async def test_a_repeat_is_the_same_fact_and_each_is_acknowledged(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    await known(database)
    async with zhima_edge(environment, database) as edge:
        for body in (STARTED, ENDED, STARTED):
            assert await edge.tell(body) == TAKEN
        facts = pushed(await edge.facts(3))
    assert len({fact.id for fact in facts}) == 2
    assert sum(isinstance(fact.event, Ended) for fact in facts) == 1


async def test_what_staff_said_is_told_with_the_note_that_it_was_said(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    await known(database)
    said = {**STARTED, "Event": None, "MsgType": "text", "Content": "您好", "StaffId": 126}
    async with zhima_edge(environment, database) as edge:
        assert await edge.tell(said) == TAKEN
        (fact,) = pushed(await edge.facts(1))
    assert isinstance(fact.event, Said)
    assert fact.event.reported
    assert fact.event.parts == (Text(text="您好"),)


async def test_the_customers_own_words_are_acknowledged_and_nothing_more(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    async with zhima_edge(environment, database) as edge:
        echo = {"MsgType": "text", "Content": "你好", "FromUserName": OPENID, "ToUserName": "gh_1"}
        assert await edge.tell(echo) == TAKEN
    assert await kept(database) == []


@pytest.mark.parametrize(
    "body", [STARTED, {"Event": "system_notify_new", "MsgId": 9}, {**STARTED, "ToUserName": "gh_97417a04a28d"}]
)
async def test_what_is_about_nobody_we_know_is_kept_as_it_came(
    environment: dict[str, str], database: Database, body: dict[str, Any]
) -> None:
    await register(database, account())
    async with zhima_edge(environment, database) as edge:
        for _ in range(2):
            assert await edge.tell(body) == TAKEN
    (doc,) = await kept(database)
    assert (doc["vendor"], doc["account"]) == ("zhima", ACCOUNT)
    assert str(body["MsgId"]) in doc["body"]
    indexes = await database["vendor_pushes"]._raw.index_information()
    assert [one["expireAfterSeconds"] for one in indexes.values() if "expireAfterSeconds" in one] == [30 * 86_400]


@pytest.mark.parametrize(
    ("changes", "path", "status"),
    [
        ({}, "/vendors/zhima/nobody", 404),
        ({}, f"/vendors/qiyu/{ACCOUNT}", 404),
        ({}, f"/vendors/udesk/{ACCOUNT}", 404),
        ({"enabled": False}, f"/vendors/zhima/{ACCOUNT}", 404),
        ({"settings": {"developer_auth": "none"}}, f"/vendors/zhima/{ACCOUNT}", 403),
        ({"secrets": {"developer_token": "another"}}, f"/vendors/zhima/{ACCOUNT}", 403),
        ({"settings": {"reply_path": "carrier pigeon"}}, f"/vendors/zhima/{ACCOUNT}", 503),
    ],
)
async def test_what_is_not_taken_is_told_nothing(
    environment: dict[str, str], database: Database, changes: dict[str, Any], path: str, status: int
) -> None:
    await register(database, account(**changes))
    async with zhima_edge(environment, database) as edge:
        query = plain_query(token=DEVELOPER_TOKEN)
        assert await edge.post(path, STARTED, query=query) == (status, "")
    assert await kept(database) == []


async def test_who_proves_nothing_is_told_nothing_and_no_reason(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    before = counted(403)
    async with zhima_edge(environment, database) as edge:
        with capture_logs() as logs:
            assert await edge.tell(STARTED, token="guessed") == (403, "")
            assert await edge.post(f"/vendors/zhima/{ACCOUNT}", STARTED) == (403, "")
    assert [log["status"] for log in logs if log["event"] == "vendor_push_refused"] == [403, 403]
    assert counted(403) == before + 2


async def test_what_is_genuine_and_makes_no_sense(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    async with zhima_edge(environment, database) as edge:
        assert await edge.tell(b"not json") == (400, "")
        assert await edge.tell(b"{}" + b" " * 70_000) == (413, "")
        async with edge.session.put(f"{edge.url}/vendors/zhima/{ACCOUNT}") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_a_body_that_does_not_arrive_is_not_waited_for(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    async with zhima_edge(environment, database, BODY_SECONDS="0.2") as edge:
        host, _, port = edge.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST /vendors/zhima/{ACCOUNT} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{{".encode())
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        await writer.wait_closed()


async def test_a_secret_address_is_a_proof_where_it_is_set(environment: dict[str, str], database: Database) -> None:
    key = "p" * 32
    by_path = {"developer_auth": "path_secret", "ip_allow": ["192.0.2.0/24"]}
    await register(database, account(settings=by_path, secrets={"developer_key": key}))
    await known(database)
    async with zhima_edge(environment, database, FORWARDED_HOPS=1) as edge:
        there, here = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7"}, {"X-Forwarded-For": "192.0.2.7, 203.0.113.9"}
        assert await edge.post(f"/vendors/zhima/{ACCOUNT}/{key}", STARTED, headers=there) == TAKEN
        assert await edge.post(f"/vendors/zhima/{ACCOUNT}/{key}", STARTED, headers=here) == (403, "")
        assert await edge.post(f"/vendors/zhima/{ACCOUNT}/{key[1:]}", STARTED, headers=there) == (403, "")
        assert await edge.post(f"/vendors/zhima/{ACCOUNT}", STARTED, headers=there) == (403, "")


async def test_what_no_queue_took_is_spooled_and_acknowledged(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await known(database)
    async with zhima_edge(environment, database) as edge:
        async with linked(edge.amqp_url, "breaks") as link:
            await link.wait_connected()
            channel = await link.channel()
            for queue in QUEUES:
                opened = await channel.declare_queue(queue, passive=True)
                await opened.unbind("wx.conversation", queue)
        assert await edge.tell(STARTED) == TAKEN
    assert await database["spool"].count({}) == 1


class StopOnce:
    """The process ends right after the broker's word, once: the vendor hears nothing, and pushes again."""

    stopped = False

    async def __call__(self, name: str) -> None:
        if name == "confirmed" and not self.stopped:
            self.stopped = True
            raise ConnectionResetError


async def test_stopped_before_the_answer_the_repeat_is_the_same_fact(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    await known(database)
    async with zhima_edge(environment, database, step=StopOnce()) as edge:
        assert (await edge.tell(STARTED))[0] == 500
        assert await edge.tell(STARTED) == TAKEN
        first, second = await edge.facts(2)
    assert first.id == second.id


async def test_without_mongodb_the_account_itself_says_whose_app_it_is(
    environment: dict[str, str], database: Database, mongo_url: str
) -> None:
    """Only what has no conversation waits then, for it must be kept."""
    await register(database, account())
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way:
        async with zhima_edge({**environment, "MONGO_URL": way.url}, database, LOOKUP_SECONDS="0.3") as edge:
            way.hold()
            assert await edge.tell(STARTED) == TAKEN
            assert await edge.tell({**STARTED, "ToUserName": "gh_1"}) == (503, "")
            (fact,) = pushed(await edge.facts(1))
            way.let_go()

            async def kept_at_last() -> bool:
                return await edge.tell({**STARTED, "ToUserName": "gh_1"}) == TAKEN

            await eventually(kept_at_last)
        way.let_go()
    assert fact.conversation_id == CONVERSATION
    assert len(await kept(database)) == 1


async def test_no_log_holds_what_was_said(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    await known(database)

    async def everything(edge: ZhimaEdge) -> None:
        await edge.tell({**STARTED, "Event": None, "MsgType": "text", "Content": "悄悄话", "StaffId": 126})
        await edge.tell({**STARTED, "MsgType": "voice", "StaffId": 126, "Content": "悄悄话"})
        await edge.tell(STARTED, token="guessed-secret")

    async with zhima_edge(environment, database) as edge:
        with capture_logs() as logs:
            await everything(edge)
    assert len(logs) >= 3
    for hidden in ("悄悄话", "小芝", DEVELOPER_TOKEN, "guessed-secret", OPENID):
        assert hidden not in str(logs)
