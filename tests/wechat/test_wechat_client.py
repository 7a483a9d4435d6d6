import asyncio
import json
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, Unavailable
from shared.wechat.client import SEND_PATH, TYPING_PATHS, WeChatClient
from shared.wechat.failures import MediaExpired, TokenStale, WindowClosed
from shared.wechat.outbound import OutText
from shared.wechat.transport import Timeouts
from tests.wechat.builders import fixture
from tests.wechat.conftest import CreateClient
from tests.wechat.standin import OK, Api, Handler, raw_server, read_request

TOKEN = "61_TOKEN+/=?&abc"
MESSAGE = OutText(content="你好 😀")


async def test_a_send_is_raw_utf8_with_its_length(api: Api, client: WeChatClient) -> None:
    await client.send(TOKEN, "o1", MESSAGE, ai_label=True)
    asked = api.asked[0]
    assert (asked.method, asked.path, asked.query) == ("POST", SEND_PATH, {"access_token": TOKEN})
    assert asked.headers["Content-Length"] == str(len(asked.body))
    assert "Transfer-Encoding" not in asked.headers
    assert asked.headers["Content-Type"] == "application/json"
    assert "你好 😀".encode() in asked.body
    assert asked.json["aimsgcontext"] == {"is_ai_msg": 1}


async def test_what_is_no_unicode_is_sent_as_a_question_mark(api: Api, client: WeChatClient) -> None:
    await client.send(TOKEN, "o1", OutText(content='a\ud800"\n\x00b'))
    assert api.asked[0].json["text"]["content"] == 'a?"\n\x00b'


@pytest.mark.parametrize(
    "answer",
    [OK, {"errcode": "0", "errmsg": "ok"}, {"errmsg": "ok"}, {"errcode": 0}, {"errcode": None, "errmsg": "ok"}],
)
async def test_ways_to_say_yes(api: Api, client: WeChatClient, answer: dict[str, Any]) -> None:
    api.tell(SEND_PATH, answer, content_type="text/plain")
    await client.send(TOKEN, "o1", MESSAGE)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"errcode": 45015, "errmsg": "response out of time limit rid: 5f3d"}, WindowClosed),
        ({"errcode": "45015", "errmsg": "response out of time limit rid: 5f3d"}, WindowClosed),
        ({"errcode": 40001, "errmsg": "invalid credential"}, TokenStale),
        ({"errcode": -1, "errmsg": "system error"}, Unavailable),
        ({"errcode": 40003}, Refused),
    ],
)
@pytest.mark.parametrize("status", [200, 500])
async def test_an_errcode_is_the_answer_whatever_the_status(
    api: Api, client: WeChatClient, answer: dict[str, Any], failure: type[SendFailure], status: int
) -> None:
    api.tell(SEND_PATH, answer, status=status)
    with pytest.raises(failure) as failed:
        await client.send(TOKEN, "o1", MESSAGE)
    assert failed.value.code == str(answer["errcode"])
    assert failed.value.reason == answer.get("errmsg", "")


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"errcode":"x"}', b'{"errcode":true}', b'{"errcode":0', b"\xff"]
)
async def test_a_send_answered_with_garbage_may_have_been_sent(api: Api, client: WeChatClient, body: bytes) -> None:
    api.tell(SEND_PATH, body)
    with pytest.raises(OutcomeUnknown) as failed:
        await client.send(TOKEN, "o1", MESSAGE)
    assert failed.value.code == "broken_answer"


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (504, OutcomeUnknown),
        (429, Unavailable),
        (412, Refused),
        (413, Refused),
        (404, Misconfigured),
        (403, Misconfigured),
        (302, Misconfigured),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errcode":0,"errmsg":"ok"}'])
async def test_a_status_without_errcode(
    api: Api, client: WeChatClient, status: int, failure: type[SendFailure], body: bytes
) -> None:
    api.tell(SEND_PATH, body, status=status)
    with pytest.raises(failure) as failed:
        await client.send(TOKEN, "o1", MESSAGE)
    assert failed.value.code == f"http_{status}"
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [301, 307])
async def test_a_token_does_not_follow_a_redirect(api: Api, client: WeChatClient, status: int) -> None:
    api.tell(SEND_PATH, b"", status=status, headers={"Location": f"{api.url}/elsewhere"})
    with pytest.raises(Misconfigured, match=f"http_{status}"):
        await client.send(TOKEN, "o1", MESSAGE)
    assert [asked.path for asked in api.asked] == [SEND_PATH]


