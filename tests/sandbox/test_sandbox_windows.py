"""The arithmetic of windows, to the second, and typing that depends on them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sandbox.wechat.windows import QUOTA_USED, WINDOW_CLOSED, Window
from tests.sandbox.box import OPENID, TYPING, Box

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOURS_48 = timedelta(hours=48)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def sent(window: Window, times: int) -> Window:
    for _ in range(times):
        window = window.after_send()
    return window


def test_no_window_before_the_customer_does_anything() -> None:
    assert Window().refusal(NOW) == WINDOW_CLOSED


def test_a_message_opens_48_hours_to_the_second() -> None:
    window = Window().after_message(NOW)
    assert (window.remaining, window.refusal(NOW + HOURS_48)) == (5, None)
    assert window.refusal(NOW + HOURS_48 + SECOND) == WINDOW_CLOSED


def test_entering_opens_a_minute() -> None:
    window = Window().after_entering(NOW, rearms=True)
    assert (window.remaining, window.refusal(NOW + MINUTE)) == (2, None)
    assert window.refusal(NOW + MINUTE + SECOND) == WINDOW_CLOSED
    assert sent(window, 2).refusal(NOW) == QUOTA_USED


def test_counts_do_not_add_up() -> None:
    window = sent(Window().after_message(NOW), 1).after_entering(NOW + MINUTE, rearms=True)
    assert (window.remaining, window.deadline) == (4, NOW + HOURS_48)
    assert window.after_message(NOW + MINUTE).remaining == 5


def test_what_is_left_of_a_closed_window_is_lost() -> None:
    window = Window().after_message(NOW).after_entering(NOW + HOURS_48 + SECOND, rearms=True)
    assert (window.remaining, window.deadline) == (2, NOW + HOURS_48 + SECOND + MINUTE)


@pytest.mark.parametrize(("rearms", "left"), [(True, 2), (False, 0)])
def test_entering_after_the_five_are_used_is_a_knob(*, rearms: bool, left: int) -> None:
    used = sent(Window().after_message(NOW), 5)
    assert used.after_entering(NOW + MINUTE, rearms=rearms).left(NOW + MINUTE) == left


def test_without_rearming_entering_still_opens_its_own_minute_again() -> None:
    used = sent(Window().after_entering(NOW, rearms=False), 2)
    assert used.after_entering(NOW + SECOND, rearms=False).left(NOW + SECOND) == 2


actions = st.lists(st.tuples(st.sampled_from(["message", "enter", "send"]), st.integers(0, 200_000)), max_size=30)


@given(actions)
def test_never_more_than_five_and_never_longer_than_the_last_grant(walk: list[tuple[str, int]]) -> None:
    window, now, granted_until = Window(), NOW, NOW - SECOND
    for action, seconds in walk:
        now += timedelta(seconds=seconds)
        if action == "message":
            window, granted_until = window.after_message(now), now + HOURS_48
        elif action == "enter":
            window, granted_until = window.after_entering(now, rearms=True), max(granted_until, now + MINUTE)
        elif window.refusal(now) is None:
            window = window.after_send()
        assert 0 <= window.left(now) <= 5
        assert window.is_open(now) is (now <= granted_until)


async def type_(box: Box, command: str = "Typing", path: str = TYPING) -> int:
    return (await box.post(path, {"touser": OPENID, "command": command})).errcode


async def test_typing_checks_in_order(box: Box) -> None:
    assert (await box.post(TYPING, {"touser": "oNobody", "command": "Dance"})).errcode == 40003
    assert await type_(box, "Dance") == 45072
    assert await type_(box) == 45015
    await box.act("enter")
    assert await type_(box) == 45080, "entering is no message"
    await box.say()
    assert [await type_(box), await type_(box)] == [0, 45081]
    assert (await box.phone())["typing"] is True


async def test_typing_ends_by_itself_by_command_and_by_a_message(box: Box) -> None:
    await box.say()
    await type_(box)
    await box.advance(15)
    assert (await box.phone())["typing"] is False
    assert [await type_(box), await type_(box, "CancelTyping"), await type_(box)] == [0, 0, 0]
    await box.send()
    assert (await box.phone())["typing"] is False


async def test_typing_needs_an_interaction_within_30_seconds_in_either_direction(box: Box) -> None:
    await box.say()
    await box.advance(31)
    assert await type_(box) == 45080
    await box.send()
    assert await type_(box) == 0


async def test_both_paths_of_typing_work(box: Box) -> None:
    await box.say()
    assert await type_(box, path="/cgi-bin/message/custom/business/typing") == 0
    assert await type_(box) == 45081
