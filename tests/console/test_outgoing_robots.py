import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from services.console.outgoing.posting import Posted
from services.console.outgoing.robots import refusal, request
from services.console.outgoing.wording import TEST, waiting_text
from shared.store.conversation_lists import Wait
from shared.store.notifiers import NotifierKind

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = 1795348800
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abc"


def answered(body: Any, status: int = 200) -> Posted:
    return Posted(status, orjson.dumps(body), None, 1)


def test_wecom_takes_a_text_and_no_signature() -> None:
    made = request("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", None, "客服", AT)
    assert made.url == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"
    assert orjson.loads(made.body) == {"msgtype": "text", "text": {"content": "客服"}}


def test_feishu_is_signed_in_the_body_with_seconds() -> None:
    """The documentation's own computation: HMAC of nothing, keyed with the timestamp and the secret."""
    made = request("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/h", "demo", "客服", AT)
    mac = hmac.new(f"{SECONDS}\ndemo".encode(), digestmod=hashlib.sha256).digest()
    assert orjson.loads(made.body) == {
        "timestamp": str(SECONDS),
        "sign": base64.b64encode(mac).decode("utf-8"),
        "msg_type": "text",
        "content": {"text": "客服"},
    }


def test_dingtalk_is_signed_in_the_query_with_milliseconds() -> None:
    made = request("dingtalk", DINGTALK, "SECdemo", "客服", AT)
    query = parse_qs(urlsplit(made.url).query, strict_parsing=True)
    mac = hmac.new(b"SECdemo", f"{SECONDS}000\nSECdemo".encode(), digestmod=hashlib.sha256).digest()
    assert query == {
        "access_token": ["abc"],
        "timestamp": [f"{SECONDS}000"],
        "sign": [base64.b64encode(mac).decode()],
    }
    assert orjson.loads(made.body) == {"msgtype": "text", "text": {"content": "客服"}}


def test_a_dingtalk_signature_with_a_plus_survives_the_query() -> None:
    """A bare `+` in a query is a space to whoever reads it."""
    signatures = set()
    for number in range(50):
        made = request("dingtalk", DINGTALK, f"SEC{number}", "客服", AT)
        mac = hmac.new(f"SEC{number}".encode(), f"{SECONDS}000\nSEC{number}".encode(), digestmod=hashlib.sha256)
        sign = base64.b64encode(mac.digest()).decode()
        assert parse_qs(urlsplit(made.url).query)["sign"] == [sign]
        signatures.add("+" in sign)
    assert signatures == {True, False}


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_without_a_secret_nothing_is_signed(kind: NotifierKind) -> None:
    made = request(kind, DINGTALK, None, "客服", AT)
    assert made.url == DINGTALK
    assert b"sign" not in made.body


def test_a_long_text_is_cut_between_characters() -> None:
    said = orjson.loads(request("wecom", "https://x", None, "客" * 1000, AT).body)["text"]["content"]
    assert said == "客" * 682


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("wecom", {"errcode": 0, "errmsg": "ok"}),
        ("dingtalk", {"errcode": 0, "errmsg": "ok"}),
        ("feishu", {"code": 0, "msg": "success", "data": {}}),
        ("feishu", {"StatusCode": 0, "StatusMessage": "success"}),
    ],
)
def test_only_a_zero_inside_means_said(kind: NotifierKind, body: Any) -> None:
    assert refusal(kind, answered(body)) is None


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, "93000: the address is wrong"),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, "45009: too many messages"),
        ("wecom", {"errcode": 40008, "errmsg": "invalid message type"}, "40008: invalid message type"),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, "310000: refused by the robot's security"),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, "130101: too many messages"),
        ("feishu", {"code": 19021, "msg": "sign match fail", "StatusCode": 0}, "19021: the secret is wrong"),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, "19024: the robot asks for a keyword"),
        ("feishu", {"errcode": 0}, "HTTP 200, and not the answer"),
        ("wecom", {"code": 0}, "HTTP 200, and not the answer"),
        ("wecom", ["errcode", 0], "HTTP 200, and not the answer"),
        ("wecom", {"errcode": "0"}, "HTTP 200, and not the answer"),
        ("wecom", {"errcode": False}, "HTTP 200, and not the answer"),
    ],
)
def test_a_200_with_another_code_was_not_said(kind: NotifierKind, body: Any, told: str) -> None:
    reason = refusal(kind, answered(body))
    assert reason is not None
    assert reason.told.startswith(told)


def test_what_is_no_answer_of_a_robot_was_not_said() -> None:
    assert refusal("wecom", Posted(None, b"", "no connection", 1)) == ("no connection", "no connection")
    unlike = "HTTP 502, and not the answer of such a robot"
    assert refusal("wecom", Posted(502, b"<html>", None, 1)) == (unlike, unlike)


def test_what_a_robot_says_is_quoted_a_little_and_never_logged() -> None:
    long = refusal("wecom", answered({"errcode": 1, "errmsg": "x\n\x1b" * 9999}))
    assert long is not None
    assert long.told == ("1: " + "x  " * 27)[:83]
    assert long.logged == "1"
    known = refusal("wecom", answered({"errcode": 93000, "errmsg": "key=secret"}))
    assert known is not None
    assert known.logged == "93000: the address is wrong, or the robot was removed"


def test_a_group_is_told_how_many_wait_where_and_how_long_and_nothing_else() -> None:
    names = {"wx1": "店铺", "wx2": "会员店"}
    waits = [
        Wait("c1", "wx1", 1, AT - timedelta(seconds=150)),
        Wait("c2", "wx2", 1, AT - timedelta(hours=2, minutes=5)),
        Wait("c3", "wx1", 7, AT - timedelta(seconds=45)),
    ]
    assert waiting_text(waits, names.__getitem__, AT, "https://kf.example.com").splitlines() == [
        "【微信小程序客服台】有客户在等待人工客服",
        "会员店：1 位，最久 2 小时 5 分钟",
        "店铺：2 位，最久 2 分钟",
        "https://kf.example.com",
    ]
    assert waiting_text(waits[2:], names.__getitem__, AT, "").splitlines()[1:] == ["店铺：1 位，最久 45 秒"]


def test_many_apps_are_summed_up() -> None:
    waits = [Wait(f"c{n}", f"wx{n}", 1, AT - timedelta(minutes=n)) for n in range(1, 13)]
    lines = waiting_text(waits, str, AT, "").splitlines()
    assert (len(lines), lines[-1]) == (12, "另有 2 个小程序")


def test_every_text_has_the_keyword_that_a_robot_may_ask_for() -> None:
    assert "客服" in TEST
    assert "客服" in waiting_text([Wait("c1", "wx1", 1, AT)], str, AT, "")
