"""Zhima's words to customers by way of us, in WeChat's terms: with a router that decides, and without one."""

import asyncio
import json
import random
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image as PillowImage
from yarl import URL

from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.clock import real_now
from shared.contracts import ShowTyping, decode_outbound
from shared.conversation.commands import CopyMedia, SendMessage
from shared.conversation.content import Card, Image, Link, Text
from shared.conversation.fact import MediaSource
from shared.conversation.policy import Policy
from shared.conversation.vendor_facts import Said, VendorPushed
from shared.lifecycle import Background
from shared.pictures import Picture
from shared.store.bridge_tokens import BridgeTokens
from shared.store.driver import Database
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.vendor_accounts import VendorAccount
from tests.gateway.zhima_edge import (
    CONVERSATION,
    OPENID,
    QUEUES,
    ZhimaEdge,
    account,
    always,
    register,
    zhima_edge,
    zhima_town,
)
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import ACCOUNT, APP_ID

PROXY = f"/vendors/zhima/{ACCOUNT}/wxproxy/cgi-bin"
SEND = f"{PROXY}/message/custom/send"
OK = {"errcode": 0, "errmsg": "ok"}


def png(width: int, height: int) -> bytes:
    """Of noise, the same each time, which no compression makes small."""
    out = BytesIO()
    noise = random.Random(width).randbytes(3 * width * height)
    PillowImage.frombytes("RGB", (width, height), noise).save(out, "PNG")
    return out.getvalue()


def proxied(**settings: Any) -> VendorAccount:
    return account(settings={"reply_path": "proxy", **settings})


async def token(database: Database) -> str:
    return await BridgeTokens(database).make(ACCOUNT, real_now())


