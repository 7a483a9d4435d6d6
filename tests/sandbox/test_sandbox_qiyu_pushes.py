"""Qiyu's pushes: signed, repeated until they are taken as they must be, and spoilt on purpose."""

import base64
import io
import json

from aiohttp import web
from PIL import Image

from services.sandbox.qiyu.signing import checksum, md5_of
from tests.sandbox.qiyu_box import LAN, SECRET, UID, QiyuBox, empty, qiyu_boxed
from tests.sandbox.receiver import success
from tests.support.waiting import eventually


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, "PNG")
    return file.getvalue()


async def test_what_its_people_say_is_signed(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.does("say", text="您好")
    (event, told) = (await qiyu.told(1))[0]
    push = qiyu.box.receiver.pushes[0]
    assert (event, push.content_type) == ("MSG", "application/json")
    assert push.query["time"] == str(qiyu.now)
    assert push.query["checksum"] == checksum(SECRET, push.body, push.query["time"])
    assert (told["uid"], told["content"], told["staffId"], told["staffName"]) == (UID, "您好", 143, "lantian")
    assert (told["timeStamp"], len(told["msgId"])) == (qiyu.now * 1000, 32)


async def test_sha256_is_announced(qiyu: QiyuBox) -> None:
    await qiyu.configure(checksum_algorithm="sha256")
    await qiyu.apply()
    await qiyu.does("say", text="您好")
    await qiyu.told(1)
    push = qiyu.box.receiver.pushes[0]
    assert push.query["checksumAlgorithm"] == "1"
    assert push.query["checksum"] == checksum(SECRET, push.body, push.query["time"], sha256=True)


async def test_html_is_pushed_in_place_of_the_text(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.does("say", text="您好", html="<p>您好</p>")
    assert (await qiyu.told(1))[0][1]["content"] == "<p>您好</p>"
    assert (await qiyu.customer())["messages"][0]["text"] == "您好"


async def test_a_picture_is_shown_where_the_push_says(qiyu: QiyuBox) -> None:
    data = picture()
    await qiyu.apply()
    await qiyu.does("picture", png_base64=base64.b64encode(data).decode())
    told = (await qiyu.told(1))[0][1]
    url = f"{qiyu.box.running.url}/files/{md5_of(data)}"
    file = {"url": url, "size": len(data), "md5": md5_of(data), "w": 3, "h": 2}
    assert (told["msgType"], told["content"]) == ("PICTURE", file)
    assert (await qiyu.box.api("GET", url.removeprefix(qiyu.box.running.url))).body == data
    await qiyu.spoil(push={"string_content": True})
    await qiyu.does("picture", png_base64=base64.b64encode(data).decode())
    assert json.loads((await qiyu.told(1))[0][1]["content"]) == file


async def test_a_broken_picture_is_not_shown(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    assert (await qiyu.does("picture", png_base64="!")).status == 422
    assert (await qiyu.does("picture", png_base64="aGk=")).status == 415


async def test_an_invitation_names_the_session(qiyu: QiyuBox) -> None:
    assert (await qiyu.does("invite")).status == 409
    given = await qiyu.apply()
    await qiyu.does("close")
    assert (await qiyu.does("invite")).status == 200
    event, told = (await qiyu.told(2))[1]
    assert (event, told["sessionId"], "code" in told) == ("EVA_INVITATION", given["sessionId"], False)


async def test_only_an_empty_200_is_an_answer_and_repeats_wait_by_the_sandboxs_clock(qiyu: QiyuBox) -> None:
    qiyu.box.receiver.answer_in_turn(lambda _: web.Response(status=403), success, lambda _: web.Response())
    await qiyu.apply()
    await qiyu.does("say", text="您好")
    first = await qiyu.told(1)
    await qiyu.box.advance(5)
    second = await qiyu.told(1)
    await qiyu.box.advance(30)
    third = await qiyu.told(1)
    assert first == second == third, "the msgId, too"
    await qiyu.settled()
    push = (await qiyu.state())["pushes"][0]
    assert [one["error"] for one in push["attempts"]] == ["HTTP 403", "a body of 7 bytes; it must be empty", None]
    assert push["accepted"] is True
    times = [int(one.query["time"]) for one in qiyu.box.receiver.pushes]
    assert [time - times[0] for time in times] == [0, 5, 35]


async def test_repeats_may_carry_the_first_time() -> None:
    async with qiyu_boxed(renew_push_time=False, push_retries=[0, 7]) as qiyu:
        qiyu.box.receiver.answer = success
        await qiyu.apply()
        await qiyu.does("say", text="您好")
        await qiyu.told(2)
        await qiyu.box.advance(7)
        await qiyu.told(1)
        await qiyu.settled()
        assert len({one.query["checksum"] for one in qiyu.box.receiver.pushes}) == 1
        assert (await qiyu.state())["pushes"][0]["accepted"] is False


async def test_no_answer_in_time_is_none() -> None:
    async with qiyu_boxed(push_seconds=0.05, push_retries=[0]) as qiyu:
        qiyu.box.receiver.answer_in_turn(lambda _: None, empty)
        await qiyu.apply()
        await qiyu.does("say", text="您好")
        await qiyu.told(2)
        await qiyu.settled()
        push = (await qiyu.state())["pushes"][0]
        assert push["accepted"] is True
        assert "no answer" in push["attempts"][0]["error"]


async def test_one_customers_pushes_come_in_order(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    for n in range(10):
        await qiyu.does("say", text=str(n))
    assert [body["content"] for _, body in await qiyu.told(10)] == [str(n) for n in range(10)]


async def test_pushes_are_spoilt_on_purpose(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.spoil(push={"duplicate": 1, "unknown_type": True})
    await qiyu.does("say", text="您好")
    assert sorted(event for event, _ in await qiyu.told(4)) == ["MSG", "MSG"] + ["SANDBOX_UNHEARD_OF"] * 2
    await qiyu.spoil(push={"wrong_checksum": True, "minimal_start": True})
    await qiyu.does("close")
    await qiyu.does("begin")
    wrong = await qiyu.told(2)
    push = qiyu.box.receiver.pushes[-1]
    assert push.query["checksum"] != checksum(SECRET, push.body, push.query["time"])
    assert set(wrong[1][1]) == {"code", "sessionId", "staffId", "staffName", "staffType", "uid"}


async def test_settings_that_change_end_nothing_that_is_under_way(qiyu: QiyuBox) -> None:
    await qiyu.apply()
    await qiyu.configure(staff=[{**LAN, "max_sessions": 3}], greeting="欢迎")
    assert (await qiyu.customer())["standing"] == "human"
    await eventually(lambda: not qiyu.box.receiver.pushes)