async def test_what_was_never_written_was_never_sent(create_client: CreateClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = create_client(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unavailable) as failed:
            await client.send(TOKEN, "o1", MESSAGE)
    assert failed.value.code == "unreachable"
    with pytest.raises(Unavailable):
        await create_client("http://127.0.0.1:1").send(TOKEN, "o1", MESSAGE)


async def test_a_connection_that_is_never_made_was_never_sent(create_client: CreateClient) -> None:
    with socket.socket() as deaf, ExitStack() as stack:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(8):  # fill the backlog, so that the kernel answers no more
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        client = create_client(f"http://127.0.0.1:{deaf.getsockname()[1]}", Timeouts(connect_seconds=0.3))
        with pytest.raises(Unavailable):
            await client.send(TOKEN, "o1", MESSAGE)


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await read_request(reader)


async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await reader.read()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"errcode":0,')


async def speak_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"220 mail ready\r\n\r\n")


@pytest.mark.parametrize("server", [hang_up, break_off, speak_nonsense])
async def test_what_was_written_and_not_answered_is_unknown_for_a_send_alone(
    create_client: CreateClient, server: Handler
) -> None:
    async with raw_server(server) as url:
        client = create_client(url)
        with pytest.raises(OutcomeUnknown) as failed:
            await client.send(TOKEN, "o1", MESSAGE)
        assert failed.value.code == "no_answer"
        for call in (client.typing(TOKEN, "o1"), client.upload_media(TOKEN, b"x", "image/png")):
            with pytest.raises(Unavailable):
                await call
        with pytest.raises(Unavailable):
            await client.stable_token("wx1", "SECRET")


async def test_silence_is_unknown_for_a_send_alone(create_client: CreateClient) -> None:
    async with raw_server(say_nothing) as url:
        client = create_client(url, Timeouts(answer_seconds=1))
        with pytest.raises(OutcomeUnknown, match="no_answer"):
            await client.send(TOKEN, "o1", MESSAGE)
        with pytest.raises(Unavailable, match="unreachable"):
            await client.typing(TOKEN, "o1")


async def test_an_endless_answer_to_a_send_is_no_answer(api: Api, client: WeChatClient) -> None:
    api.tell(SEND_PATH, b" " * (2 << 20))
    with pytest.raises(OutcomeUnknown):
        await client.send(TOKEN, "o1", MESSAGE)


async def test_nothing_raised_names_a_token_or_a_secret(api: Api, create_client: CreateClient) -> None:
    client = create_client(api.url)
    api.tell(SEND_PATH, {"errcode": 40001, "errmsg": f"invalid credential {TOKEN}"})
    api.tell("/cgi-bin/stable_token", {"errcode": 40125, "errmsg": "invalid appsecret SECRET"})
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = create_client(f"http://127.0.0.1:{closed.getsockname()[1]}")
    calls = [
        client.send(TOKEN, "o1", MESSAGE),
        client.stable_token("wx1", "SECRET"),
        nowhere.send(TOKEN, "o1", MESSAGE),
        nowhere.callback_ips(TOKEN),
        create_client("http://[bad").callback_ips(TOKEN),
    ]
    for call in calls:
        with pytest.raises(SendFailure) as failed:
            await call
        said = "".join(map(str, (failed.value, failed.value.reason, failed.value.words, failed.value.__context__)))
        assert "TOKEN" not in said
        assert "SECRET" not in said


async def test_typing_is_shown_or_moot(api: Api, client: WeChatClient) -> None:
    assert await client.typing(TOKEN, "o1") is True
    assert api.asked[0].json == {"touser": "o1", "command": "Typing"}
    for code in (45080, 45081):
        api.tell(TYPING_PATHS["custom"], {"errcode": code, "errmsg": "moot"})
        assert await client.typing(TOKEN, "o1", "CancelTyping") is False
    api.tell(TYPING_PATHS["custom"], {"errcode": 45015, "errmsg": "closed"})
    with pytest.raises(WindowClosed):
        await client.typing(TOKEN, "o1")
    assert {asked.path for asked in api.asked} == {TYPING_PATHS["custom"]}


@pytest.mark.parametrize("answer", [{"errcode": 40101, "errmsg": "missing parameter"}, b"<html>not found</html>"])
async def test_the_other_typing_path_is_tried_and_remembered(
    api: Api, client: WeChatClient, answer: dict[str, Any] | bytes
) -> None:
    custom, business = TYPING_PATHS["custom"], TYPING_PATHS["business"]
    api.tell(custom, answer, status=404 if isinstance(answer, bytes) else 200)
    assert await client.typing(TOKEN, "o1")
    assert await client.typing(TOKEN, "o1")
    assert [asked.path for asked in api.asked] == [custom, business, business]


async def test_a_typing_path_that_fails_as_well_is_not_kept(api: Api, create_client: CreateClient) -> None:
    client = create_client(api.url, typing_path="business")
    for path in TYPING_PATHS.values():
        api.tell(path, {"errcode": 40101, "errmsg": "missing parameter"})
    for _ in range(2):
        with pytest.raises(Refused):
            await client.typing(TOKEN, "o1")
    assert [asked.path for asked in api.asked] == [TYPING_PATHS["business"], TYPING_PATHS["custom"]] * 2


