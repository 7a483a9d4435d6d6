import io
import json
from functools import partial
from typing import Any

from PIL import Image as PillowImage

from shared.conversation.commands import CopyMedia
from shared.conversation.content import Image
from shared.conversation.fact import MediaSource
from shared.conversation.facts import MediaSettled
from shared.conversation.ids import conversation_id
from shared.store.apps import AppStore
from shared.store.media import MediaStore
from shared.store.sealing import Sealer
from tests.sandbox.box import APPID, SEND, form
from tests.sender.office import Office
from tests.support.services import KEYS
from tests.support.waiting import eventually

OPENID = "o-customer-1"
GET = "/cgi-bin/media/get"


def picture(size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", size, "red").save(file, "JPEG")
    return file.getvalue()


async def pushed(desk: Office, content: bytes) -> dict[str, Any]:
    """What WeChat pushes after the customer has sent a picture."""
    path = f"/apps/{APPID}/customers/{OPENID}/image"
    assert (await desk.box.control("POST", path, data=form("file", content))).status == 200
    fields: dict[str, Any] = json.loads(desk.box.receiver.pushes[-1].body)
    return fields


def copy(media_id: str = "m1", **source: str | None) -> CopyMedia:
    conversation = conversation_id(APPID, OPENID)
    return CopyMedia(
        conversation_id=conversation,
        app_id=APPID,
        trace_id="t",
        message_id=f"{conversation}:m:{media_id}:0",
        source=MediaSource(media_id=media_id, **source),
        content=Image(media_id=media_id),
    )


async def settled(desk: Office, media_id: str = "m1") -> MediaSettled:
    def told() -> MediaSettled | None:
        return next((f for f in desk.facts if isinstance(f, MediaSettled) and media_id in f.cause), None)

    fact = await eventually(told)
    assert fact is not None
    return fact


async def state(desk: Office, media_id: str = "m1") -> str:
    file = await MediaStore(desk.database).get(media_id)
    return file.state if file else "none"


async def test_a_picture_is_copied_by_its_id_and_its_size_is_told(desk: Office) -> None:
    push = await pushed(desk, picture())
    async with desk.sender():
        await desk.publish(copy(wechat_media_id=push["MediaId"], url="http://not.allowed/"))
        fact = await settled(desk)
    assert fact.cause == "media:m1:stored"
    assert fact.content == Image(media_id="m1", width=40, height=30)
    file = await MediaStore(desk.database).get("m1")
    assert file is not None
    assert (file.content, file.content_type) == (picture(), "image/jpeg")


async def test_a_picture_is_copied_from_its_address_where_its_id_fails(desk: Office) -> None:
    push = await pushed(desk, picture())
    host = desk.box.running.url.removeprefix("http://")
    async with desk.sender(MEDIA_HOSTS=f"*.qpic.cn,{host}"):
        await desk.publish(copy(wechat_media_id="forgotten", url=push["PicUrl"]))
        assert (await settled(desk)).content == Image(media_id="m1", width=40, height=30)


async def test_an_address_outside_the_list_is_not_asked(desk: Office) -> None:
    push = await pushed(desk, picture())
    async with desk.sender():
        await desk.publish(copy(wechat_media_id="forgotten", url=push["PicUrl"]))
        fact = await settled(desk)
    assert (fact.cause, fact.content) == ("media:m1:lost", Image(media_id="m1"))
    assert await state(desk) == "lost"


async def test_what_is_no_picture_is_lost(desk: Office) -> None:
    push = await pushed(desk, b"\xff\xd8\xff\xe0" + b"no picture" * 10)
    async with desk.sender():
        await desk.publish(copy(wechat_media_id=push["MediaId"]))
        await settled(desk)
    assert await state(desk) == "lost"


async def test_a_copy_is_tried_again_until_it_is_there(desk: Office) -> None:
    push = await pushed(desk, picture())
    await desk.faults({"path": GET, "errcode": -1, "times": 2})
    async with desk.sender():
        await desk.publish(copy(wechat_media_id=push["MediaId"]))
        for tries, seconds in ((1, 3), (2, 11)):
            await eventually(partial(put_off, desk, tries))
            await desk.box.advance(seconds)
        assert (await settled(desk)).cause == "media:m1:stored"


async def test_after_three_days_of_trouble_a_copy_is_given_up(desk: Office) -> None:
    await desk.faults({"path": GET, "http": 500})
    async with desk.sender():
        await desk.publish(copy(wechat_media_id="w1"))
        await eventually(lambda: desk.calls(GET))
        await desk.box.advance(2 * 86400)
        await eventually(lambda: put_off(desk, 2))
        assert await state(desk) == "wanted"
        await desk.box.advance(86400)
        assert (await settled(desk)).cause == "media:m1:lost"


async def test_a_removed_apps_picture_can_still_be_had_from_its_address(desk: Office) -> None:
    push = await pushed(desk, picture())
    await AppStore(desk.database, Sealer([KEYS])).remove(APPID)
    host = desk.box.running.url.removeprefix("http://")
    async with desk.sender(MEDIA_HOSTS=host):
        await desk.publish(copy(wechat_media_id=push["MediaId"], url=push["PicUrl"]))
        assert (await settled(desk)).cause == "media:m1:stored"


async def test_copies_do_not_wait_behind_a_closed_lane(desk: Office) -> None:
    push = await pushed(desk, picture())
    await desk.faults({"path": SEND, "errcode": 45009})
    async with desk.sender():
        await desk.in_collection(await desk.send(), "deferred")
        await desk.publish(copy(wechat_media_id=push["MediaId"]))
        assert (await settled(desk)).cause == "media:m1:stored"


async def test_the_same_copy_twice_is_made_once(desk: Office) -> None:
    push = await pushed(desk, picture())
    async with desk.sender():
        await desk.publish(copy(wechat_media_id=push["MediaId"]), copy(wechat_media_id=push["MediaId"]))
        await settled(desk)
        await desk.publish(copy(wechat_media_id=push["MediaId"]))
        await desk.settled(await desk.send())
    assert len(await desk.calls(GET)) == 1


async def put_off(desk: Office, tries: int) -> bool:
    return await desk.database["media"].count({"tries": tries, "state": "wanted"}) == 1
