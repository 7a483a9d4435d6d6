"""The gateway's answers, over HTTP, against docs/interfaces.md; what it publishes, from the queue."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from cryptography.fernet import Fernet
from pydantic import SecretStr
from wechatpy.crypto import WeChatCrypto

from deploy.local.ports import free_port
from services.gateway.app import gateway
from services.gateway.settings import GatewaySettings
from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.clock import real_now
from shared.contracts import decode_fact
from shared.conversation.content import Card, Event, Image, Text, Unsupported
from shared.conversation.facts import AnyFact, CustomerDeleted, CustomerEntered, EventReceived, MessageReceived
from shared.conversation.ids import conversation_id
from shared.lifecycle import Background
from shared.store.apps import App, AppStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from tests.support.services import KEYS, told
from tests.support.waiting import eventually
from tests.wechat.builders import AES_KEY, APP_ID, FIXTURES, OTHER_AES_KEY, TEXT, TOKEN, plain_query, sealed_push

Answer = tuple[int, str]
QUEUES = ("router.v1.p00", "router.v1.p01")
OPENID = str(TEXT["FromUserName"])


@dataclass
class Edge:
    """A running gateway, spoken to as WeChat would."""

    url: str
    session: ClientSession
    amqp_url: str

    async def post(self, query: dict[str, str], body: bytes, app_id: str = APP_ID) -> Answer:
        async with self.session.post(f"{self.url}/wechat/{app_id}", params=query, data=body) as answer:
            return answer.status, await answer.text()

    async def facts(self, count: int) -> list[AnyFact]:
        """That many facts, as a router would get them."""
        found: list[AnyFact] = []

        async def take(batch: list[Received]) -> None:
            found.extend(decode_fact(one.body) for one in batch)

        async with linked(self.amqp_url, "looks") as link, Background() as background:
            consumers = [PartitionConsumer(link, queue, take, always) for queue in QUEUES]
            async with consuming(background, consumers):
                await eventually(lambda: len(found) >= count)
        return found

    async def published(self) -> int:
        """How many facts wait in the queues."""
        async with linked(self.amqp_url, "counts") as link:
            await link.wait_connected()
            channel = await link.channel()
            opened = [await channel.declare_queue(queue, passive=True) for queue in QUEUES]
            return sum(queue.declaration_result.message_count or 0 for queue in opened)


async def always() -> bool:
    return True


def app(**changes: Any) -> App:
    secrets = {"secret": SecretStr("s"), "token": SecretStr(TOKEN), "aes_key": SecretStr(AES_KEY)}
    return App(**{"app_id": APP_ID, "name": "店", **secrets, **changes})


@pytest.fixture
async def edge(environment: dict[str, str], database: Database) -> AsyncIterator[Edge]:
    apps = AppStore(database, Sealer([KEYS]))
    await apps.add(app())
    await apps.add(app(app_id="wxplain000000001", mode="plain", format="xml"))
    await apps.add(app(app_id="wxdisabled000001", enabled=False))
    await apps.add(
        app(app_id="wxrotated0000001", aes_key=SecretStr(OTHER_AES_KEY), previous_aes_key=SecretStr(AES_KEY))
    )
    port = free_port()
    settings = told(GatewaySettings, environment, GATEWAY_PORT=port, BODY_SECONDS="0.2")
    async with gateway(settings), ClientSession() as session:
        yield Edge(f"http://127.0.0.1:{port}", session, environment["AMQP_URL"])


def push(**fields: Any) -> tuple[dict[str, str], bytes]:
    return sealed_push(json.dumps({**TEXT, **fields}).encode())


async def test_a_genuine_push_is_success_in_the_clear_and_one_fact(edge: Edge) -> None:
    assert await edge.post(*push()) == (200, "success")
    (fact,) = await edge.facts(1)
    assert isinstance(fact, MessageReceived)
    assert fact.conversation_id == conversation_id(APP_ID, OPENID)
    assert (fact.cause, fact.msg_id, fact.content) == ("m:24912345678901234", "24912345678901234", Text(text="你好"))


async def test_a_token_before_a_change_proves_pushes_until_its_end(
    edge: Edge, environment: dict[str, str], database: Database
) -> None:
    apps = AppStore(database, Sealer([KEYS]))
    names = {"wxnewtoken000001": timedelta(hours=1), "wxnewtoken000002": -timedelta(hours=1)}
    for name, left in names.items():
        until = real_now() + left
        fields = {"previous_token": SecretStr(TOKEN), "previous_until": until}
        await apps.add(app(app_id=name, mode="plain", token=SecretStr("newtoken"), **fields))
    port = free_port()
    async with gateway(told(GatewaySettings, environment, GATEWAY_PORT=port)):
        url = f"http://127.0.0.1:{port}/wechat"
        for name, status in (("wxnewtoken000001", 200), ("wxnewtoken000002", 403)):
            query = {**plain_query(), "echostr": "e"}
            async with edge.session.get(f"{url}/{name}", params=query) as answer:
                assert answer.status == status
            async with edge.session.post(f"{url}/{name}", params=query, data=json.dumps(TEXT)) as answer:
                assert answer.status == status


async def test_the_same_push_again_is_the_same_fact(edge: Edge) -> None:
    await edge.post(*push())
    await edge.post(*push())
    first, second = await edge.facts(2)
    assert first.id == second.id


@pytest.mark.parametrize(
    ("fields", "kind", "content"),
    [
        ({"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/1", "MediaId": "m1"}, MessageReceived, Image),
        ({"MsgType": "miniprogrampage", "Title": "衬衫", "PagePath": "pages/a?id=1"}, MessageReceived, Card),
        ({"MsgType": "video", "MediaId": "m1"}, MessageReceived, Unsupported),
        ({"MsgType": "event", "Event": "user_enter_tempsession", "SessionFrom": "x"}, CustomerEntered, None),
        ({"MsgType": "event", "Event": "debug_demo", "debug_str": "x"}, EventReceived, Event),
    ],
)
async def test_each_kind_of_push_is_its_own_fact(edge: Edge, fields: dict[str, str], kind: type, content: Any) -> None:
    assert await edge.post(*push(**fields)) == (200, "success")
    (fact,) = await edge.facts(1)
    assert isinstance(fact, kind)
    if content is not None:
        assert isinstance(getattr(fact, "content", None) or getattr(fact, "event", None), content)


async def test_half_an_emoji_arrives_as_a_replacement_character(edge: Edge) -> None:
    body = json.dumps({**TEXT, "Content": "x"}).replace('"x"', '"\\ud83d!"').encode()
    assert await edge.post(*sealed_push(body)) == (200, "success")
    (fact,) = await edge.facts(1)
    assert isinstance(fact, MessageReceived)
    assert fact.content == Text(text="\ufffd!")


async def test_a_push_built_by_an_independent_library_is_accepted(edge: Edge) -> None:
    sealed = WeChatCrypto(TOKEN, AES_KEY, APP_ID).encrypt_message(json.dumps(TEXT), "nonce", "1753862401")
    encrypted = sealed.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signed = sealed.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    query = {"timestamp": "1753862401", "nonce": "nonce", "msg_signature": signed, "encrypt_type": "aes"}
    assert await edge.post(query, json.dumps({"ToUserName": "gh", "Encrypt": encrypted}).encode()) == (200, "success")


async def test_a_push_sealed_with_the_previous_key_is_accepted(edge: Edge) -> None:
    query, body = sealed_push(json.dumps(TEXT).encode(), app_id="wxrotated0000001")
    assert await edge.post(query, body, "wxrotated0000001") == (200, "success")


@pytest.mark.parametrize("name", ["bad_msg_signature", "bad_padding_or_garbage", "plaintext_when_secure_configured"])
async def test_what_cannot_be_proved_is_403_and_says_nothing(edge: Edge, name: str) -> None:
    request = json.loads((FIXTURES / "negative" / f"{name}.json").read_text())
    assert await edge.post(request["query"], request["body"].encode()) == (403, "")
    assert await edge.published() == 0


async def test_a_dtd_in_a_genuine_push_is_400(edge: Edge) -> None:
    request = json.loads((FIXTURES / "negative" / "xxe_plain.json").read_text())
    assert await edge.post(plain_query(), request["body"].encode(), "wxplain000000001") == (400, "")


@pytest.mark.parametrize("body", [b"", b"[]", b"{not json", b'{"MsgType":"text"}', b'{"FromUserName":"o"}'])
async def test_genuine_nonsense_is_400(edge: Edge, body: bytes) -> None:
    assert await edge.post(*sealed_push(body)) == (400, "")


async def test_an_app_whose_secrets_cannot_be_read_has_wechat_come_again(
    environment: dict[str, str], database: Database
) -> None:
    """It is ours to mend; and nothing can be proved by a secret that is not known."""
    await AppStore(database, Sealer([Fernet.generate_key().decode()])).add(app())
    await AppStore(database, Sealer([KEYS])).add(app(app_id="wxwhole000000001"))
    port, saving = free_port(), {**plain_query(), "echostr": "x"}
    async with gateway(told(GatewaySettings, environment, GATEWAY_PORT=port)), ClientSession() as session:
        edge = Edge(f"http://127.0.0.1:{port}", session, environment["AMQP_URL"])
        assert (await edge.post(*push()))[0] == 503
        async with session.get(f"{edge.url}/wechat/{APP_ID}", params=saving) as answer:
            assert answer.status == 503
        async with session.get(f"{edge.url}/wechat/wxwhole000000001", params=saving) as answer:
            assert (answer.status, await answer.text()) == (200, "x")
        assert await edge.published() == 0


@pytest.mark.parametrize("app_id", ["wxunknown0000001", "wxdisabled000001", "%2e%2e%2f"])
async def test_an_app_that_is_unknown_or_disabled_is_404(edge: Edge, app_id: str) -> None:
    assert (await edge.post(*push(), app_id))[0] == 404


async def test_more_than_64_kib_is_413(edge: Edge) -> None:
    assert (await edge.post(plain_query(), b"x" * 65_537))[0] == 413


async def test_other_methods_are_405(edge: Edge) -> None:
    async with edge.session.put(f"{edge.url}/wechat/{APP_ID}", data=b"") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


async def test_a_body_that_dribbles_in_is_408(edge: Edge) -> None:
    port = int(edge.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /wechat/{APP_ID} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx".encode())
    await writer.drain()
    assert b"408" in await reader.readline()
    writer.close()


async def test_wechats_check_of_the_address_is_answered_with_its_echo(edge: Edge) -> None:
    query = {**plain_query(), "echostr": "4375120948345356249"}
    async with edge.session.get(f"{edge.url}/wechat/{APP_ID}", params=query) as answer:
        assert (answer.status, await answer.text()) == (200, "4375120948345356249")
    async with edge.session.get(f"{edge.url}/wechat/{APP_ID}", params={**query, "signature": "0" * 40}) as answer:
        assert answer.status == 403


async def test_when_a_genuine_push_came_is_noted_on_the_app(edge: Edge, database: Database) -> None:
    await edge.post(*push())
    apps = AppStore(database, Sealer([KEYS]))

    async def noted() -> bool:
        found = await apps.get(APP_ID)
        return found is not None and found.verified_at is not None

    await eventually(noted)


async def test_a_changed_app_counts_at_once(edge: Edge, database: Database) -> None:
    """Announced or not, every gateway reads the settings again within ten seconds."""
    apps = AppStore(database, Sealer([KEYS]))
    stored = await apps.get(APP_ID)
    assert stored is not None
    await apps.save(stored.but(enabled=False))

    async def refused() -> bool:
        return (await edge.post(*push()))[0] == 404

    await eventually(refused)


async def test_what_no_queue_took_is_spooled(edge: Edge, database: Database) -> None:
    """A broker that answers, but has nowhere to put the push: MongoDB keeps it until there is a place."""
    async with linked(edge.amqp_url, "breaks") as link:
        await link.wait_connected()
        channel = await link.channel()
        for queue in QUEUES:
            opened = await channel.declare_queue(queue, passive=True)
            await opened.delete(if_unused=False, if_empty=False)
        query, body = push()
        async with edge.session.post(f"{edge.url}/wechat/{APP_ID}", params=query, data=body) as answer:
            assert (answer.status, await answer.text()) == (200, "success")
    assert await database["spool"].count({}) == 1


async def test_stopped_between_confirm_and_answer_the_repeat_is_the_same_fact(
    environment: dict[str, str], database: Database
) -> None:
    """The push is safe and WeChat does not know: it repeats, and nothing is doubled."""
    stops: list[str] = []

    async def stop_once(name: str) -> None:
        if not stops:
            stops.append(name)
            raise ConnectionResetError

    await AppStore(database, Sealer([KEYS])).add(app())
    port = free_port()
    async with gateway(told(GatewaySettings, environment, GATEWAY_PORT=port), stop_once), ClientSession() as session:
        edge = Edge(f"http://127.0.0.1:{port}", session, environment["AMQP_URL"])
        assert (await edge.post(*push()))[0] == 500
        assert await edge.post(*push()) == (200, "success")
        first, second = await edge.facts(2)
    assert (stops, first.id) == (["confirmed"], second.id)


async def test_who_gave_up_their_account_is_deleted_and_nobody_else(edge: Edge) -> None:
    """The push comes from a service of WeChat's; whom it is about is in OpenID, and of which app in AppID."""
    told = {"MsgType": "event", "Event": "user_authorization_cancellation", "FromUserName": "o-service", "MsgId": None}
    gone = push(**told, OpenID=OPENID, AppID=APP_ID)
    for body in (gone, gone, push(**told, OpenID=OPENID, AppID="wxanother0000001")):
        assert await edge.post(*body) == (200, "success")
    facts = await edge.facts(3)
    assert {fact.conversation_id for fact in facts} == {conversation_id(APP_ID, OPENID)}
    deletions = [fact for fact in facts if isinstance(fact, CustomerDeleted)]
    assert [fact.why for fact in deletions] == ["account_cancelled"] * 2
    assert len({fact.id for fact in deletions}) == 1
