"""Pushes of a vendor whose account serves any app: the conversation alone says whose it is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.gateway.known_conversations import KnownConversations
from shared.conversation.content import Text
from shared.conversation.vendor_facts import Said, VendorPushed
from shared.store.driver import Database
from shared.vendors.qiyu.signing import checksum
from tests.console.relay import relay
from tests.gateway.zhima_edge import ZhimaEdge, register, zhima_edge
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import SECRET, UID, qiyu_account
from tests.vendors.zhima_receiver import APP_ID

PATH = "/vendors/qiyu/qiyu-1"
MSG = {
    "uid": UID,
    "content": "您好",
    "staffId": 143,
    "timeStamp": 1463216914316,
    "staffName": "小鱼",
    "msgId": "8ca1c9fb30c40aa6cc390844e2756fac",
    "msgType": "TEXT",
}


async def tell(edge: ZhimaEdge, body: dict[str, Any], *, secret: str = SECRET) -> tuple[int, str]:
    """As Qiyu signs it."""
    raw, time = json.dumps(body, ensure_ascii=False).encode(), str(int(datetime.now(UTC).timestamp()))
    query = {"eventType": "MSG", "time": time, "checksum": checksum(secret, raw, time)}
    return await edge.post(PATH, raw, query=query)


async def known(database: Database, conversation: str = UID) -> None:
    await database["conversations"].insert_one({"_id": conversation, "app_id": APP_ID, "version": 1})


async def test_the_app_is_that_of_the_conversation(environment: dict[str, str], database: Database) -> None:
    await register(database, qiyu_account())
    await known(database)
    async with zhima_edge(environment, database) as edge:
        assert await tell(edge, MSG) == (200, ""), "anything in the answer is a failure to Qiyu"
        (fact,) = await edge.facts(1)
    assert isinstance(fact, VendorPushed)
    assert (fact.app_id, fact.conversation_id, fact.account) == (APP_ID, UID, "qiyu-1")
    assert fact.cause == "v:qiyu-1:msg-8ca1c9fb30c40aa6cc390844e2756fac"
    assert isinstance(fact.event, Said)
    assert fact.event.parts == (Text(text="您好"),)


async def test_of_no_conversation_of_ours_it_is_kept_and_acknowledged(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, qiyu_account())
    async with zhima_edge(environment, database) as edge:
        assert await tell(edge, MSG) == (200, "")
        assert await tell(edge, {**MSG, "uid": "somebody", "msgId": "m2"}) == (200, "")
        docs = await database["vendor_pushes"].find({}, sort=[("_id", 1)])
        assert [doc["_id"] for doc in docs] == ["qiyu-1:msg-8ca1c9fb30c40aa6cc390844e2756fac", "qiyu-1:msg-m2"]
        await known(database)
        assert await tell(edge, {**MSG, "msgId": "m3"}) == (200, "")
        (fact,) = await edge.facts(1)
    assert fact.cause == "v:qiyu-1:msg-m3", "that there was none is not remembered"


async def test_who_proves_nothing(environment: dict[str, str], database: Database) -> None:
    await register(database, qiyu_account())
    await known(database)
    async with zhima_edge(environment, database) as edge:
        assert await tell(edge, MSG, secret="guessed") == (403, "")
        assert await edge.post(PATH, MSG) == (403, "")


async def test_while_nobody_can_say_whose_it_is_qiyu_is_to_come_again(
    environment: dict[str, str], database: Database, mongo_url: str
) -> None:
    await register(database, qiyu_account())
    await known(database)
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way:
        async with zhima_edge({**environment, "MONGO_URL": way.url}, database, LOOKUP_SECONDS="0.3") as edge:
            way.hold()
            assert await tell(edge, MSG) == (503, "")
            way.let_go()

            async def taken() -> bool:
                return await tell(edge, MSG) == (200, "")

            await eventually(taken)
            way.hold()
            assert await tell(edge, {**MSG, "msgId": "m2"}) == (200, ""), "it is remembered whose it is"
            way.let_go()
        way.let_go()


@pytest.mark.parametrize("most", [1, 2])
async def test_only_the_last_conversations_are_remembered(database: Database, most: int) -> None:
    known_ones = KnownConversations(database, answer_seconds=10, remembered=most)
    for name in ("a", "b", "c"):
        await known(database, name)
        assert await known_ones.app_of(name) == APP_ID
    await database["conversations"].delete_many({})
    remembered = [name for name in ("a", "b", "c") if await known_ones.app_of(name)]
    assert remembered == ["a", "b", "c"][-most:]
