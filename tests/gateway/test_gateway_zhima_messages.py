"""The bodies of the proxy's calls: whatever stands in them, it is a message or one of WeChat's refusals."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.zhima_errors import OF_PROBLEMS, WORDS, Denied, denied_by
from services.gateway.zhima_messages import read_send, read_typing
from shared.conversation.content import TEXT_LIMIT_BYTES, Card, Image, Link, Text
from shared.conversation.model import Problem

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = ("text", "image", "link", "miniprogrampage", "voice")
INNER = st.dictionaries(
    st.sampled_from(["content", "media_id", "title", "url", "description", "pagepath", "thumb_media_id", "appid"]),
    ANY_JSON,
)
SENDS = st.fixed_dictionaries(
    {},
    optional={
        "touser": st.just("o-customer") | ANY_JSON,
        "msgtype": st.sampled_from(KINDS) | ANY_JSON,
        "customservice": ANY_JSON | st.fixed_dictionaries({"kf_account": ANY_JSON}),
        "aimsgcontext": ANY_JSON,
        "command": st.sampled_from(["Typing", "CancelTyping"]) | ANY_JSON,
        **dict.fromkeys(KINDS, INNER | ANY_JSON),
    },
)


def said(**more: Any) -> bytes:
    return json.dumps({"touser": "o-customer", "msgtype": "text", "text": {"content": "您好"}, **more}).encode()


@given(fields=SENDS)
def test_whatever_stands_in_it_it_is_a_message_or_refused_in_wechats_words(fields: dict[str, Any]) -> None:
    body = json.dumps(fields).encode()
    for read in (read_send, read_typing):
        try:
            read(body)
        except Denied as denied:
            assert denied.body["errcode"] in WORDS  # noqa: PT017 - both ends are good


@given(body=st.binary(max_size=100))
def test_so_it_is_with_any_bytes(body: bytes) -> None:
    for read in (read_send, read_typing):
        with pytest.raises(Denied):
            read(body)


@given(words=st.text(min_size=1).filter(str.strip))
def test_what_fits_is_said_as_it_is(words: str) -> None:
    body = said(text={"content": words})
    if len(words.encode("utf-8", "replace")) > TEXT_LIMIT_BYTES:
        with pytest.raises(Denied, match="45002"):
            read_send(body)
    else:
        assert read_send(body).part == Text(text=words)


def test_the_same_body_has_the_same_digest_however_it_is_written() -> None:
    body = json.loads(said())
    again = json.dumps(dict(reversed(body.items())), indent=2).encode()
    assert read_send(again).digest == read_send(said()).digest
    assert read_send(said(text={"content": "您好！"})).digest != read_send(said()).digest


@pytest.mark.parametrize(
    ("told", "part", "media_id"),
    [
        ({"msgtype": "image", "image": {"media_id": "m"}}, Image(media_id="m"), "m"),
        (
            {"msgtype": "link", "link": {"title": "T", "url": "https://x.cn", "thumb_url": "https://x.cn/1"}},
            Link(title="T", description="", url="https://x.cn"),
            None,
        ),
        (
            {
                "msgtype": "miniprogrampage",
                "miniprogrampage": {"title": "C", "pagepath": "p", "thumb_media_id": "m", "appid": "wx2"},
            },
            Card(title="C", path="p", app_id="wx2", media_id="m"),
            "m",
        ),
    ],
)
def test_each_kind(told: dict[str, Any], part: Any, media_id: str | None) -> None:
    wanted = read_send(said(**told))
    assert (wanted.part, wanted.media_id) == (part, media_id)


def test_who_says_it_and_whether_a_machine() -> None:
    wanted = read_send(said(customservice={"kf_account": " 小芝 "}, aimsgcontext={"is_ai_msg": 1}))
    assert (wanted.staff, wanted.machine) == ("小芝", True)
    assert (read_send(said()).staff, read_send(said()).machine) == (None, False)


def test_every_problem_of_ours_is_one_of_wechats_errors() -> None:
    assert set(OF_PROBLEMS.values()) <= set(WORDS)
    for code in ("window_closed", "quota_used", "not_yours", "something new"):
        assert denied_by(Problem(code=code, detail="d")).errcode in WORDS
