import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, TooFast, Unavailable
from shared.vendors.port import Port
from shared.vendors.qiyu.codes import TABLE
from shared.vendors.qiyu.signing import checksum
from tests.vendors.qiyu_house import (
    APP_KEY,
    APPLY,
    CUSTOMER_OF_OURS,
    EVALUATE,
    NOW,
    PLACE,
    PROFILE,
    SECRET,
    SEND,
    UID,
    Pace,
    QiyuPlace,
    qiyu_account,
    qiyu_port,
    relayed_text,
)
from tests.wechat.standin import Handler, raw_server, read_request

Call = Callable[[Port], Awaitable[Any]]


async def relay(port: Port) -> None:
    await port.relay(CUSTOMER_OF_OURS, relayed_text())


REPEATABLE: dict[str, Call] = {
    APPLY: lambda port: port.introduce(CUSTOMER_OF_OURS, (), wants_person=False),
    PLACE: lambda port: port.ask_place(CUSTOMER_OF_OURS),
    EVALUATE: lambda port: port.grade(CUSTOMER_OF_OURS, "62927", 100),
}


async def failure(port: Port, call: Call = relay) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await call(port)
    shown = f"{raised.value!s} {raised.value!r} {raised.value.reason} {raised.value.words} {raised.value.__cause__!r}"
    assert SECRET not in shown
    assert "checksum=" not in shown
    return raised.value


async def test_the_checksum_is_of_the_very_bytes_sent(qiyu: QiyuPlace) -> None:
    async with qiyu_port(qiyu.url) as port:
        await port.relay(CUSTOMER_OF_OURS, relayed_text("好的😀\ud800"))
    asked = qiyu.asked[0]
    time = str(int(NOW.timestamp()))
    assert (asked.method, asked.path) == ("POST", SEND)
    assert asked.query == {"appKey": APP_KEY, "time": time, "checksum": checksum(SECRET, asked.body, time)}
    assert asked.headers["Content-Type"] == "application/json;charset=utf-8"
    assert asked.headers["Content-Length"] == str(len(asked.body))
    assert asked.body.decode() == f'{{"uid":"{UID}","msgType":"TEXT","content":"好的😀?"}}'


async def test_sha256_where_the_account_says_so(qiyu: QiyuPlace) -> None:
    async with qiyu_port(qiyu.url, qiyu_account(checksum_algorithm="sha256")) as port:
        await relay(port)
    query = qiyu.asked[0].query
    assert query["checksumAlgorithm"] == "1"
    assert query["checksum"] == checksum(SECRET, qiyu.asked[0].body, query["time"], "sha256")


async def test_each_request_waits_for_its_pace(qiyu: QiyuPlace) -> None:
    pace = Pace()
    qiyu.tell(APPLY, {"code": 200, "staffType": 1})
    async with qiyu_port(qiyu.url, pace=pace) as port:
        await port.introduce(CUSTOMER_OF_OURS, (), wants_person=False)
        await relay(port)
    assert pace.noted == [PROFILE, APPLY, SEND] == qiyu.paths


async def test_a_pace_that_takes_too_long_sends_nothing(qiyu: QiyuPlace) -> None:
    class Full(Pace):
        @override
        async def __call__(self, endpoint: str) -> None:
            raise Unavailable("lane_full", endpoint, retry_after_seconds=1)

    async with qiyu_port(qiyu.url, pace=Full()) as port:
        assert (await failure(port)).code == "lane_full"
    assert qiyu.asked == []


KINDS: dict[int, type[SendFailure]] = {
    14001: Misconfigured,
    14002: Misconfigured,
    14004: Refused,
    14005: OutcomeUnknown,
    14006: Refused,
    14007: Refused,
    14008: Misconfigured,
    14009: TooFast,
    14010: Refused,
    14500: Unavailable,
    14501: Refused,
    14515: Misconfigured,
    14003: Misconfigured,
    400: Refused,
    14999: Refused,
}


def test_every_listed_code_is_tested() -> None:
    assert set(TABLE) <= set(KINDS)


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("status", [200, 500])
async def test_a_code_is_the_answer_whatever_the_status(
    qiyu: QiyuPlace,
    code: int,
    as_text: bool,  # noqa: FBT001 - a table's column
    status: int,
) -> None:
    body = json.dumps({"code": str(code) if as_text else code, "message": f"不行 {SECRET}"}).encode()
    qiyu.told[SEND] = [(status, body)]
    async with qiyu_port(qiyu.url) as port:
        failed = await failure(port)
    assert type(failed) is KINDS[code]
    assert failed.code == ("never_introduced" if code in {14006, 14007, 14010} else str(code))
    assert str(code) in failed.words.zh
    assert str(code) in failed.words.en


async def test_an_unlisted_code_is_told_in_their_words(qiyu: QiyuPlace) -> None:
    qiyu.tell(SEND, {"code": 14777, "message": "内容包含垃圾信息"})
    async with qiyu_port(qiyu.url) as port:
        assert "内容包含垃圾信息" in (await failure(port)).words.zh