class Zhima:
    """Its side: it has fetched a token, and calls what it believes to be WeChat."""

    def __init__(self, edge: ZhimaEdge, access_token: str) -> None:
        self._edge = edge
        self._token = access_token

    async def call(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        status, text = await self._edge.post(path, body, query={"access_token": self._token}, headers=headers)
        assert status == 200
        answer: dict[str, Any] = json.loads(text)
        return answer

    async def code(self, path: str, body: Any, **headers: str) -> int:
        return int((await self.call(path, body, **headers))["errcode"])

    async def say(self, words: str, **headers: str) -> int:
        return await self.code(SEND, said(words), **headers)

    async def upload(self, content: bytes, *, kind: str = "image", field: str = "media") -> dict[str, Any]:
        form = FormData()
        form.add_field(field, BytesIO(content), filename="a.png", content_type="image/png")
        query = {"access_token": self._token, "type": kind}
        async with self._edge.session.post(f"{self._edge.url}{PROXY}/media/upload", params=query, data=form) as answer:
            told: dict[str, Any] = await answer.json()
            return told

    async def picture(self, media_id: str) -> bytes | int:
        query = {"access_token": self._token, "media_id": media_id}
        async with self._edge.session.get(f"{self._edge.url}{PROXY}/media/get", params=query) as answer:
            return (
                int((await answer.json())["errcode"])
                if answer.content_type == "application/json"
                else await answer.read()
            )


def said(words: str, **more: Any) -> dict[str, Any]:
    return {"touser": OPENID, "msgtype": "text", "text": {"content": words}, **more}


async def outbound(edge: ZhimaEdge, count: int) -> list[Any]:
    """So many commands, as the sender would get them."""
    found: list[Any] = []

    async def take(batch: list[Received]) -> None:
        found.extend(decode_outbound(one.body) for one in batch)

    async with linked(edge.amqp_url, "sends") as link, Background() as background:
        consumers = [PartitionConsumer(link, f"sender.v1.p{n:02}", take, always) for n in range(2)]
        async with consuming(background, consumers):
            await eventually(lambda: len(found) >= count)
    return found


async def test_what_staff_say_is_sent_and_stands_in_the_history(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        answer = await zhima.call(SEND, said("您好", customservice={"kf_account": "小芝"}))
        assert answer == OK
        (message,) = await eventually(lambda: edge.messages("vendor"))
        sends = [one for one in await outbound(edge, 2) if isinstance(one, SendMessage)]
    assert message.content == Text(text="您好")
    assert (message.sender.id, message.sender.name) == (ACCOUNT, "小芝")
    assert [one.content for one in sends] == [Text(text="您好")]
    assert sends[0].openid == OPENID


async def test_a_request_repeated_under_its_id_is_said_once(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        for _ in range(3):
            assert await zhima.say("一次", **{"X-Request-Id": "r-1"}) == 0
        assert await zhima.say("一次", **{"X-Request-Id": "r-2"}) == 0
        assert await zhima.say("别的", **{"X-Request-Id": "r-1"}) == 40097, "that id stands for something else"
        assert len(await edge.messages("vendor")) == 2


async def test_the_same_words_at_once_are_said_once(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        alike = [zhima.say("两次"), zhima.say("两次"), zhima.say("三次")]
        assert await asyncio.gather(*alike) == [0, 0, 0]
        assert len(await edge.messages("vendor")) == 2


async def test_the_same_words_later_are_said_again(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        assert await zhima.say("在吗") == 0
        await database["vendor_sends"].update_many({}, {"$set": {"until": real_now() - timedelta(seconds=1)}})
        assert await zhima.say("在吗") == 0
        assert len(await edge.messages("vendor")) == 2


async def test_where_the_quota_is_used_up_wechats_own_code_says_so(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        assert [await zhima.say(f"第{n}句") for n in range(6)] == [0, 0, 0, 0, 0, 45047]
        assert await zhima.say("第5句") == 45047, "a repeat is told the same"
        states = [message.delivery.state for message in await edge.messages("vendor") if message.delivery]
    assert states == ["sending"] * 5 + ["discarded"]


async def test_a_customer_who_is_elsewhere_is_told_of_as_such(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied(), policy=Policy(entry="agents"))
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.write(1)
        await eventually(lambda: edge.messages("customer"))
        zhima = Zhima(edge, await token(database))
        assert await zhima.say("您好") == 65414
        typing = {"touser": OPENID, "command": "Typing"}
        assert await zhima.code(f"{PROXY}/message/custom/typing", typing) == 65414
        (shown,) = await eventually(lambda: edge.messages("vendor"))
    assert shown.delivery is not None
    assert shown.delivery.state == "discarded"


async def test_without_the_routers_word_it_is_to_come_again_and_means_the_same(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, proxied())
    await database["conversations"].insert_one(
        {"_id": CONVERSATION, "app_id": APP_ID, "openid": OPENID, "version": 1, "deleted_at": None}
    )
    async with zhima_edge(environment, database, VENDOR_VERDICT_SECONDS="0.2") as edge:
        zhima = Zhima(edge, await token(database))
        assert await zhima.say("您好") == -1
        held = await database["vendor_sends"].find_one({})
        assert held is not None
        assert held["until"] > real_now() + timedelta(seconds=30)
        assert await zhima.say("您好") == -1
        facts = [fact for fact in await edge.facts(2) if isinstance(fact, VendorPushed)]
    assert len({fact.id for fact in facts}) == 1
    assert all(isinstance(fact.event, Said) and not fact.event.reported for fact in facts)


async def test_what_could_not_be_published_is_to_come_again_and_means_the_same(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, proxied())
    await database["conversations"].insert_one(
        {"_id": CONVERSATION, "app_id": APP_ID, "openid": OPENID, "version": 1, "deleted_at": None}
    )
    async with zhima_edge(environment, database) as edge:
        async with linked(edge.amqp_url, "breaks") as link:
            await link.wait_connected()
            channel = await link.channel()
            for queue in QUEUES:
                opened = await channel.declare_queue(queue, passive=True)
                await opened.unbind("wx.conversation", queue)
        assert await Zhima(edge, await token(database)).say("您好") == -1
        held = await database["vendor_sends"].find_one({})
    assert held is not None
    assert held["until"] > real_now() + timedelta(seconds=30)


async def test_pictures_go_both_ways(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    large = png(400, 300)
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        uploaded = await zhima.upload(large)
        media_id = uploaded["media_id"]
        assert (uploaded["type"], await zhima.picture(media_id)) == ("image", large)
        assert await zhima.code(SEND, {"touser": OPENID, "msgtype": "image", "image": {"media_id": media_id}}) == 0
        (message,) = await eventually(lambda: edge.messages("vendor"))
    assert message.content == Image(media_id=media_id, width=400, height=300)
    owner = await MediaOwners(database).of(media_id)
    assert owner is not None
    assert owner.app_ids == {APP_ID}
    assert owner.uploaded_by == f"vendor:{ACCOUNT}"


async def test_a_customers_picture_is_had_by_wechats_id(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    media = MediaStore(database)
    source = MediaSource(media_id="ours", wechat_media_id="theirs", url="https://a.qpic.cn/1")
    copied = CopyMedia(
        conversation_id=CONVERSATION,
        app_id=APP_ID,
        trace_id="t",
        message_id="m",
        source=source,
        content=Image(media_id="ours"),
    )
    await media.want([copied], real_now())
    async with zhima_edge(environment, database) as edge:
        zhima = Zhima(edge, await token(database))
        assert await zhima.picture("theirs") == -1, "it is being copied"
        (copy,) = await media.claim_due(real_now(), 1)
        await media.store(copy, Picture(png(3, 2), "image/png", 3, 2), real_now())
        assert await zhima.picture("theirs") == png(3, 2)
        await media.told("ours")
        assert await zhima.picture("theirs") == png(3, 2)
        assert await zhima.picture("another") == 40007


async def test_a_picture_of_another_app_or_of_an_agent_is_not_theirs(
    environment: dict[str, str], database: Database
) -> None:
    await register(database, proxied())
    media, owners = MediaStore(database), MediaOwners(database)
    for name in ("agents", "elsewhere"):
        await media.add(name, png(3, 2))
        await owners.note_upload(name, "lina")
    await owners.note_sent("elsewhere", "c", "wxanother")
    await database["conversations"].insert_one(
        {"_id": CONVERSATION, "app_id": APP_ID, "openid": OPENID, "version": 1, "deleted_at": None}
    )
    async with zhima_edge(environment, database) as edge:
        zhima = Zhima(edge, await token(database))
        for name in ("agents", "elsewhere", "x" * 5000, ""):
            assert await zhima.picture(name) == 40007
            image = {"touser": OPENID, "msgtype": "image", "image": {"media_id": name or " "}}
            assert await zhima.code(SEND, image) == 40007


async def test_what_is_no_picture_is_not_taken(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_edge(environment, database) as edge:
        zhima = Zhima(edge, await token(database))
        assert (await zhima.upload(b"no picture"))["errcode"] == 40005
        assert (await zhima.upload(bytes(2_800_000)))["errcode"] == 40009
        assert (await zhima.upload(png(1, 1), kind="voice"))["errcode"] == 40004
        assert (await zhima.upload(png(1, 1), field="file"))["errcode"] == 41005
        assert await zhima.code(f"{PROXY}/media/upload", b"no form") == 41005


async def test_typing_is_shown(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_town(environment, database) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        for path in ("typing", "business/typing"):
            typing = {"touser": OPENID, "command": "Typing" if path == "typing" else "CancelTyping"}
            assert await zhima.call(f"{PROXY}/message/custom/{path}", typing) == OK
        shown = [one for one in await outbound(edge, 3) if isinstance(one, ShowTyping)]
    assert {(one.openid, one.typing) for one in shown} == {(OPENID, True), (OPENID, False)}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", 47001),
        (b"[]", 47001),
        ({}, 40003),
        ({"touser": "o" * 200, "msgtype": "text", "text": {"content": "x"}}, 40003),
        ({"touser": "nobody-we-know", "msgtype": "text", "text": {"content": "x"}}, 40003),
        ({"touser": OPENID, "msgtype": "voice", "voice": {"media_id": "x"}}, 40008),
        ({"touser": OPENID}, 40008),
        ({"touser": OPENID, "msgtype": "text", "text": "x"}, 44004),
        ({"touser": OPENID, "msgtype": "text", "text": {"content": " \n"}}, 44004),
        ({"touser": OPENID, "msgtype": "text", "text": {"content": "长" * 683}}, 45002),
        ({"touser": OPENID, "msgtype": "image", "image": {}}, 40007),
        ({"touser": OPENID, "msgtype": "link", "link": {"title": "T"}}, 40097),
        ({"touser": OPENID, "msgtype": "miniprogrampage", "miniprogrampage": {"title": "T", "pagepath": "p"}}, 40007),
        (b"{" + b" " * 70_000 + b"}", 47001),
    ],
)
async def test_what_wechat_would_not_take_we_do_not(
    environment: dict[str, str], database: Database, body: Any, code: int
) -> None:
    await register(database, proxied())
    await database["conversations"].insert_one(
        {"_id": CONVERSATION, "app_id": APP_ID, "openid": OPENID, "version": 1, "deleted_at": None}
    )
    async with zhima_edge(environment, database) as edge:
        assert await Zhima(edge, await token(database)).code(SEND, body) == code


async def test_odd_bytes_are_refused_as_anything_else(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    async with zhima_edge(environment, database) as edge:
        access_token = await token(database)
        paths = {
            f"{PROXY}/media/get?access_token={access_token}&media_id=%ff%00%f0": 40007,
            f"{PROXY}/media/get?access_token=%ff%00": 40001,
            f"{PROXY}/%ff/%00?access_token={access_token}": 40066,
        }
        for path, code in paths.items():
            async with edge.session.get(URL(f"{edge.url}{path}", encoded=True)) as answer:
                assert (answer.status, (await answer.json())["errcode"]) == (200, code)


async def test_who_may_call_at_all(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied(), account(account_id="direct"), proxied().but(account_id="off", enabled=False))
    stale = await BridgeTokens(database).make(ACCOUNT, real_now() - timedelta(hours=3))
    async with zhima_edge(environment, database) as edge:
        assert await Zhima(edge, "guessed").say("x") == 40001
        assert await Zhima(edge, stale).say("x") == 40001
        assert await Zhima(edge, "").say("x") == 41001
        for name in ("direct", "off", "nobody"):
            path = f"/vendors/zhima/{name}/wxproxy/cgi-bin/message/custom/send"
            assert await edge.post(path, said("x"), query={"access_token": "t"}) == (404, "")
        zhima = Zhima(edge, await token(database))
        assert await zhima.code(f"{PROXY}/wxa/business/getuserphonenumber", {}) == 40066
        assert await zhima.code(f"{PROXY}/media/get", {}) == 43001


async def test_only_from_the_named_addresses(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied(ip_allow=["192.0.2.0/24"]))
    async with zhima_edge(environment, database, FORWARDED_HOPS=1) as edge:
        zhima = Zhima(edge, await token(database))
        assert await zhima.say("x") == 40164
        assert await zhima.say("x", **{"X-Forwarded-For": "192.0.2.1"}) == 40003


async def test_links_and_cards(environment: dict[str, str], database: Database) -> None:
    await register(database, proxied())
    link = {"title": "T", "description": "D", "url": "https://x.cn", "thumb_url": "https://x.cn/p"}
    async with zhima_town(environment, database, VENDOR_VERDICT_SECONDS=20) as edge:
        await edge.with_zhima()
        zhima = Zhima(edge, await token(database))
        thumb = (await zhima.upload(png(3, 2)))["media_id"]
        card = {"title": "C", "pagepath": "p/1", "thumb_media_id": thumb}
        assert await zhima.code(SEND, {"touser": OPENID, "msgtype": "link", "link": link}) == 0
        labelled = {"touser": OPENID, "msgtype": "miniprogrampage", "miniprogrampage": card}
        assert await zhima.code(SEND, {**labelled, "aimsgcontext": {"is_ai_msg": 1}}) == 0

        async def both() -> bool:
            return len(await edge.messages("vendor")) == 2

        await eventually(both)
        contents = [message.content for message in await edge.messages("vendor")]
        ledger = (await edge.conversation()).ledger
    assert contents == [
        Link(title="T", description="D", url="https://x.cn"),
        Card(title="C", path="p/1", media_id=thumb),
    ]
    assert [one.machine for one in ledger.sends] == [False, True]
