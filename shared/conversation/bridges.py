"""What decisions know of a vendor account that an app's sessions can go to. The rest is the adapter's."""

from typing import Final, Literal

from pydantic import Field

from shared.conversation.content import Frozen
from shared.conversation.routes import MOST_SECONDS, Words
from shared.conversation.texts import OptionalText, normal

AHEAD: Final = "{ahead}"
"""In the words told to who stands in the vendor's line: how many are before them."""


class BreakerLimits(Frozen):
    """When a vendor that fails is left alone, and for how long before it is tried again."""

    failures: int = Field(5, ge=1, le=1000, description="so many failed calls in a row")
    within_seconds: int = Field(60, ge=1, le=3600, description="the first and the last of them no further apart")
    open_seconds: int = Field(30, ge=1, le=3600, description="then nothing is given to it until a probe succeeds")


class BridgeSettings(Frozen):
    """How sessions go on with any vendor, whatever it is. The vendor's own settings stand beside these."""

    patience_seconds: int = Field(
        20,
        ge=1,
        le=600,
        description="when the vendor has not taken a message for so long, the session falls back",
    )
    idle_seconds: int = Field(
        1800, ge=60, le=MOST_SECONDS, description="of silence from both sides, and the session with the vendor ends"
    )
    context_messages: int = Field(
        10, ge=0, le=50, description="how many of the last messages are shown to whoever takes over there"
    )
    tell_ahead: OptionalText = Field(
        "前面还有 {ahead} 位客户在排队，请稍候。",
        description="told to who stands in the vendor's line; `{ahead}` is how many are before them",
    )
    leave_words: Words = Field((), max_length=50, description="who says just this in that line waits no longer")
    people_words: Words = Field(
        ("人工", "转人工", "rg"), max_length=50, description="who says just this to the vendor's robot wants a person"
    )
    people: Literal["vendor", "agents"] = Field(
        "vendor", description="whose: the vendor's, or our own agents, who then take the session"
    )
    ask_rating: OptionalText = Field(
        "请回复数字，为本次服务评分：",
        description="said before the vendor's grades, each on a line of its own with its number; none: nobody is asked",
    )
    thanks: OptionalText = Field("感谢您的评价！", description="said to who has answered that")
    rating_seconds: int = Field(1800, ge=60, le=MOST_SECONDS, description="a number that comes later is a message")
    breaker: BreakerLimits = BreakerLimits()


class Bridge(Frozen):
    """One vendor account as one app's decisions see it.

    `answers_calls`: it says who takes the customer, or how they stand in its line; else it is just given every
    message. `shows_replies`: what its people say goes through us; else it speaks to WeChat itself and we see nothing.
    `rates`: its sessions can be graded. `takes_events`: it wants to hear of a customer who has only entered.
    `down`: its breaker is open, and nothing is given to it now.
    """

    account: str
    vendor: str
    name: str
    answers_calls: bool
    shows_replies: bool
    rates: bool
    takes_events: bool
    down: bool = False
    takes_in_line: bool = False
    """Whether messages may be given to it while the customer stands in its line."""
    line_poll_seconds: int = 20
    passes_originals: bool = False
    """It wants pushes as they came: they are kept with the messages."""
    word_seconds: int = 300
    """After so much silence of the customer what they left word of is closed; then they are introduced anew."""
    settings: BridgeSettings = BridgeSettings()

    def wants_person(self, text: str) -> bool:
        return any(normal(text) == normal(word) for word in self.settings.people_words)

    def gives_up(self, text: str) -> bool:
        return any(normal(text) == normal(word) for word in self.settings.leave_words)
