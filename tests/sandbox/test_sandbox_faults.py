"""What goes wrong on purpose, in answers and in pushes, and what the book says of it."""

import asyncio
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError

from services.sandbox.wechat.pushes import PushTiming
from tests.sandbox.box import APPID, OPENID, SEND, Box, boxed, until
from tests.sandbox.test_sandbox_pushes import opened


async def set_faults(box: Box, **faults: Any) -> None:
    answer = await box.control("PUT", "/faults", faults)
    assert answer.status == 200, answer.body


async def contents(box: Box) -> list[Any]:
    return [opened(push, "secure").get("Content") for push in box.receiver.pushes]


@pytest.mark.parametrize(
    "faults",
    [
        {"apis": []},
        {"api": [{"path": "/", "errcode": -1, "colour": "red"}]},
        {"api": [{"path": "/", "errcode": -1, "http": 500}]},
        {"api": [{"path": "/", "errcode": 0}]},
        {"api": [{"path": "/"}]},
        {"api": [{"path": "cgi-bin", "errcode": -1}]},
        {"api": [{"path": "/", "http": 200}]},
        {"api": [{"path": "/", "errcode": -1, "times": 0}]},
        {"push": {"duplicate": -1}},
        {"push": {"lose": True}},
        {"push": {"delay_ms": 60_001}},
    ],
)
async def test_unknown_faults_are_refused_and_change_nothing(box: Box, faults: dict[str, Any]) -> None:
    await set_faults(box, push={"duplicate": 1})
    answer = await box.control("PUT", "/faults", faults)
    assert (answer.status, bool(answer.body["fields"])) == (422, True)
    assert (await box.control("GET", "/faults")).body["push"]["duplicate"] == 1


async def test_an_errcode_burst_is_used_up_and_processes_nothing(box: Box) -> None:
    await box.say()
    await set_faults(box, api=[{"path": "/cgi-bin/message", "errcode": -1, "times": 2}])
    assert [(await box.send()).errcode for _ in range(3)] == [-1, -1, 0]
    booked = [(call["errcode"], call["openid"], call["delivered"]) for call in await box.calls(SEND)]
    assert booked == [(-1, OPENID, False), (-1, OPENID, False), (0, OPENID, True)]
    assert (await box.phone())["window"]["remaining"] == 4
    assert (await box.control("GET", "/faults")).body["api"] == []


async def test_http_errors(box: Box) -> None:
    await box.say()
    token = await box.token()
    await set_faults(box, api=[{"path": SEND, "http": 502, "times": 1}])
    assert (await box.send(token=token)).status == 502
    assert (await box.calls(SEND))[0]["status"] == 502


async def test_a_dropped_answer_was_delivered_all_the_same(box: Box) -> None:
    await box.say()
    token = await box.token()
    await set_faults(box, api=[{"path": SEND, "drop_answer": True, "times": 1}])
    with pytest.raises(ServerDisconnectedError):
        await box.send(token=token)
    [call] = await box.calls(SEND)
    assert (call["delivered"], call["status"], call["errcode"]) == (True, None, None)
    assert [item["from"] for item in (await box.phone())["items"]] == ["customer", "service"]


async def test_where_nobody_is_nothing_is_delivered(box: Box) -> None:
    await box.say()
    token = await box.token()
    await set_faults(box, api=[{"path": SEND, "dead": True, "times": 1}])
    with pytest.raises(ServerDisconnectedError):
        await box.send(token=token)
    [call] = await box.calls(SEND)
    assert (call["delivered"], call["status"], call["errcode"]) == (False, None, None)
    assert (await box.send(token=token)).errcode == 0


