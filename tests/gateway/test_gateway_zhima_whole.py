"""From WeChat's push to Zhima: gateway, router and sender on real servers, and a server in Zhima's place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.ports import free_port
from services.sender.app import sender
from services.sender.settings import SenderSettings
from shared.store.driver import Database
from tests.gateway.zhima_edge import OPENID, ZhimaEdge, account, register, zhima_town
from tests.support.services import told
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import APP_ID, Receiver, receiver
from tests.wechat.builders import plain_query

HEAD = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
ENTERED = (
    f"{HEAD}<CreateTime>1753862400</CreateTime>\n<MsgType><![CDATA[event]]></MsgType><Event>user_enter_tempsession</Event>"
    '<SessionFrom><![CDATA[{"kefu":["126"],"tag_id":7}]]></SessionFrom></xml>'
)


def said(number: int, words: str) -> str:
    return (
        f"{HEAD}<CreateTime>{1753862400 + number}</CreateTime><MsgType>text</MsgType><Later><a>1</a></Later>"
        f"<Content><![CDATA[{words}]]></Content><MsgId>{24912345678901000 + number}</MsgId></xml>"
    )


@asynccontextmanager
async def way(
    environment: dict[str, str], database: Database, **bridge: object
) -> AsyncIterator[tuple[ZhimaEdge, Receiver]]:
    async with receiver() as zhima:
        whole = account(secrets={"push_url": zhima.url})
        await register(database, whole.but(bridge=whole.bridge.but(**bridge)))
        nobody = f"http://127.0.0.1:{free_port()}"
        sending = told(SenderSettings, environment, WECHAT_API_BASE=nobody)
        async with zhima_town(environment, database) as edge, sender(sending):
            yield edge, zhima


async def push(edge: ZhimaEdge, body: str) -> None:
    assert await edge.post(f"/wechat/{APP_ID}", body.encode(), query=plain_query()) == (200, "success")


async def states(edge: ZhimaEdge) -> list[str]:
    """How each of the customer's messages was passed on."""
    return [message.delivery.state for message in await edge.messages("customer") if message.delivery]


async def test_what_wechat_pushed_arrives_byte_for_byte_and_in_order(
    environment: dict[str, str], database: Database
) -> None:
    pushes = [ENTERED, *(said(number, f"第{number}句 <b>&") for number in range(1, 6))]
    async with way(environment, database) as (edge, zhima):
        for body in pushes:
            await push(edge, body)
        await eventually(lambda: len(zhima.arrived) == len(pushes))
        assert [one.body.decode() for one in zhima.arrived] == pushes

        async def all_taken() -> bool:
            return await states(edge) == ["sent"] * len(pushes)

        await eventually(all_taken)


async def test_what_it_does_not_take_is_given_again_the_same(environment: dict[str, str], database: Database) -> None:
    async with way(environment, database, patience_seconds=120) as (edge, zhima):
        zhima.answers = [(500, ""), None, (200, "busy")]
        await push(edge, said(1, "你好"))
        await push(edge, said(2, "在吗"))
        await eventually(lambda: len(zhima.arrived) == 5)
        bodies = [one.body.decode() for one in zhima.arrived]
        assert bodies == [said(1, "你好")] * 4 + [said(2, "在吗")]
        assert len({one.query["nonce"] for one in zhima.arrived}) == 5

        async def all_taken() -> bool:
            return await states(edge) == ["sent", "sent"]

        await eventually(all_taken)


async def test_where_its_address_is_wrong_the_session_is_our_agents(
    environment: dict[str, str], database: Database
) -> None:
    async with way(environment, database) as (edge, zhima):
        zhima.answers = [(404, "")]
        await push(edge, said(1, "你好"))

        async def waiting() -> bool:
            session = (await edge.conversation()).session if await edge.messages("customer") else None
            return session is not None and session.state == "waiting"

        await eventually(waiting)
        session = (await edge.conversation()).session
        assert session is not None
        assert len(session.unanswered) == 1, "whoever takes it has to answer it"


async def test_what_came_as_json_reaches_it_as_xml(environment: dict[str, str], database: Database) -> None:
    async with way(environment, database) as (edge, zhima):
        await edge.write(7, "你好 <b>")
        await eventually(lambda: len(zhima.arrived) == 1)
    body = zhima.arrived[0].body.decode()
    assert body.startswith("<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>")
    assert "<Content><![CDATA[你好 <b>]]></Content><MsgId>7</MsgId>" in body
