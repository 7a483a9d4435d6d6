"""Messages handed over to WeChat's official console: the answer, what the conversation is told, and when not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import REGISTRY
from pydantic import SecretStr
from wechatpy.crypto import WeChatCrypto

from deploy.local.ports import free_port
from services.gateway.app import gateway
from services.gateway.settings import GatewaySettings
from services.sandbox.wechat.envelopes import delivery
from services.sandbox.wechat.messages import PushMessage, entered, text
from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.contracts import decode_fact
from shared.conversation.commands import ArmHandover
from shared.conversation.facts import AnyFact, HandedToOfficial, MessageReceived
from shared.conversation.ids import conversation_id
from shared.conversation.policy import Policy
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.apps import App, AppStore
from shared.store.driver import Database
from shared.store.handovers import Armed, HandoverStore
from shared.store.sealing import Sealer
from shared.wechat.passive_reply import Transfer, open_reply
from shared.wechat.push import CallbackSettings
from shared.wechat.push_body import BodyFormat, read_body
from tests.console.relay import relay
from tests.support.services import KEYS, told
from tests.support.waiting import eventually
from tests.wechat.builders import AES_KEY, OTHER_AES_KEY, RANDOM16, TOKEN

QUEUES = ("router.v1.p00", "router.v1.p01")
APP_ID = "wxofficial000001"
GH_ID = "gh_97417a04a28d"
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
CONVERSATION = conversation_id(APP_ID, OPENID)
TO_CONSOLE = Policy(entry="official")
SUCCESS = (200, "text/plain", b"success")
CONTENT_TYPES = {"json": "application/json", "xml": "text/xml"}

Answer = tuple[int, str, bytes]


@dataclass
class Door:
    """A gateway to which WeChat pushes what the customer of an app does."""

    url: str
    session: ClientSession
    amqp_url: str
    settings: CallbackSettings

    async def push(self, message: PushMessage) -> Answer:
        sent = delivery(self.settings, message, timestamp=1753862401, nonce="417653341", random16=RANDOM16)
        url = f"{self.url}/wechat/{APP_ID}"
        async with self.session.post(url, params=sent.query, data=sent.body) as answer:
            return answer.status, answer.content_type, await answer.read()

    async def say(self, msg_id: int, words: str = "转官方") -> Answer:
        return await self.push(customer(text(msg_id, words), msg_id))

    def opened(self, answer: Answer) -> Transfer | None:
        """What WeChat makes of it."""
        assert answer[0] == 200
        return open_reply(self.settings, answer[2], to_user=GH_ID, openid=OPENID)

    async def facts(self, count: int) -> list[AnyFact]:
        """That many facts, as a router would get them; it gets no more."""
        found: list[AnyFact] = []

        async def take(batch: list[Received]) -> None:
            found.extend(decode_fact(one.body) for one in batch)

        async with linked(self.amqp_url, "looks") as link, Background() as background:
            consumers = [PartitionConsumer(link, queue, take, always) for queue in QUEUES]
            async with consuming(background, consumers):
                await eventually(lambda: len(found) >= count)
        assert len(found) == count
        return found


async def always() -> bool:
    return True


def customer(fields: Any, msg_id: int | None = None) -> PushMessage:
    return PushMessage(
        gh_id=GH_ID,
        openid=OPENID,
        created_at=1753862400,
        fields=fields,
        msg_id=None if msg_id is None else str(msg_id),
        string_ids=False,
    )


def app(**changes: Any) -> App:
    secrets = {"secret": SecretStr("s"), "token": SecretStr(TOKEN), "aes_key": SecretStr(AES_KEY)}
    return App(**{"app_id": APP_ID, "name": "店", **secrets, "policy": TO_CONSOLE, **changes})


def callback(mode: Any = "secure", form: BodyFormat = "json", aes_key: str = AES_KEY) -> CallbackSettings:
    return CallbackSettings(app_id=APP_ID, token=TOKEN, aes_key=aes_key, mode=mode, format=form)


@asynccontextmanager
async def door(
    environment: dict[str, str],
    *,
    step: Step = no_step,
    settings: CallbackSettings | None = None,
    handover_seconds: float = 2,
) -> AsyncIterator[Door]:
    """The app is registered already. A busy machine may take long to answer, and still counts as in time."""
    port = free_port()
    gateway_settings = told(GatewaySettings, environment, GATEWAY_PORT=port, HANDOVER_SECONDS=str(handover_seconds))
    async with gateway(gateway_settings, step), ClientSession() as session:
        yield Door(f"http://127.0.0.1:{port}", session, environment["AMQP_URL"], settings or callback())


async def register(database: Database, **changes: Any) -> None:
    await AppStore(database, Sealer([KEYS])).add(app(**changes))


async def arm(database: Database, number: int = 1, *, armed: bool = True) -> None:
    command = ArmHandover(conversation_id=CONVERSATION, app_id=APP_ID, trace_id="t", number=number, armed=armed)
    await HandoverStore(database).arm(command)


def counted(verdict: str) -> float:
    return REGISTRY.get_sample_value("gateway_handovers_total", {"verdict": verdict}) or 0.0


async def standing(database: Database) -> Armed | None:
    return await HandoverStore(database, answer_seconds=20).armed(CONVERSATION)


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
async def test_the_armed_message_is_answered_as_the_app_is_set(
    environment: dict[str, str], database: Database, mode: Any, form: BodyFormat
) -> None:
    await register(database, mode=mode, format=form)
    await arm(database)
    before = counted("handed_over")
    async with door(environment, settings=callback(mode, form)) as edge:
        answer = await edge.say(1)
        assert answer[1] == CONTENT_TYPES[form]
        assert edge.opened(answer) == Transfer(openid=OPENID, from_user=GH_ID)
        fields = read_body(answer[2], form)
        assert ("Encrypt" in fields) == (mode != "plain"), "sealed if it came sealed"
        received, handed = await edge.facts(2)
    assert isinstance(received, MessageReceived)
    assert isinstance(handed, HandedToOfficial)
    assert (handed.number, handed.msg_id, handed.cause) == (1, "1", "o:1:1")
    assert (handed.conversation_id, handed.trace_id) == (CONVERSATION, received.trace_id)
    assert await standing(database) == Armed(1, "1")
    assert counted("handed_over") == before + 1


async def test_an_independent_library_can_read_the_reply(environment: dict[str, str], database: Database) -> None:
    await register(database, format="xml")
    await arm(database)
    async with door(environment, settings=callback(form="xml")) as edge:
        _, _, body = await edge.say(1)
    envelope = read_body(body, "xml")
    signed = str(envelope["MsgSignature"]), str(envelope["TimeStamp"]), str(envelope["Nonce"])
    opened = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(body.decode(), *signed)
    said = read_body(opened.encode(), "xml")
    assert (said["ToUserName"], said["FromUserName"]) == (OPENID, GH_ID)
    assert said["MsgType"] == "transfer_customer_service"


async def test_what_came_sealed_with_the_previous_key_is_answered_with_it(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, aes_key=SecretStr(OTHER_AES_KEY), previous_aes_key=SecretStr(AES_KEY))
    await arm(database)
    async with door(environment, settings=callback(aes_key=AES_KEY)) as edge:
        assert edge.opened(await edge.say(1)) is not None


async def test_a_repeat_is_answered_alike_and_another_message_is_not(
    environment: dict[str, str], database: Database
) -> None:
    await register(database)
    await arm(database)
    async with door(environment) as edge:
        assert edge.opened(await edge.say(1)) is not None
        assert await edge.say(2) == SUCCESS
        assert edge.opened(await edge.say(1)) is not None
        told_of = await edge.facts(5)
    assert [fact.cause for fact in told_of] == ["m:1", "o:1:1", "m:2", "m:1", "o:1:1"]


async def test_the_next_number_takes_the_next_message(environment: dict[str, str], database: Database) -> None:
    await register(database)
    await arm(database)
    async with door(environment) as edge:
        await edge.say(1)
        await arm(database, 2)
        assert edge.opened(await edge.say(2)) is not None
        told_of = await edge.facts(4)
    assert [fact.cause for fact in told_of] == ["m:1", "o:1:1", "m:2", "o:2:2"]


async def test_events_are_never_handed_over(environment: dict[str, str], database: Database) -> None:
    await register(database)
    await arm(database)
    async with door(environment) as edge:
        assert await edge.push(customer(entered("商品页"))) == SUCCESS
        assert len(await edge.facts(1)) == 1
    assert await standing(database) == Armed(1), "it waits for the first message"


async def test_nothing_is_handed_over_unarmed_or_disarmed(environment: dict[str, str], database: Database) -> None:
    await register(database)
    async with door(environment) as edge:
        assert await edge.say(1) == SUCCESS
        await arm(database)
        await arm(database, armed=False)
        assert await edge.say(2) == SUCCESS
        assert [fact.cause for fact in await edge.facts(2)] == ["m:1", "m:2"]


async def test_where_no_session_can_get_there_nothing_is_asked(environment: dict[str, str], database: Database) -> None:
    """Settings may have changed since it was armed: then the app does not hand over any more."""
    await register(database, policy=Policy(entry="agents"))
    await arm(database)
    async with door(environment) as edge:
        assert await edge.say(1) == SUCCESS
        assert len(await edge.facts(1)) == 1
    assert await standing(database) == Armed(1)


async def test_a_message_without_an_id_is_known_by_its_cause(environment: dict[str, str], database: Database) -> None:
    await register(database)
    await arm(database)
    without = customer(tuple(field for field in text(1, "转官方") if "MsgId" not in field))
    async with door(environment) as edge:
        assert edge.opened(await edge.push(without)) is not None
        assert edge.opened(await edge.push(without)) is not None
        first, handed, again, handed_again = await edge.facts(4)
    assert isinstance(handed, HandedToOfficial)
    assert handed.msg_id == first.cause
    assert (first.id, handed.id) == (again.id, handed_again.id)


@pytest.mark.parametrize("how", ["away", "silent"])
async def test_without_mongodb_the_push_is_taken_and_not_handed_over(
    environment: dict[str, str], database: Database, mongo_url: str, how: str
) -> None:
    await register(database)
    await arm(database)
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way:
        async with door({**environment, "MONGO_URL": way.url}, handover_seconds=0.2) as edge:
            if how == "silent":
                way.hold()
            else:
                await way.cut()
            before = counted("unknown")
            assert await edge.say(1) == SUCCESS
            assert counted("unknown") == before + 1
            way.let_go()
            if how == "away":
                await way.mend()

            async def handed_over() -> bool:
                return edge.opened(await edge.say(2)) is not None

            await eventually(handed_over)
        way.let_go()
    assert await standing(database) == Armed(1, "2")


class StopOnce:
    """The process ends at one step, once: WeChat hears nothing, and pushes again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.seen: list[str] = []

    async def __call__(self, name: str) -> None:
        first = name not in self.seen
        self.seen.append(name)
        if name == self._name and first:
            raise ConnectionResetError