async def test_garbage_was_delivered_all_the_same(box: Box) -> None:
    await box.say()
    token = await box.token()
    await set_faults(box, api=[{"path": SEND, "garbage": True, "times": 1}])
    answer = await box.send(token=token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert (await box.calls(SEND))[0]["delivered"] is True


async def test_a_late_answer_is_processed_first(box: Box) -> None:
    await box.say()
    token = await box.token()
    await set_faults(box, api=[{"path": SEND, "latency_ms": 60_000}])
    sending = asyncio.create_task(box.send(token=token))
    assert len((await box.phone(after=1, wait_seconds=10))["items"]) == 1
    assert not sending.done()
    sending.cancel()


async def test_faults_of_other_paths_do_not_disturb(box: Box) -> None:
    await set_faults(box, api=[{"path": SEND, "errcode": 45015}, {"path": "/cgi-bin/media", "http": 500}])
    await box.say()
    token = await box.token()
    assert (await box.send(token=token)).errcode == 45015, "despite an open window"


async def test_duplicates_carry_the_same_msg_id(box: Box) -> None:
    await set_faults(box, push={"duplicate": 2})
    said = await box.say()
    assert [attempt["status"] for attempt in said["attempts"]] == [200, 200, 200]
    assert {str(opened(push, "secure")["MsgId"]) for push in box.receiver.pushes} == {said["msg_id"]}
    assert len(box.receiver.pushes) == 3


async def test_reordered_pushes_overtake_in_pairs() -> None:
    async with boxed(PushTiming(overtake_wait_seconds=60)) as box:
        await set_faults(box, push={"reorder": True})
        for n in range(4):
            await box.say(str(n), wait="0")
        await until(lambda: len(box.receiver.pushes) == 4)
        assert await contents(box) == ["1", "0", "3", "2"]


async def test_a_lone_reordered_push_arrives_too(box: Box) -> None:
    await set_faults(box, push={"reorder": True})
    assert (await box.say("alone"))["accepted"] is True


async def test_delayed_pushes_keep_their_order(box: Box) -> None:
    await set_faults(box, push={"delay_ms": 60_000})
    await box.say("late", wait="0")
    assert (await box.control("GET", "/state")).body["pushes"]["in_flight"] == 1
    assert box.receiver.pushes == []
    await set_faults(box, push={"delay_ms": 20})
    for n in range(5):
        await box.say(str(n), wait="0", openid=await other_customer(box))
    await until(lambda: len(box.receiver.pushes) == 5)
    assert await contents(box) == ["0", "1", "2", "3", "4"]


async def other_customer(box: Box) -> str:
    path = f"/apps/{APPID}/customers"
    openid: str = (await box.control("POST", path, {"openid": "oOther"})).body["openid"]
    return openid


async def test_string_ids_in_json(box: Box) -> None:
    await set_faults(box, push={"string_ids": True})
    said = await box.say()
    message = opened(box.receiver.pushes[0], "secure")
    assert message["MsgId"] == said["msg_id"]
    assert isinstance(message["CreateTime"], str)


async def test_undocumented_types_follow_each_message(box: Box) -> None:
    await set_faults(box, push={"unknown_types": True})
    await box.say("hello")
    await until(lambda: len(box.receiver.pushes) == 3)
    messages = [opened(push, "secure") for push in box.receiver.pushes]
    assert [(message["MsgType"], message.get("Event")) for message in messages] == [
        ("text", None),
        ("video", None),
        ("event", "sandbox_undocumented"),
    ]
    assert [item["type"] for item in (await box.phone())["items"]] == ["text", "video"]


async def test_deleting_ends_all_faults(box: Box) -> None:
    await set_faults(box, api=[{"path": "/", "http": 500}], push={"duplicate": 3})
    emptied = (await box.control("DELETE", "/faults")).body
    assert (emptied["api"], emptied["push"]["duplicate"]) == ([], 0)
    assert len((await box.say())["attempts"]) == 1


async def test_the_book_holds_every_call_in_order(box: Box) -> None:
    await box.say()
    await box.send("一")
    await box.api("GET", "/cgi-bin/nothing")
    calls = await box.calls()
    assert [call["n"] for call in calls] == [1, 2, 3]
    assert [call["path"] for call in calls] == ["/cgi-bin/token", SEND, "/cgi-bin/nothing"]
    assert calls[1]["body"]["text"] == {"content": "一"}
    assert (calls[1]["appid"], calls[2]["appid"], calls[0]["body"]) == (APPID, None, None)
    later = (await box.control("GET", f"/calls?after=1&path={SEND}")).body["items"]
    assert [call["n"] for call in later] == [2]


async def test_the_book_shows_uploads_by_size(box: Box) -> None:
    await box.upload()
    [call] = await box.calls("/cgi-bin/media/upload")
    assert call["body"]["media"] == {"filename": "picture.png", "type": "image/png", "bytes": 78}
