"""How many messages may be sent to a customer, and until when. Pure.

Source: WeChat's mini program pages 发送消息 and 客服消息使用指南. A customer's message allows 5 within 48 h, entering
by the button 2 within 1 minute. Counts do not add up: an action raises the count to the largest limit in force and
the deadline to the latest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MESSAGE_GRANT: Final = 5
MESSAGE_PERIOD: Final = timedelta(hours=48)
ENTER_GRANT: Final = 2
ENTER_PERIOD: Final = timedelta(minutes=1)

WINDOW_CLOSED: Final = 45015
QUOTA_USED: Final = 45047


@dataclass(frozen=True, slots=True)
class Window:
    """`message_deadline` is the part of the deadline that a message, not entering, has opened."""

    remaining: int = 0
    deadline: datetime | None = None
    message_deadline: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.deadline is not None and now <= self.deadline

    def left(self, now: datetime) -> int:
        return self.remaining if self.is_open(now) else 0

    def refusal(self, now: datetime) -> int | None:
        """The errcode that a send now meets, if any."""
        if not self.is_open(now):
            return WINDOW_CLOSED
        return None if self.remaining > 0 else QUOTA_USED

    def after_message(self, now: datetime) -> "Window":
        deadline = now + MESSAGE_PERIOD
        return Window(MESSAGE_GRANT, _later(self.deadline, deadline), _later(self.message_deadline, deadline))

    def after_entering(self, now: datetime, *, rearms: bool) -> "Window":
        """With `rearms`, entering gives 2 again although a message's 5 are used up; WeChat leaves that open."""
        if not rearms and self.message_deadline is not None and now <= self.message_deadline:
            return self
        remaining = max(self.left(now), ENTER_GRANT)
        return Window(remaining, _later(self.deadline, now + ENTER_PERIOD), self.message_deadline)

    def after_send(self) -> "Window":
        return Window(self.remaining - 1, self.deadline, self.message_deadline)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