async def test_an_upload_is_a_form_with_its_length(api: Api, client: WeChatClient) -> None:
    content = b"\x89PNG" + bytes(range(256)) * 6000
    api.tell("/cgi-bin/media/upload", {"type": "image", "media_id": "M1", "created_at": "1672500000"})
    assert (await client.upload_media(TOKEN, content, "image/png")).media_id == "M1"
    asked = api.asked[0]
    assert asked.query == {"access_token": TOKEN, "type": "image"}
    assert asked.headers["Content-Length"] == str(len(asked.body))
    assert "Transfer-Encoding" not in asked.headers
    boundary = asked.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
    head, _, rest = asked.body.partition(b"\r\n\r\n")
    assert head.startswith(b"--" + boundary + b"\r\n")
    assert b'form-data; name="media"; filename="image.png"\r\nContent-Type: image/png' in head
    assert rest == content + b"\r\n--" + boundary + b"--\r\n"


@pytest.mark.parametrize("answer", [{"type": "image"}, {"media_id": ""}, {"media_id": None}])
async def test_an_upload_without_media_id_may_be_tried_again(
    api: Api, client: WeChatClient, answer: dict[str, Any]
) -> None:
    api.tell("/cgi-bin/media/upload", answer)
    with pytest.raises(Unavailable, match="no valid media_id"):
        await client.upload_media(TOKEN, b"x", "image/png")


async def test_a_file_is_fetched(api: Api, client: WeChatClient) -> None:
    api.tell("/cgi-bin/media/get", b"\xff\xd8jpeg", content_type="image/jpeg")
    fetched = await client.get_media(TOKEN, "M/1")
    assert (fetched.content, fetched.content_type) == (b"\xff\xd8jpeg", "image/jpeg")
    assert api.asked[0].query == {"access_token": TOKEN, "media_id": "M/1"}
    with pytest.raises(Refused) as failed:
        await client.get_media(TOKEN, "M/1", max_bytes=5)
    assert failed.value.code == "too_large"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/json; encoding=utf-8"])
async def test_a_file_that_is_gone(api: Api, client: WeChatClient, content_type: str) -> None:
    gone = fixture("api/media_get_error.json")["response"]
    api.tell("/cgi-bin/media/get", gone, content_type=content_type)
    with pytest.raises(MediaExpired):
        await client.get_media(TOKEN, "M1")


async def test_a_file_that_is_an_address_or_an_error_page(api: Api, client: WeChatClient) -> None:
    api.tell("/cgi-bin/media/get", {"video_url": "http://example.com/v"})
    with pytest.raises(Refused, match="no_file"):
        await client.get_media(TOKEN, "M1")
    api.tell("/cgi-bin/media/get", b"<html>", status=502, content_type="text/html")
    with pytest.raises(Unavailable, match="http_502"):
        await client.get_media(TOKEN, "M1")


async def test_a_token_is_asked_for_by_secret(api: Api, client: WeChatClient) -> None:
    expected = fixture("api/stable_token.json")
    api.tell(expected["path"], expected["response"])
    issued = await client.stable_token("APPID", "APPSECRET")
    assert (issued.value, issued.expires_in_seconds) == ("ACCESS_TOKEN", 345)
    assert (api.asked[0].json, api.asked[0].query) == (expected["request"], {})
    await client.stable_token("APPID", "APPSECRET", force_refresh=True)
    assert api.asked[1].json["force_refresh"] is True
    assert "ACCESS_TOKEN" not in repr(issued)


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": ""}, {"access_token": "T"}, {"access_token": "T", "expires_in": 0}]
)
async def test_a_token_answer_without_token_may_be_asked_again(
    api: Api, client: WeChatClient, answer: dict[str, Any]
) -> None:
    api.tell("/cgi-bin/stable_token", answer)
    with pytest.raises(Unavailable, match="broken_answer"):
        await client.stable_token("APPID", "APPSECRET")


async def test_what_else_is_read(api: Api, client: WeChatClient) -> None:
    quota, online = fixture("api/quota_get.json"), fixture("api/getonlinekflist.json")
    api.tell("/cgi-bin/openapi/quota/get", quota["response"])
    api.tell("/cgi-bin/customservice/getonlinekflist", online["response"])
    api.tell("/cgi-bin/getcallbackip", {"ip_list": ["101.226.103.0/25", "2001:db8::1"]})
    read = await client.quotas(TOKEN)
    assert (read.quota.daily_limit, read.quota.remain, read.rate_limit and read.rate_limit.call_count) == (
        500000,
        500000,
        5000,
    )
    assert json.loads(api.asked[0].body) == quota["request"]
    assert [agent.kf_id for agent in await client.online_agents(TOKEN)] == ["1001", "1002"]
    assert await client.callback_ips(TOKEN) == ["101.226.103.0/25", "2001:db8::1"]
