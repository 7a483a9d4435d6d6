from datetime import timedelta

from shared.contracts import ShowTyping
from shared.conversation.ids import conversation_id
from tests.sandbox.box import APPID, SEND, TYPING
from tests.sender.office import OPENID, Office
from tests.support.waiting import eventually


def typing(desk: Office, *, typing: bool = True, openid: str = OPENID, expires_in: float = 5) -> ShowTyping:
    return ShowTyping(
        conversation_id=conversation_id(APPID, openid),
        app_id=APPID,
        openid=openid,
        typing=typing,
        expires_at=desk.now + timedelta(seconds=expires_in),
        trace_id="t",
    )


async def after_a_send(desk: Office) -> None:
    """What was published before this send has been dealt with."""
    await desk.settled(await desk.send())


async def test_the_customer_sees_that_an_agent_types_and_that_they_stopped(desk: Office) -> None:
    async with desk.sender(SENDER_RATE_PER_SECOND=10_000):
        await after_a_send(desk)
        await desk.publish(typing(desk))
        await eventually(lambda: shown(desk))
        await desk.publish(typing(desk, typing=False))
        await eventually(lambda: hidden(desk))
    assert [call["body"]["command"] for call in await desk.calls(TYPING)] == ["Typing", "CancelTyping"]


async def test_it_is_shown_once_in_twelve_seconds_to_each_customer(desk: Office) -> None:
    await desk.open_window("o-2")
    async with desk.sender(SENDER_RATE_PER_SECOND=10_000):
        await after_a_send(desk)
        for openid in (OPENID, OPENID, "o-2", OPENID):
            await desk.publish(typing(desk, openid=openid))
        await after_a_send(desk)
        await eventually(lambda: typed(desk, 2))
    assert [call["openid"] for call in await desk.calls(TYPING)] == [OPENID, "o-2"]


async def test_what_comes_too_late_is_dropped(desk: Office) -> None:
    async with desk.sender(SENDER_RATE_PER_SECOND=10_000):
        await after_a_send(desk)
        await desk.publish(typing(desk, expires_in=-1), typing(desk, typing=False))
        await after_a_send(desk)
    assert await desk.calls(TYPING) == []


async def test_it_is_dropped_while_the_lane_is_closed(desk: Office) -> None:
    await desk.faults({"path": SEND, "errcode": 45011, "times": 1})
    async with desk.sender(SENDER_RATE_PER_SECOND=10_000):
        await desk.in_collection(await desk.send(), "deferred")
        await desk.publish(typing(desk))
        await desk.in_collection(await desk.send(openid="o-2"), "deferred")
    assert await desk.calls(TYPING) == []


async def test_its_failures_are_nobodys_business(desk: Office) -> None:
    await desk.faults({"path": TYPING, "http": 500})
    async with desk.sender(SENDER_RATE_PER_SECOND=10_000):
        await after_a_send(desk)
        await desk.publish(typing(desk))
        await eventually(lambda: desk.calls(TYPING))
        await after_a_send(desk)


async def shown(desk: Office) -> bool:
    return bool((await desk.box.phone(openid=OPENID))["typing"])


async def hidden(desk: Office) -> bool:
    return not await shown(desk)


async def typed(desk: Office, times: int) -> bool:
    return len(await desk.calls(TYPING)) >= times
