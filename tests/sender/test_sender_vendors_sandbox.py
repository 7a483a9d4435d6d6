"""The sender and the sandbox's Qiyu, which is as strict as its pages say: signatures, limits, line, files."""

import io
from typing import Any

import pytest
from PIL import Image as PillowImage

from shared.conversation.bridges import BridgeSettings
from shared.conversation.commands import AskPlace, CallVendor, GradeSession, Introduce
from shared.conversation.content import Image
from shared.conversation.ids import conversation_id
from shared.store.media import MediaStore
from tests.sandbox.box import APPID
from tests.sender.office import OPENID
from tests.sender.vendor_desk import LIMITS, VendorDesk
from tests.vendors.qiyu_house import APP_KEY, APPLY, SECRET, SEND, qiyu_account

STAFF = [{"id": 143, "name": "小鱼", "max_sessions": 100}]
UID = conversation_id(APPID, OPENID)


async def control(vendors: VendorDesk, method: str, path: str, body: Any = None) -> Any:
    answer = await vendors.desk.box.control(method, f"/qiyu/accounts/{APP_KEY}{path}", body)
    assert answer.status == 200, answer.body
    return answer.body


@pytest.fixture
async def qiyu(vendors: VendorDesk) -> VendorDesk:
    """An account with the sandbox's Qiyu, with its limits as they are by default, and one of its people at work."""
    vendors.qiyu.url = vendors.desk.box.running.url
    settings = {"app_secret": SECRET, "callback_url": vendors.desk.box.receiver.url, "staff": STAFF}
    await control(vendors, "PUT", "", settings)
    await vendors.accounts.add(qiyu_account(BridgeSettings(breaker=LIMITS)))
    return vendors


async def fault(vendors: VendorDesk, path: str, **fault: Any) -> None:
    await control(vendors, "PUT", "/faults", {"api": [{"path": path, **fault}]})


async def book(vendors: VendorDesk, path: str = "/openapi/") -> list[Any]:
    return await vendors.desk.calls(path)


async def said(vendors: VendorDesk, openid: str = OPENID) -> list[str]:
    """The texts of a customer that its people see, by the book of calls."""
    calls = [call for call in await book(vendors, SEND) if call["delivered"]]
    uid = conversation_id(APPID, openid)
    return [call["body"]["content"] for call in calls if call["body"]["uid"] == uid]


async def sent(vendors: VendorDesk, *calls: CallVendor) -> None:
    await vendors.desk.publish(*calls)
    for call in calls:
        told = await vendors.answered(call, within_seconds=40)
        assert (told.outcome, told.code) == ("sent", None)


async def test_a_customer_is_served_from_beginning_to_end(qiyu: VendorDesk) -> None:
    async with qiyu.sender():
        stood = (await qiyu.answered(await qiyu.call(Introduce(before_seq=1)))).stood
        assert stood is not None
        assert (stood.standing, stood.staff) == ("person", "小鱼")
        await sent(qiyu, await qiyu.relay("在吗"), await qiyu.relay("人呢"))
        assert stood.vendor_session is not None
        grade = GradeSession(vendor_session=stood.vendor_session, value=stood.grades[0].value)
        await sent(qiyu, qiyu.command(grade))
    assert await said(qiyu) == ["在吗", "人呢"]
    assert {call["errcode"] for call in await book(qiyu)} == {200}


async def test_a_picture_arrives_whole(qiyu: VendorDesk) -> None:
    file = io.BytesIO()
    PillowImage.new("RGB", (40, 30), "red").save(file, "PNG")
    await MediaStore(qiyu.desk.database).add("m1", file.getvalue())
    async with qiyu.sender():
        await qiyu.answered(await qiyu.call(Introduce(before_seq=1)))
        await sent(qiyu, await qiyu.relay(Image(media_id="m1")))
    [given] = await book(qiyu, SEND)
    async with qiyu.desk.box.session.get(given["body"]["content"]["url"]) as answer:
        assert await answer.read() == file.getvalue()


async def test_who_must_wait_stands_in_line(qiyu: VendorDesk) -> None:
    await control(qiyu, "PUT", "", {"app_secret": SECRET, "callback_url": "http://127.0.0.1:9", "staff": busy_staff()})
    async with qiyu.sender():
        stood = (await qiyu.answered(await qiyu.call(Introduce(before_seq=1)))).stood
        assert stood is not None
        assert (stood.standing, stood.ahead) == ("line", 0)
        place = (await qiyu.answered(await qiyu.call(AskPlace()))).stood
        assert place is not None
        assert (place.standing, place.ahead) == ("line", 0)


def busy_staff() -> list[dict[str, Any]]:
    return [{"id": 143, "name": "小鱼", "max_sessions": 0}]


async def test_a_dropped_answer_is_unknown_and_the_message_there_once(qiyu: VendorDesk) -> None:
    async with qiyu.sender():
        await qiyu.answered(await qiyu.call(Introduce(before_seq=1)))
        await fault(qiyu, SEND, drop_answer=True, times=1)
        call = await qiyu.relay("一")
        await qiyu.desk.publish(call)
        assert (await qiyu.answered(call)).outcome == "unknown"
        await sent(qiyu, await qiyu.relay("二"))
    assert await said(qiyu) == ["一", "二"]


async def test_a_flood_keeps_to_its_limits(qiyu: VendorDesk) -> None:
    """Twelve at once, of which it takes five a second: a machine that stumbles may bring two too close, no more."""
    customers = [f"o-{number}" for number in range(12)]
    async with qiyu.sender():
        await sent(qiyu, *(qiyu.command(Introduce(before_seq=1), openid=openid) for openid in customers))
        await sent(qiyu, *[await qiyu.relay("在吗", openid=openid) for openid in customers])
    calls = await book(qiyu)
    refused = [call for call in calls if call["errcode"] == 14009]
    assert {call["errcode"] for call in calls} <= {200, 14009}
    assert len(refused) <= len(customers) // 3
    assert [await said(qiyu, openid) for openid in customers] == [["在吗"]] * len(customers)
    assert (await qiyu.breaker()).version == 0


async def test_it_is_left_alone_while_it_is_down_and_taken_back(qiyu: VendorDesk) -> None:
    async with qiyu.sender():
        await fault(qiyu, "/openapi/", dead=True)
        calls = [qiyu.command(Introduce(before_seq=1), openid=f"o-{number}") for number in range(LIMITS.failures)]
        await qiyu.desk.publish(*calls)
        await qiyu.breaker_is("open")
        for call in calls:
            told = await qiyu.answered(call)
            assert (told.outcome, told.code, told.down) == ("refused", "breaker_open", True)
        await control(qiyu, "DELETE", "/faults")
        await qiyu.desk.box.advance(LIMITS.open_seconds + 5)
        await qiyu.breaker_is("closed")
        assert (await qiyu.answered(await qiyu.call(Introduce(before_seq=1)))).outcome == "sent"
    assert len(await book(qiyu, APPLY)) >= 1
