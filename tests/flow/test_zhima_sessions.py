"""A customer with Zhima, both ways through every service: the demo account that `make run` sets up, at both ends."""

from typing import Any

from shared.conversation.model import Session
from tests.flow.qiyu_desk import PATIENCE_SECONDS, switch
from tests.flow.town import Town
from tests.support.waiting import eventually

ACCOUNT = "zhima-demo"


class ZhimaDesk:
    """The sandbox's Zhima as its staff sees and uses it."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._key = next(one.access_key for one in town.seeded.vendors if one.account == ACCOUNT)

    async def state(self) -> Any:
        return await self._town.sandbox("GET", f"/zhima/products/{self._key}")

    async def does(self, openid: str, action: str, **more: Any) -> Any:
        return await self._town.sandbox("POST", f"/zhima/products/{self._key}/customers/{openid}/{action}", more)

    async def hears(self, openid: str, *texts: str) -> None:
        """Once these, and no others, have come of the customer, in order."""

        async def there() -> bool:
            items = (await self.state())["customers"].get(openid, {}).get("items", [])
            return [item["text"] for item in items if item["sender"] == "customer"] == list(texts)

        await eventually(there, PATIENCE_SECONDS)


async def stands(town: Town, openid: str, state: str, staff: str | None) -> Session:
    async def there() -> Session | None:
        conversation = await town.conversation(openid)
        session = conversation.session if conversation else None
        if session is None or session.state != state:
            return None
        return session if staff is None or (session.bridging and session.bridging.staff == staff) else None

    found = await eventually(there, PATIENCE_SECONDS)
    assert found is not None
    return found


async def test_a_customers_whole_way_through_zhima(shared_town: Town) -> None:
    town, zhima, openid = shared_town, ZhimaDesk(shared_town), "o-zhima-whole"
    await switch(await town.log_in("admin", presence=None), "vendor", ACCOUNT)
    await town.create_customer(openid)
    await town.customer(openid, "say", {"text": "第一句"})
    await town.customer(openid, "say", {"text": "营业时间？"})
    await zhima.hears(openid, "第一句", "营业时间？")
    await town.sees(openid, "每天 9:00–21:00，节假日不休。")
    assert (await zhima.does(openid, "accept"))["staff"] == "小芝"
    await stands(town, openid, "vendor", "小芝")
    assert (await zhima.does(openid, "say", text="您好，我是小芝"))["item"]["errcode"] == 0
    await town.sees(openid, "您好，我是小芝")
    history = [message.content for message in await town.history(openid)]
    assert any(getattr(content, "text", None) == "您好，我是小芝" for content in history)
    await zhima.does(openid, "close")

    async def told() -> bool:
        events = (await zhima.state())["events"]
        return [event["accepted"] for event in events if event["openid"] == openid] == [True, True]

    await eventually(told, PATIENCE_SECONDS)
