from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image

from shared.store.driver import Database
from tests.console.house import APP, VIP_APP, Answer, Caller, House
from tests.support.waiting import eventually


def picture(kind: str = "PNG", width: int = 3, height: int = 2) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "green").save(written, kind)
    return written.getvalue()


async def upload(caller: Caller, file: bytes, field: str = "file") -> Answer:
    form = aiohttp.FormData()
    form.add_field("comment", "ignored")
    form.add_field(field, BytesIO(file), filename="fish.exe", content_type="application/x-evil")
    return await caller.call("POST", "/media", data=form)


async def wanted(database: Database, media_id: str, state: str, app_id: str = APP, **more: Any) -> None:
    """A customer's picture as the sender notes it."""
    doc = {"_id": media_id, "state": state, "app_id": app_id, "conversation": "c", "wanted_at": None, **more}
    await database["media"].insert_one(doc)


@pytest.mark.parametrize(("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/gif")])
async def test_a_picture_is_kept_as_what_its_bytes_are(lina: Caller, kind: str, content_type: str) -> None:
    file = picture(kind)
    answer = await upload(lina, file)
    assert answer.status == 201
    kept = answer.body
    assert (kept["content_type"], kept["bytes"], kept["width"], kept["height"]) == (content_type, len(file), 3, 2)
    shown = await lina.get(f"/media/{kept['media_id']}")
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, file, content_type)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    "file", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<script>", picture("WEBP"), picture()[:40]]
)
async def test_what_is_no_picture_wechat_takes_is_refused(lina: Caller, file: bytes) -> None:
    answer = await upload(lina, file)
    assert (answer.status, answer.code) == (415, "image_invalid")


async def test_a_picture_too_large_is_not_read_to_its_end(lina: Caller) -> None:
    answer = await upload(lina, b"x" * (3 << 20))
    assert (answer.status, answer.code) == (413, "too_large")


async def test_a_form_without_a_picture_is_not_understood(lina: Caller) -> None:
    assert (await upload(lina, picture(), field="photo")).code == "invalid"
    assert (await lina.call("POST", "/media", {"file": "x"})).code == "invalid"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await lina.call("POST", "/media", data=b"--b\r\nbroken", headers=headers)).code == "invalid"
    headers = {"Content-Type": "multipart/form-data"}
    assert (await lina.call("POST", "/media", data=b"--b\r\n", headers=headers)).code == "invalid"


async def test_an_upload_is_its_agents_until_it_is_sent(desk: House, lina: Caller) -> None:
    omar = await desk.agent()
    media_id = (await upload(lina, picture())).body["media_id"]
    assert (await omar.get(f"/media/{media_id}")).code == "not_found"
    his = await desk.held_by(omar)
    body = {"type": "image", "image": {"media_id": media_id}}
    assert (await omar.post(f"/conversations/{his.id}/messages", body)).code == "invalid"
    hers = await desk.held_by(lina)
    (sent,) = (await lina.post(f"/conversations/{hers.id}/messages", body)).body["items"]
    assert sent["image"] == {"media_id": media_id, "width": 3, "height": 2}
    assert (await omar.get(f"/media/{media_id}")).status == 200


async def test_a_card_is_sent_with_its_picture(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    media_id = (await upload(lina, picture())).body["media_id"]
    card = {"title": "订单 42", "path": "pages/order?id=42", "media_id": media_id}
    body = {"type": "card", "card": card, "client_id": "card"}
    answer = await lina.post(f"/conversations/{customer.id}/messages", body)
    assert answer.status == 201
    assert answer.body["items"][0]["card"] == {**card, "app_id": None}


async def test_what_was_sent_to_one_customer_goes_with_them(desk: House, lina: Caller) -> None:
    customer, other = await desk.held_by(lina), await desk.held_by(lina)
    once, twice = [(await upload(lina, picture())).body["media_id"] for _ in range(2)]
    for to, media_id in ((customer, once), (customer, twice), (other, twice)):
        body = {"type": "image", "image": {"media_id": media_id}}
        assert (await lina.post(f"/conversations/{to.id}/messages", body)).status == 201
    assert await desk.database["media"].count({"unsent_until": {"$exists": True}, "_id": {"$in": [once, twice]}}) == 0

    async def status(media_id: str) -> int:
        return (await lina.get(f"/media/{media_id}")).status

    async def left() -> list[int]:
        return [await status(once), await status(twice)]

    async def first_gone() -> bool:
        return await left() == [404, 200]

    async def both_gone() -> bool:
        return await left() == [404, 404]

    await customer.vanish()
    await eventually(first_gone)
    await other.vanish()
    await eventually(both_gone)
    assert await desk.database["media"].count({"_id": {"$in": [once, twice]}}) == 0


async def test_a_customers_picture_is_shown_to_who_sees_the_app(desk: House, lina: Caller) -> None:
    file = picture()
    more: dict[str, Any] = {"content": file, "content_type": "image/png", "width": 3, "height": 2}
    await wanted(desk.database, "shown", "stored", **more)
    await wanted(desk.database, "hidden", "stored", VIP_APP, **more)
    assert (await lina.get("/media/shown")).body == file
    assert (await lina.get("/media/hidden")).code == "not_found"
    vip = await desk.agent(groups=("vip",))
    assert (await vip.get("/media/hidden")).status == 200


async def test_a_picture_still_being_copied_is_asked_for_again_later(desk: House, lina: Caller) -> None:
    await wanted(desk.database, "coming", "wanted")
    answer = await lina.get("/media/coming")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_a_picture_that_wechat_no_longer_had_is_not_found(desk: House, lina: Caller) -> None:
    await wanted(desk.database, "lost", "lost")
    assert (await lina.get("/media/lost")).code == "not_found"
    assert (await lina.get("/media/never")).code == "not_found"


async def test_a_customers_picture_is_not_sent_to_another_app(desk: House) -> None:
    boss = await desk.agent(role="supervisor")
    more: dict[str, Any] = {"content": picture(), "content_type": "image/png", "width": 3, "height": 2}
    await wanted(desk.database, "theirs", "stored", VIP_APP, **more)
    customer = await desk.held_by(boss)
    body = {"type": "image", "image": {"media_id": "theirs"}}
    assert (await boss.post(f"/conversations/{customer.id}/messages", body)).code == "invalid"
