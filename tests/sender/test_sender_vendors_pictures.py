"""Pictures to a vendor and from one."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from PIL import Image as PillowImage

from services.sender.fetching import Unfetchable, check_address
from services.sender.settings import MediaHosts
from shared.conversation.commands import CopyMedia
from shared.conversation.content import Image
from shared.conversation.fact import MediaSource
from shared.conversation.facts import MediaSettled
from shared.observe.http import listen
from shared.store.media import MediaStore
from tests.sandbox.box import APPID
from tests.sender.vendor_desk import ACCOUNT, VendorDesk
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import SEND, UPLOAD

NO_HOSTS = MediaHosts((), frozenset())


def picture() -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", (40, 30), "red").save(file, "PNG")
    return file.getvalue()


def wanted(vendors: VendorDesk, media_id: str, url: str, account: str | None = None) -> CopyMedia:
    """The command to copy a picture."""
    command = vendors.desk.command()
    return CopyMedia(
        conversation_id=command.conversation_id,
        app_id=APPID,
        trace_id="t",
        message_id="message",
        source=MediaSource(media_id=media_id, url=url, account=account),
        content=Image(media_id=media_id),
    )


async def test_a_picture_is_given_to_the_vendor_as_a_file(vendors: VendorDesk) -> None:
    await vendors.add_account()
    await MediaStore(vendors.desk.database).add("m1", picture())
    async with vendors.sender():
        call = await vendors.relay(Image(media_id="m1"))
        await vendors.desk.publish(call)
        assert (await vendors.answered(call)).outcome == "sent"
    assert picture() in vendors.qiyu.calls(UPLOAD)[0].body
    [given] = vendors.qiyu.calls(SEND)
    assert (given.fields["msgType"], given.fields["content"]["w"]) == ("PICTURE", 40)


async def test_a_picture_whose_copy_is_under_way_is_waited_for_and_so_are_those_behind_it(vendors: VendorDesk) -> None:
    await vendors.add_account()
    media, now = MediaStore(vendors.desk.database), vendors.desk.now
    await media.want([wanted(vendors, "m1", "https://mmbiz.qpic.cn/never")], now)
    [claimed] = await media.claim_due(now, 1)
    async with vendors.sender():
        calls = [await vendors.relay(Image(media_id="m1")), await vendors.relay("您好")]
        await vendors.desk.publish(*calls)
        assert (await vendors.in_collection(calls[0], "deferred")).why == "picture"
        await media.lose(claimed, "gone", now)
        for call in calls:
            assert (await vendors.answered(call)).outcome == "sent"
    assert vendors.qiyu.said() == ["[图片，已无法获取]", "您好"]


@asynccontextmanager
async def shelf() -> AsyncIterator[str]:
    """The address of a server on this machine that gives a picture to whoever asks."""
    app = web.Application()

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=picture(), content_type="image/png")

    app.router.add_get("/{path:.*}", give)
    async with listen(app, "127.0.0.1", 0, "the shelf's port") as port:
        yield f"http://127.0.0.1:{port}"


def settled(vendors: VendorDesk) -> list[MediaSettled]:
    return [fact for fact in vendors.desk.facts if isinstance(fact, MediaSettled)]


async def test_a_picture_that_a_vendor_sent_is_copied_from_its_hosts(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with shelf() as url, vendors.sender(MEDIA_HOSTS=url.removeprefix("http://")):
        await vendors.desk.publish(wanted(vendors, "m1", f"{url}/1.png", ACCOUNT))
        [fact] = await eventually(lambda: settled(vendors))
    assert isinstance(fact.content, Image)
    assert fact.content.width == 40
    file = await MediaStore(vendors.desk.database).get("m1")
    assert file is not None
    assert file.content == picture()


@pytest.mark.parametrize("account", [ACCOUNT, None, "gone"])
async def test_what_an_account_names_never_leads_inside(vendors: VendorDesk, account: str | None) -> None:
    async with shelf() as url:
        await vendors.add_account(media_hosts=[url.removeprefix("http://"), "localhost:" + url.rpartition(":")[2]])
        async with vendors.sender():
            inside = [f"{url}/1.png", f"http://localhost:{url.rpartition(':')[2]}/1.png"]
            for number, address in enumerate(inside):
                await vendors.desk.publish(wanted(vendors, f"m{number}", address, account))
            await eventually(lambda: len(settled(vendors)) == len(inside))
    for number in range(len(inside)):
        file = await MediaStore(vendors.desk.database).get(f"m{number}")
        assert file is not None
        assert file.state == "lost"


@pytest.mark.parametrize(
    "url", ["https://files.example.com/1.png", "http://a.b.example.com/1", "https://cdn.example.net:8443/1.png"]
)
def test_hosts_of_an_account_are_named_as_others_are(url: str) -> None:
    check_address(url, NO_HOSTS, ("*.example.com", "cdn.example.net:8443"))
    with pytest.raises(Unfetchable):
        check_address(url, NO_HOSTS, ())


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/1.png", "http://10.0.0.1:8082/1.png", "http://127.1/1.png", "https://cdn.example.net/1.png"],
)
def test_bare_addresses_and_other_ports_are_not_named(url: str) -> None:
    with pytest.raises(Unfetchable):
        check_address(url, NO_HOSTS, ("10.0.0.1", "10.0.0.1:8082", "127.1:80", "cdn.example.net:8443"))
