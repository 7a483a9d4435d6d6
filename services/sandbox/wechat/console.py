"""WeChat's own console, seen from one customer: nobody, in its queue, or held by one of its agents. Pure.

Source: WeChat's mini program page 转发消息: while queued, messages are still pushed; while held they go to the console
alone, until the agent closes the session or 30 minutes pass without a close.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

HOLD_PERIOD: Final = timedelta(minutes=30)

ConsoleState = Literal["none", "queued", "held"]


class NotNow(Exception):
    """The console cannot do this in its present state; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    state: ConsoleState = "none"
    held_until: datetime | None = None

    def at(self, now: datetime) -> "ConsoleSession":
        """What has become of it by `now`: a hold that nobody closed has ended."""
        if self.state == "held" and self.held_until is not None and now >= self.held_until:
            return ConsoleSession()
        return self

    def transferred(self, now: datetime) -> "ConsoleSession":
        here = self.at(now)
        return ConsoleSession("queued") if here.state == "none" else here

    def accepted(self, now: datetime) -> "ConsoleSession":
        """Raises NotNow unless the customer is queued."""
        if self.at(now).state != "queued":
            raise NotNow(
                "the customer is not in the console's queue; answer a push with transfer_customer_service first"
            )
        return ConsoleSession("held", now + HOLD_PERIOD)

    def closed(self, now: datetime) -> "ConsoleSession":
        """Raises NotNow if there is nothing to close."""
        if self.at(now).state == "none":
            raise NotNow("the console neither holds nor queues this customer; there is nothing to close")
        return ConsoleSession()

    def check_held(self, now: datetime) -> None:
        """Raises NotNow unless an agent of the console holds the customer."""
        if self.at(now).state != "held":
            raise NotNow("no agent of the console holds this customer; accept first")
