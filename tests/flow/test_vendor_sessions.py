"""A customer served by Qiyu and by Zhima, from the first word to the grade, by every service and the sandbox."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.seed import APP_ID
from shared.conversation.content import Event
from shared.conversation.ids import conversation_id
from shared.conversation.model import Message, Session
from tests.flow.qiyu_desk import ACCOUNT, PATIENCE_SECONDS, QiyuDesk, switch
from tests.flow.town import PICTURE, Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def vendor_town(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
    }
    directory: Path = tmp_path_factory.mktemp("vendors")
    async with town(servers, directory) as made:
        await QiyuDesk(made).set_up(await made.log_in("admin", presence=None))
        yield made


async def session(town: Town, openid: str) -> Session | None:
    conversation = await town.conversation(openid)
    return conversation.session if conversation else None


async def comes_to(town: Town, openid: str, state: str, standing: str | None = None) -> Session:
    async def there() -> Session | None:
        found = await session(town, openid)
        if found is None or found.state != state:
            return None
        stands = found.bridging.standing if found.bridging else None
        return found if standing is None or stands == standing else None

    found = await eventually(there, PATIENCE_SECONDS)
    assert found is not None
    return found


async def relays(town: Town, openid: str) -> list[tuple[str, str]]:
    """The customer's texts, each with how it was passed on."""
    history = await town.history(openid)
    return [(_text(m), m.delivery.state) for m in history if m.direction == "inbound" and m.delivery is not None]


async def test_a_customers_whole_way_through_qiyu(vendor_town: Town) -> None:
    town, qiyu, openid = vendor_town, QiyuDesk(vendor_town), "o-qiyu-whole"
    uid = conversation_id(APP_ID, openid)
    await qiyu.configure(robot=False, greeting="您好，我是小鱼", staff=[{"id": 1, "name": "小鱼", "online": True}])
    admin = await town.log_in("admin", presence=None)
    await switch(admin, "vendor", ACCOUNT)
    await town.create_customer(openid)
    await town.customer(openid, "say", {"text": "第一句"})
    await town.customer(openid, "say", {"text": "第二句"})
    await town.sees(openid, "您好，我是小鱼")
    await qiyu.hears(openid, "第二句")
    assert (await qiyu.heard(openid))[-2:] == ["第一句", "第二句"]
    await qiyu.does(openid, "say", text="请讲")
    await town.sees(openid, "请讲")
    await qiyu.does(openid, "close")
    closed = await comes_to(town, openid, "closed")
    assert closed.reason == "vendor_closed"
    await town.sees(openid, "1 ")
    await town.customer(openid, "say", {"text": "1"})

    async def graded() -> Any:
        return [(one["uid"], one["value"]) for one in (await qiyu.state())["evaluations"]] == [(uid, 100)]

    await eventually(graded, PATIENCE_SECONDS)
    assert [state for _, state in await relays(town, openid)] == ["sent", "sent"]


async def test_a_line_at_qiyu_is_told_and_left_for_whoever_is_free(vendor_town: Town) -> None:
    town, qiyu = vendor_town, QiyuDesk(vendor_town)
    await qiyu.configure(robot=False, staff=[{"id": 1, "name": "小鱼", "online": True, "max_sessions": 1}])
    await switch(await town.log_in("admin", presence=None), "vendor", ACCOUNT)
    for openid in ("o-line-1", "o-line-2"):
        await town.create_customer(openid)
        await town.customer(openid, "say", {"text": f"{openid} 来了"})
        await comes_to(town, openid, "vendor", "person" if openid == "o-line-1" else "line")
    await town.sees("o-line-2", "前面还有 0 位")
    assert "o-line-2 来了" not in await qiyu.heard("o-line-2")
    await qiyu.does("o-line-1", "close")
    await qiyu.hears("o-line-2", "o-line-2 来了")
    await comes_to(town, "o-line-2", "vendor", "person")


async def test_an_agent_takes_over_and_what_qiyus_staff_says_late_is_not_sent(vendor_town: Town) -> None:
    town, qiyu, openid = vendor_town, QiyuDesk(vendor_town), "o-taken-over"
    await qiyu.configure(robot=False, staff=[{"id": 1, "name": "小鱼", "online": True}])
    await switch(await town.log_in("admin", presence=None), "vendor", ACCOUNT)
    await town.create_customer(openid)
    await town.customer(openid, "say", {"text": "在吗"})
    await qiyu.hears(openid, "在吗")
    lina = await town.log_in("lina")
    name = conversation_id(APP_ID, openid)
    taken = await lina.must("POST", f"/conversations/{name}/accept", {})
    assert taken["session"]["state"] == "agent"
    await qiyu.does(openid, "say", text="我来晚了")

    async def shown() -> list[Message]:
        return [m for m in await town.history(openid) if _text(m) == "我来晚了"]

    (late,) = await eventually(shown, PATIENCE_SECONDS)
    assert late.delivery is not None
    assert (late.delivery.state, late.delivery.code) == ("discarded", "elsewhere")
    assert all("我来晚了" not in (item.get("text") or "") for item in await town.phone(openid))
    back = await lina.must("POST", f"/conversations/{name}/transfer", {"to": {"vendor": ACCOUNT}, "note": "请接着谈"})
    assert back["session"]["state"] == "vendor"
    await lina.must("PATCH", "/me", {"presence": "offline"})


async def test_pictures_go_both_ways(vendor_town: Town) -> None:
    town, qiyu, openid = vendor_town, QiyuDesk(vendor_town), "o-pictures"
    await qiyu.configure(robot=False, staff=[{"id": 1, "name": "小鱼", "online": True}])
    await switch(await town.log_in("admin", presence=None), "vendor", ACCOUNT)
    await town.create_customer(openid)
    await town.customer(openid, "say", {"text": "看图"})
    await qiyu.hears(openid, "看图")
    await town.send_picture(openid)

    async def arrived() -> list[Any]:
        customer = (await qiyu.state())["customers"][conversation_id(APP_ID, openid)]
        return [one for one in customer["messages"] if one["from"] == "customer" and one["type"] == "PICTURE"]

    (picture,) = await eventually(arrived, PATIENCE_SECONDS)
    assert picture["md5"]
    await qiyu.does(openid, "picture", png_base64=base64.b64encode(PICTURE).decode())

    async def seen() -> bool:
        return any(item["type"] == "image" and item["from"] == "service" for item in await town.phone(openid))

    await eventually(seen, PATIENCE_SECONDS)


async def test_an_app_is_switched_while_a_customer_writes_and_nothing_is_lost(vendor_town: Town) -> None:
    town, qiyu, openid = vendor_town, QiyuDesk(vendor_town), "o-switched"
    await qiyu.configure(robot=False, staff=[{"id": 1, "name": "小鱼", "online": True}])
    admin = await town.log_in("admin", presence=None)
    await switch(admin, "agents")
    await town.create_customer(openid)
    said = []
    for number, to in enumerate([None, ("vendor", ACCOUNT), None, ("agents", None), None]):
        if to is not None:
            await switch(admin, to[0], to[1], sessions="all")
        text = f"第 {number} 句"
        said.append(text)
        await town.customer(openid, "say", {"text": text})
    await comes_to(town, openid, "waiting")

    async def there() -> bool:
        return [_text(m) for m in await town.history(openid) if m.direction == "inbound" and _text(m)] == said

    await eventually(there, PATIENCE_SECONDS)
    events = [m.content.name for m in await town.history(openid) if isinstance(m.content, Event)]
    assert "session_bridged" in events


def _text(message: Message) -> str:
    return getattr(message.content, "text", "") or ""