@pytest.mark.parametrize(
    ("stop", "published"),
    [("taken", []), ("confirmed", ["m:1"]), ("handed", ["m:1", "o:1:1"])],
)
async def test_stopped_at_any_step_the_repeat_is_handed_over(
    environment: dict[str, str], database: Database, stop: str, published: list[str]
) -> None:
    """Both are published before the answer; what was published already is the same fact again."""
    await register(database)
    await arm(database)
    step = StopOnce(stop)
    async with door(environment, step=step) as edge:
        assert (await edge.say(1))[0] == 500
        assert edge.opened(await edge.say(1)) is not None
        told_of = await edge.facts(len(published) + 2)
    assert [fact.cause for fact in told_of] == [*published, "m:1", "o:1:1"]
    assert step.seen[-4:] == ["taken", "confirmed", "confirmed", "handed"]


async def test_what_is_spooled_is_handed_over_too(environment: dict[str, str], database: Database) -> None:
    """Both are durable, one behind the other; the router hears of them when RabbitMQ takes them."""
    await register(database)
    await arm(database)
    async with door(environment) as edge:
        async with linked(edge.amqp_url, "breaks") as link:
            await link.wait_connected()
            channel = await link.channel()
            for queue in QUEUES:
                opened = await channel.declare_queue(queue, passive=True)
                await opened.unbind("wx.conversation", queue)
        assert edge.opened(await edge.say(1)) is not None
        assert await edge.say(2) == SUCCESS
    assert await standing(database) == Armed(1, "1")
    async with door(environment) as edge:
        assert [fact.cause for fact in await edge.facts(3)] == ["m:1", "o:1:1", "m:2"]
        assert edge.opened(await edge.say(1)) is not None
