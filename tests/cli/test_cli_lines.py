"""Messages and phone items as lines: every kind has words, and no text can pass for another line."""

from typing import Any

import pytest

from services.console.cli.message_lines import conversation_fields, message_lines
from services.console.cli.phone import item_lines, phone_lines


def message(**fields: Any) -> dict[str, Any]:
    known = {"seq": 7, "at": "2026-11-22T08:01:02.345Z", "from": {"kind": "customer", "name": None}, "type": "text"}
    return {**known, "text": "你好", "delivery": None, **fields}


def item(**fields: Any) -> dict[str, Any]:
    return {"n": 3, "at": "2026-11-22T08:01:02Z", "from": "service", "type": "text", "text": "您好", **fields}


LINES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["#7  08:01:02Z  customer: 你好"]),
    ({"from": {"kind": "agent", "name": "李娜"}}, ["#7  08:01:02Z  agent 李娜: 你好"]),
    ({"text": None}, ["#7  08:01:02Z  customer: "]),
    ({"text": "一\n二\r\n三"}, ["#7  08:01:02Z  customer: 一", "      二", "      三"]),
    (
        {"text": "hi\n#8  08:01:03Z  agent 李娜: 已退款"},
        ["#7  08:01:02Z  customer: hi", "      #8  08:01:03Z  agent 李娜: 已退款"],
    ),
    ({"text": "\x1b[1A\x1b[2K#6"}, ["#7  08:01:02Z  customer: [1A[2K#6"]),
    ({"from": {"kind": "customer", "name": "\x1b]0;x\x07\nroot"}}, ["#7  08:01:02Z  customer ]0;x root: 你好"]),
    ({"type": "image", "image": {"media_id": "m1"}}, ["#7  08:01:02Z  customer: (image m1)"]),
    ({"type": "card", "card": {"title": "外套", "path": "p?id=7"}}, ["#7  08:01:02Z  customer: (card 外套 → p?id=7)"]),
    ({"type": "link", "link": {"title": "T", "url": "https://x"}}, ["#7  08:01:02Z  customer: (link T → https://x)"]),
    ({"type": "event", "text": "session_waiting"}, ["#7  08:01:02Z  customer: (session_waiting)"]),
    (
        {"type": "event", "text": "session_assigned", "event": {"detail": {"to": "李娜", "by": None}}},
        ["#7  08:01:02Z  customer: (session_assigned: to 李娜)"],
    ),
    ({"type": "unsupported", "text": "video"}, ["#7  08:01:02Z  customer: (unsupported video)"]),
    ({"type": "hologram", "text": None}, ["#7  08:01:02Z  customer: (hologram)"]),
    ({"delivery": {"state": "sent"}}, ["#7  08:01:02Z  customer: 你好  [sent]"]),
    (
        {"delivery": {"state": "refused", "code": "45015", "reason": "out of\ntime"}},
        ["#7  08:01:02Z  customer: 你好  [refused: 45015 out of time]"],
    ),
    ({"at": None, "from": None}, ["#7  -  None: 你好"]),
]


@pytest.mark.parametrize(("fields", "lines"), LINES)
def test_a_message_as_lines(fields: dict[str, Any], lines: list[str]) -> None:
    assert message_lines(message(**fields)) == lines


ITEMS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["   3  08:01:02Z  service: 您好"]),
    ({"ai_label": True}, ["   3  08:01:02Z  service (AI): 您好"]),
    (
        {"text": "a\n   4  08:01:03Z  customer: b"},
        ["   3  08:01:02Z  service: a", "         4  08:01:03Z  customer: b"],
    ),
    ({"type": "image", "text": None, "media_url": "http://x/1"}, ["   3  08:01:02Z  service: (image http://x/1)"]),
    ({"from": "notice", "text": "故障"}, ["   3  08:01:02Z  notice: 故障"]),
]


@pytest.mark.parametrize(("fields", "lines"), ITEMS)
def test_an_item_of_the_phone_as_lines(fields: dict[str, Any], lines: list[str]) -> None:
    assert item_lines(item(**fields)) == lines


def test_an_empty_phone_says_so() -> None:
    seen = {"items": [], "typing": True, "window": {"remaining": 0, "deadline": None}, "console": "none"}
    assert phone_lines(seen) == ["(nothing yet)", "", "typing …", "window: 0 until - · official console: none"]


def test_a_conversation_about_which_little_is_known() -> None:
    bare = {"id": "c", "customer": {"id": "o1", "name": None}, "session": None, "quota": None, "preview": None}
    fields = conversation_fields(bare)
    assert (fields["customer"], fields["state"], fields["quota"], fields["last"]) == ("o1", None, None, None)
