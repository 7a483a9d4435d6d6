import io

import pytest
from PIL import Image as PillowImage

from services.sandbox.wechat.media import MediaShelf
from shared.conversation.commands import CopyMedia, SendMessage
from shared.conversation.content import Card, Image, Link, Sendable
from shared.conversation.fact import MediaSource
from shared.conversation.facts import SendSettled
from shared.store.media import MediaStore
from tests.sandbox.box import APPID
from tests.sender.office import Office
from tests.support.waiting import eventually

UPLOAD = "/cgi-bin/media/upload"


def picture(color: str = "red") -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", (40, 30), color).save(file, "PNG")
    return file.getvalue()


def forget_uploads(desk: Office) -> None:
    """WeChat loses what the app uploaded."""
    desk.box.running.parts.world.apps[APPID].media = MediaShelf()


async def sent(desk: Office, content: Sendable, openid: str = "o-customer-1") -> SendSettled:
    return await desk.settled(await desk.send(content=content, openid=openid))


async def test_a_picture_is_uploaded_once_for_all_customers_of_an_app(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    customers = [f"o-{number}" for number in range(4)]
    for openid in customers:
        await desk.open_window(openid)
    async with desk.sender():
        sends = [desk.command(content=Image(media_id="m1"), openid=openid) for openid in customers]
        await desk.publish(*sends)
        for send in sends:
            assert (await desk.settled(send)).outcome == "sent"
    async with desk.sender():
        assert (await sent(desk, Image(media_id="m1"))).outcome == "sent"
    assert len(await desk.calls(UPLOAD)) == 1


async def test_what_reaches_the_phone_is_our_own_picture(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    async with desk.sender():
        await sent(desk, Image(media_id="m1"))
        [item] = [item for item in (await desk.box.phone(openid="o-customer-1"))["items"] if item["from"] == "service"]
        async with desk.box.session.get(item["media_url"]) as answer:
            assert await answer.read() == picture()


async def test_an_upload_is_renewed_before_wechat_forgets_it(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    async with desk.sender():
        await sent(desk, Image(media_id="m1"))
    await desk.box.advance(61 * 3600)
    await desk.open_window()
    async with desk.sender():
        assert (await sent(desk, Image(media_id="m1"))).outcome == "sent"
    assert len(await desk.calls(UPLOAD)) == 2


async def test_a_picture_that_wechat_lost_is_uploaded_again_and_sent(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    async with desk.sender():
        await sent(desk, Image(media_id="m1"))
        forget_uploads(desk)
        assert (await sent(desk, Image(media_id="m1"))).outcome == "sent"
        assert [call["errcode"] for call in await desk.calls()] == [0, 40007, 0]


async def test_a_card_needs_a_picture_and_a_link_none(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    async with desk.sender():
        card = Card(title="订单", path="pages/order?id=1", media_id="m1")
        assert (await sent(desk, card)).outcome == "sent"
        assert (await sent(desk, card.but(media_id=None))).code == "card_without_picture"
        assert (await sent(desk, Link(title="物流", description="查看", url="https://a.b/c"))).outcome == "sent"
    items = [item for item in (await desk.box.phone(openid="o-customer-1"))["items"] if item["from"] == "service"]
    assert [item["type"] for item in items] == ["miniprogrampage", "link"]


async def test_a_picture_we_do_not_have_is_told_so(desk: Office) -> None:
    async with desk.sender():
        assert (await sent(desk, Image(media_id="never"))).code == "picture_missing"
    assert await desk.calls() == []


async def test_a_picture_wechat_would_not_take_is_told_so(desk: Office) -> None:
    media = MediaStore(desk.database)
    await media.add("m1", picture())
    await desk.database["media"].update_one({"_id": "m1"}, {"$set": {"content_type": "image/webp"}})
    async with desk.sender():
        assert (await sent(desk, Image(media_id="m1"))).code == "picture_unfit"


@pytest.mark.parametrize("errcode", [45009, 48001])
async def test_trouble_with_uploads_stops_no_texts(desk: Office, errcode: int) -> None:
    await MediaStore(desk.database).add("m1", picture())
    await desk.open_window("o-2")
    await desk.faults({"path": UPLOAD, "errcode": errcode})
    async with desk.sender():
        send = await desk.send(content=Image(media_id="m1"))
        await desk.written(send)
        assert (await desk.settled(await desk.send("文字", openid="o-2"))).outcome == "sent"
        state = "deferred" if errcode == 45009 else "settled"
        await desk.in_collection(send, state)


async def test_a_customers_picture_is_passed_on_once_its_copy_is_there(desk: Office) -> None:
    send = desk.command(content=Image(media_id="m1"))
    copy = wanted(desk, send, "m1", url="http://127.0.0.1:1/never")
    media = MediaStore(desk.database)
    await media.want([copy], desk.now)
    [claimed] = await media.claim_due(desk.now, 1)
    async with desk.sender(MEDIA_HOSTS="127.0.0.1:1"):
        await desk.publish(send)
        assert (await desk.in_collection(send, "deferred")).why == "picture"
        await media.lose(claimed, "gone", desk.now)
        await desk.box.advance(6)
        assert (await desk.settled(send)).code == "picture_missing"


async def test_a_card_with_a_lost_upload_is_sent_again_too(desk: Office) -> None:
    await MediaStore(desk.database).add("m1", picture())
    card = Card(title="订单", path="pages/order", media_id="m1")
    async with desk.sender():
        await sent(desk, card)
        forget_uploads(desk)
        assert (await sent(desk, card)).outcome == "sent"
    assert await eventually(desk.phone)


def wanted(desk: Office, send: SendMessage, media_id: str, **source: str) -> CopyMedia:
    return CopyMedia(
        conversation_id=send.conversation_id,
        app_id=send.app_id,
        trace_id="t",
        message_id=f"{send.conversation_id}:m:{media_id}:0",
        source=MediaSource(media_id=media_id, **source),
        content=Image(media_id=media_id),
    )
