import re
from typing import Any

import pytest

from shared.failures import Misconfigured, OutcomeUnknown, OverQuota, Refused, SendFailure, TooLong, Unavailable
from shared.wechat.errcodes import TABLE, Call, failure_of
from shared.wechat.failures import MediaExpired, TokenStale, WindowClosed
from tests.wechat.builders import fixture

LISTED = [
    *(-1, 40001, 40014, 42001, 41001, 40003, 40004, 40005, 40006, 40009, 40007, 40008, 40013, 40125, 40002, 40243),
    *(40033, 47002, 40037, 40097, 40101, 47001, 40164, 61004, 45035, 40200, 40258, 43002, 44002, 44004, 43004),
    *(43019, 48002, 44991, 45001, 45002, 45003, 45004, 45005, 45006, 45009, 45011, 45015, 45037, 45038, 45047),
    *(45072, 45080, 45081, 45082, 45086, 45087, 45093, 45094, 45098, 45099, 45162, 45501, 45102, 48001, 48004),
    *(48006, 48008, 50002, 61003, 61007, 61023, 70000, 87014, 41002, 41004, 41005, 50004, 50007, 89503, 89506, 89507),
    *(61451, 61457, 65400, 65413, 65414, 65415, 65416, 65417),
]


@pytest.mark.parametrize("code", LISTED)
def test_every_listed_code_has_words_of_its_own(code: int) -> None:
    words = TABLE[code].words
    assert words.zh.startswith("微信拒绝：")
    assert f"（{code}）" in words.zh
    assert words.zh.endswith("。")
    assert words.en.startswith("WeChat refused: ")
    assert f"({code})" in words.en
    assert words.en.endswith(".")
    assert re.search(r"[一-鿿]", words.en) is None


def test_words_fit_a_bubble() -> None:
    assert max(len(entry.words.zh) for entry in TABLE.values()) <= 70
    assert max(len(entry.words.en) for entry in TABLE.values()) <= 140


@pytest.mark.parametrize(
    ("codes", "failure"),
    [
        ((40001, 40014, 42001), TokenStale),
        ((45015, 45037, 45047, 45093), WindowClosed),
        ((45002, 45003), TooLong),
        ((40007,), MediaExpired),
        ((-1, 40258), Unavailable),
        ((45009, 45011, 44991), OverQuota),
        ((40164, 40125, 40013, 45087, 45094, 48001, 48004, 61007, 41001, 50007), Misconfigured),
        ((40003, 40008, 44004, 70000, 43019, 40200, 48008, 87014, 45082, 65413), Refused),
    ],
)
def test_a_code_says_what_to_do_next(codes: tuple[int, ...], failure: type[SendFailure]) -> None:
    for code in codes:
        made = failure_of(code, "whatever", call="send")
        assert type(made) is failure
        assert made.code == str(code)
        assert str(made) == f"{code}: whatever"


def test_when_to_come_back() -> None:
    waits: dict[int, Any] = {-1: 1, 40164: 300, 89507: 3600, 89506: 86400}
    for code, seconds in waits.items():
        failure = failure_of(code, "", call="token")
        assert isinstance(failure, Unavailable | Misconfigured)
        assert failure.retry_after_seconds == seconds
    for code, until in ((45009, "day"), (45011, "minute"), (44991, "minute")):
        failure = failure_of(code, "", call="send")
        assert isinstance(failure, OverQuota)
        assert failure.until == until


def test_a_token_refused_to_the_secret_is_a_matter_of_settings() -> None:
    assert isinstance(failure_of(40001, "invalid credential", call="token"), Misconfigured)
    assert "AppSecret" in failure_of(40001, "invalid credential", call="token").words.en


@pytest.mark.parametrize(("call", "failure"), [("send", Refused), ("upload", Refused), ("token", Misconfigured)])
def test_an_unlisted_code_is_refused_with_wechats_own_words(call: Call, failure: type[SendFailure]) -> None:
    made = failure_of(99999, "something new rid: 668e4fa9-2a8817b8-43f3428a", call=call)
    assert type(made) is failure
    assert "rid: 668e4fa9" in made.reason
    assert made.words.en == "WeChat refused: something new (99999). Tell an administrator."
    assert made.words.zh == "微信拒绝：something new（99999）。请联系管理员。"


def test_a_boundless_errmsg_is_cut() -> None:
    assert len(failure_of(99999, "x" * 10_000, call="send").reason) == 300


@pytest.mark.parametrize("body", fixture("api/error_bodies.seen.json"), ids=lambda body: str(body["errcode"]))
def test_bodies_seen_in_the_field_are_listed(body: dict[str, Any]) -> None:
    assert body["errcode"] in TABLE
    assert failure_of(body["errcode"], body["errmsg"], call="send").reason == body["errmsg"]


def test_every_failure_has_words_even_without_wechats() -> None:
    failure = OutcomeUnknown("no_answer", "silence")
    assert failure.words.en == "Refused: silence (no_answer)."
    assert issubclass(TooLong, Refused)
