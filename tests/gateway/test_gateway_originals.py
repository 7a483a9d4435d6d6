"""The push as WeChat wrote it travels with the fact, for apps with a Zhima account and for no other."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from services.gateway.facts import original_of
from shared.conversation.facts import AnyFact, CustomerEntered, EventReceived, MessageReceived
from shared.conversation.policy import Policy, with_bridges
from shared.store.driver import Database
from shared.vendors.zhima.wechat_body import body_of
from shared.wechat.crypto import MessageCipher, signature
from tests.gateway.zhima_edge import OPENID, ZhimaEdge, account, register, zhima_edge, zhima_town
from tests.support.vendors import bridge
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import APP_ID
from tests.wechat.builders import AES_KEY, RANDOM16, TOKEN, plain_query

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SAID = (
    f"<xml>\n<ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[{OPENID}]]></FromUserName>"
    "<CreateTime>1753862400</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 <b>]]></Content>"
    "<MsgId>24912345678901234</MsgId><Later>x</Later></xml>"
)
ENTERED = json.dumps(
    {
        "ToUserName": "gh_1",
        "FromUserName": OPENID,
        "CreateTime": 1753862400,
        "MsgType": "event",
        "Event": "user_enter_tempsession",
        "SessionFrom": '{"kefu": ["126"]}',
    },
    indent=1,
)
OTHER = json.dumps({"FromUserName": OPENID, "MsgType": "event", "Event": "later_kind", "CreateTime": 1753862400})


async def pushed(edge: ZhimaEdge, body: str) -> AnyFact:
    assert await edge.post(f"/wechat/{APP_ID}", body.encode(), query=plain_query()) == (200, "success")
    (fact,) = await edge.facts(1)
    return fact


async def test_messages_and_arrivals_carry_it_and_other_events_do_not(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, account())
    async with zhima_edge(environment, database) as edge:
        said, entered, other = [await pushed(edge, body) for body in (SAID, ENTERED, OTHER)]
    assert isinstance(said, MessageReceived)
    assert said.original == SAID
    assert isinstance(entered, CustomerEntered)
    assert entered.original == ENTERED
    assert isinstance(other, EventReceived)


@pytest.mark.parametrize(
    "changes", [None, {"enabled": False}, {"settings": {"app_id": "wxanother"}}, {"settings": {"format": "csv"}}]
)
async def test_without_a_zhima_account_that_serves_the_app_it_is_not_kept(
    environment: dict[str, str], database: Database, changes: dict[str, Any] | None
) -> None:
    await register(database, *([] if changes is None else [account(**changes)]))
    async with zhima_edge(environment, database) as edge:
        said = await pushed(edge, SAID)
    assert isinstance(said, MessageReceived)
    assert said.original is None


async def test_what_came_sealed_is_kept_in_the_clear(environment: dict[str, str], database: Database) -> None:
    await register(database, account(), format="xml", mode="compat", aes_key=SecretStr(AES_KEY))
    sealed = MessageCipher(AES_KEY, APP_ID).encrypt(SAID.encode(), RANDOM16)
    query = plain_query()
    query["msg_signature"] = signature(TOKEN, query["timestamp"], query["nonce"], sealed)
    envelope = f"<xml><Content>forged</Content><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    async with zhima_edge(environment, database) as edge:
        assert await edge.post(f"/wechat/{APP_ID}", envelope, query=query) == (200, "success")
        (fact,) = await edge.facts(1)
    assert isinstance(fact, MessageReceived)
    assert fact.original == SAID


async def test_it_is_in_the_history_for_whoever_passes_it_on(environment: dict[str, str], database: Database) -> None:
    await register(database, account())
    async with zhima_town(environment, database) as edge:
        assert await edge.post(f"/wechat/{APP_ID}", SAID.encode(), query=plain_query()) == (200, "success")

        async def arrived() -> bool:
            return len(await edge.messages("customer")) == 1

        await eventually(arrived)
        (message,) = await edge.messages("customer")
    assert body_of(message, openid=OPENID, app_id=APP_ID, wanted="xml") == SAID.encode()


def test_only_a_bridge_that_wants_originals_makes_them_kept() -> None:
    def served(*, wants: bool) -> Policy:
        return with_bridges(Policy(), [bridge("a", passes_originals=wants)])

    assert original_of(b"<xml/>", Policy()) is None
    assert original_of(b"<xml/>", served(wants=False)) is None
    assert original_of(b"\xef\xbb\xbf<xml>\xff</xml>", served(wants=True)) == "<xml>\ufffd</xml>"
