"""What an app's administrator decides, as data, and the pure questions asked of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, Self

from pydantic import Field, field_validator

from shared.conversation.content import TEXT_LIMIT_BYTES, Frozen
from shared.conversation.hours import Hours

RETENTION_DAYS: Final = (7, 3650)
"""The least and the most an app may ask for; ten years is longer than any law asks to keep a conversation."""
MOST_IDLE_SECONDS: Final = 31_536_000
"""A year: longer than anybody waits, and far from the end of what a calendar can name."""
MOST_REPLY_SECONDS: Final = 172_800
"""The 48 hours in which WeChat lets an answer to a message through."""


class KeywordRule(Frozen):
    """An answer the bot gives by itself. The first rule that matches answers."""

    words: tuple[str, ...] = Field(min_length=1, description="any of these matches, whatever its case")
    match: Literal["contains", "equals"] = "contains"
    reply: str | None = Field(None, description="the text sent; none to hand off without a word")
    hand_off: bool = Field(False, description="put the customer in line for an agent after the reply")

    @field_validator("words")
    @classmethod
    def _not_blank(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not all(word.strip() for word in words):
            raise ValueError("a keyword must not be blank: it would match every message")
        return words

    @field_validator("reply")
    @classmethod
    def _sendable(cls, reply: str | None) -> str | None:
        return sendable(reply)

    def matches(self, text: str) -> bool:
        said = normal(text)
        if self.match == "equals":
            return any(said == normal(word) for word in self.words)
        return any(normal(word) in said for word in self.words)


class Unmatched(Frozen):
    """What the bot does with a message that no rule matches."""

    reply: str | None = None
    hand_off: bool = True

    @field_validator("reply")
    @classmethod
    def _sendable(cls, reply: str | None) -> str | None:
        return sendable(reply)


class Assignment(Frozen):
    strategy: Literal["least_loaded"] = "least_loaded"
    groups: tuple[str, ...] = Field((), description="agents of these groups serve the app; empty: all agents")

    def served_by(self, groups: Iterable[str]) -> bool:
        """Whether somebody of these groups serves the app."""
        return not self.groups or not set(self.groups).isdisjoint(groups)


class IdleLimits(Frozen):
    """After how many seconds without a message from either side a session closes, by its state."""

    bot: int = Field(1800, ge=60, le=MOST_IDLE_SECONDS)
    waiting: int = Field(172_800, ge=60, le=MOST_IDLE_SECONDS)
    agent: int = Field(172_800, ge=60, le=MOST_IDLE_SECONDS)


class Policy(Frozen):
    """How sessions of one app are served. `version` counts the changes of the app's settings."""

    version: int = 0
    entry: Literal["bot", "agents"] = Field("bot", description="who answers a new session first")
    welcome: str | None = Field(None, description="sent when a customer enters by the contact button")
    keyword_rules: tuple[KeywordRule, ...] = Field((), max_length=200)
    hand_off_words: tuple[str, ...] = Field(("人工", "转人工", "人工客服"), max_length=50)
    unmatched: Unmatched = Unmatched()
    bot_budget: int = Field(3, ge=0, le=5, description="of the granted messages, how many machines may spend")
    bot_turn_seconds: int = Field(10, ge=1, le=300, description="how long the bot may take before it hands off")
    bot_reply_seconds: int = Field(
        600, ge=10, le=MOST_REPLY_SECONDS, description="after this a bot's answer is no longer wanted"
    )
    assignment: Assignment = Assignment()
    idle_close_seconds: IdleLimits = IdleLimits()
    hours: Hours | None = Field(None, description="when agents work; none: always")
    out_of_hours: str | None = Field(
        None, description="said once in a session when a customer would wait for an agent outside the hours"
    )
    retention_days: int | None = Field(
        None,
        description="conversations quiet for longer are deleted whole; none: kept for ever",
        json_schema_extra={"minimum": RETENTION_DAYS[0], "maximum": RETENTION_DAYS[1]},
    )

    @field_validator("welcome", "out_of_hours")
    @classmethod
    def _sendable(cls, text: str | None) -> str | None:
        return sendable(text)

    @field_validator("hand_off_words")
    @classmethod
    def _not_blank(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not all(word.strip() for word in words):
            raise ValueError("a hand-off word must not be blank: it would match every message")
        return words

    @field_validator("retention_days")
    @classmethod
    def _in_reason(cls, days: int | None) -> int | None:
        least, most = RETENTION_DAYS
        if days is not None and days < least:
            raise ValueError(
                f"must be at least {least}: whatever is quiet for longer is deleted for good; "
                "leave it out to keep everything"
            )
        if days is not None and days > most:
            raise ValueError(f"must be at most {most}, ten years; leave it out to keep everything")
        return days

    def open_at(self, at: datetime) -> bool:
        """Whether agents work at this instant."""
        return self.hours is None or self.hours.open_at(at)

    def in_time_zone(self, default: str) -> Self:
        """The same, with hours that name no time zone in this one."""
        if self.hours is None or self.hours.time_zone is not None:
            return self
        return self.but(hours=self.hours.but(time_zone=default))

    def wants_agent(self, text: str) -> bool:
        """Whether the customer's words ask for a human."""
        said = normal(text)
        return any(normal(word) in said for word in self.hand_off_words)

    def rule_for(self, text: str) -> KeywordRule | None:
        return next((rule for rule in self.keyword_rules if rule.matches(text)), None)


def normal(text: str) -> str:
    """Words as they are compared: no case, no white space."""
    return "".join(text.split()).casefold()


def sendable(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        raise ValueError("must not be blank; leave it out instead")
    size = len(text.encode())
    if size > TEXT_LIMIT_BYTES:
        raise ValueError(f"is {size} bytes; WeChat takes at most {TEXT_LIMIT_BYTES} in one message")
    return text
