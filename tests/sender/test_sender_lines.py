from datetime import UTC, datetime

from services.sender.lines import Lines, Send
from shared.conversation.commands import SendMessage
from shared.conversation.content import Text


def send(version: int, conversation: str = "c1") -> Send[SendMessage]:
    command = SendMessage(
        conversation_id=conversation,
        app_id="wx1",
        trace_id="t",
        send_id=f"{conversation}:{version}",
        openid="o",
        content=Text(text="您好"),
        place=(version, 0),
        expires_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return Send(command, None, held=True)


async def test_sends_to_one_customer_go_one_by_one_in_the_order_of_their_places() -> None:
    lines = Lines()
    first, third, second, other = send(1), send(3), send(2), send(1, "c2")
    with lines.standing(first):
        with lines.standing(third), lines.standing(second), lines.standing(other):
            assert [one.turn.done() for one in (first, second, third, other)] == [True, False, False, True]
        assert not third.turn.done() or third.turn.cancelled()


async def test_the_next_one_goes_when_the_first_has_left() -> None:
    lines = Lines()
    first, third, second = send(1), send(3), send(2)
    standing = lines.standing(first)
    standing.__enter__()
    with lines.standing(third), lines.standing(second):
        standing.__exit__(None, None, None)
        assert (second.turn.done(), third.turn.done()) == (True, False)


async def test_one_that_makes_room_without_having_gone_holds_nobody_up() -> None:
    lines = Lines()
    first, second, third = send(1), send(2), send(3)
    standing = lines.standing(first)
    standing.__enter__()
    with lines.standing(third):
        with lines.standing(second):
            second.turn.cancel()
        standing.__exit__(None, None, None)
        assert third.turn.done()


async def test_a_customers_line_is_forgotten_when_it_is_empty() -> None:
    lines = Lines()
    one, again = send(1), send(2)
    with lines.standing(one) as line:
        line.left_behind = True
    with lines.standing(again) as line:
        assert again.turn.done()
        assert not line.left_behind