async def test_a_wrong_time_is_tried_once_more(qiyu: QiyuPlace) -> None:
    qiyu.tell(SEND, {"code": 14003}, {"code": 200})
    pace = Pace()
    async with qiyu_port(qiyu.url, pace=pace) as port:
        await relay(port)
    assert qiyu.paths == pace.noted == [SEND, SEND]


async def test_a_time_wrong_twice_alarms(qiyu: QiyuPlace) -> None:
    qiyu.tell(SEND, {"code": 14003, "message": "time error"})
    async with qiyu_port(qiyu.url) as port:
        with capture_logs() as logs:
            failed = await failure(port)
    assert isinstance(failed, Misconfigured)
    assert len(qiyu.asked) == 2
    alarm = next(entry for entry in logs if entry["event"] == "vendor_time_refused")
    assert alarm["log_level"] == "error"
    assert alarm["account"] == "qiyu-1"
    assert "s ahead of" in alarm["reason"]


async def test_who_is_not_reached_was_given_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with qiyu_port(url) as port:
            failed = await failure(port)
    assert isinstance(failed, Unavailable)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.transport.abort()


async def half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code":')
    await writer.drain()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"what?\r\n\r\n")
    await writer.drain()


async def no_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    await reader.read()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" " * 65536)
        await writer.drain()


ODD = [hang_up, half_an_answer, no_http, no_answer, endless]


@pytest.mark.parametrize("odd", ODD)
async def test_a_message_without_an_answer_may_have_arrived(odd: Handler) -> None:
    async with raw_server(odd) as url, qiyu_port(url, answer_seconds=1) as port:
        assert isinstance(await failure(port), OutcomeUnknown)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("path", REPEATABLE)
async def test_whatever_else_has_no_answer_may_be_asked_again(odd: Handler, path: str) -> None:
    async with raw_server(odd) as url, qiyu_port(url, answer_seconds=1) as port:
        assert isinstance(await failure(port, REPEATABLE[path]), Unavailable)


@pytest.mark.parametrize(
    ("answer", "of_a_message", "of_the_rest"),
    [
        (b"", OutcomeUnknown, Unavailable),
        (b"<html>sign in</html>", OutcomeUnknown, Unavailable),
        (b"[]", OutcomeUnknown, Unavailable),
        (b"{}", OutcomeUnknown, Unavailable),
        (b'{"code":null}', OutcomeUnknown, Unavailable),
        (b'{"code":true}', OutcomeUnknown, Unavailable),
        (b'{"code":200.0}', OutcomeUnknown, Unavailable),
        (b'{"code":{"code":200}}', OutcomeUnknown, Unavailable),
        (b'{"code":"ok"}', OutcomeUnknown, Unavailable),
        (b"[" * 100_000, OutcomeUnknown, Unavailable),
        (500, OutcomeUnknown, Unavailable),
        (502, OutcomeUnknown, Unavailable),
        (504, OutcomeUnknown, Unavailable),
        (503, Unavailable, Unavailable),
        (429, Unavailable, Unavailable),
        (408, Unavailable, Unavailable),
        (413, Refused, Refused),
        (302, Misconfigured, Misconfigured),
        (404, Misconfigured, Misconfigured),
    ],
)
async def test_an_answer_that_is_not_theirs(
    qiyu: QiyuPlace, answer: bytes | int, of_a_message: type[SendFailure], of_the_rest: type[SendFailure]
) -> None:
    for path in (SEND, PLACE):
        qiyu.tell(path, answer)
    async with qiyu_port(qiyu.url) as port:
        assert type(await failure(port)) is of_a_message
        assert type(await failure(port, REPEATABLE[PLACE])) is of_the_rest


@pytest.mark.parametrize("answer", [{"code": 200}, {"code": "200"}, {"code": 200, "message": None, "more": [{}]}])
async def test_ways_to_say_yes(qiyu: QiyuPlace, answer: dict[str, Any]) -> None:
    qiyu.tell(SEND, answer)
    async with qiyu_port(qiyu.url) as port:
        await relay(port)
    assert qiyu.paths == [SEND]


async def test_an_unknown_message_is_given_once_more_where_that_is_wanted(qiyu: QiyuPlace) -> None:
    qiyu.tell(SEND, 502, {"code": 200})
    async with qiyu_port(qiyu.url, qiyu_account(retry_on_unknown=True)) as port:
        await relay(port)
    assert qiyu.paths == [SEND, SEND]


@pytest.mark.parametrize("second", [502, {"code": 14500}, {"code": 14004}, {"code": 14001}])
async def test_what_becomes_of_the_second_try_tells_nothing_of_the_first(
    qiyu: QiyuPlace, second: int | dict[str, Any]
) -> None:
    qiyu.tell(SEND, 502, second)
    async with qiyu_port(qiyu.url, qiyu_account(retry_on_unknown=True)) as port:
        assert (await failure(port)).code == "http_502"
    assert len(qiyu.asked) == 2
