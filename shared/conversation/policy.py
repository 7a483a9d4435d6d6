"""What an app's administrator decides, as data, and the pure questions asked of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator

from shared.conversation.bridges import Bridge
from shared.conversation.content import Frozen
from shared.conversation.hours import Hours
from shared.conversation.routes import (
    AGENTS,
    MOST_SECONDS,
    OFFICIAL,
    Destination,
    Fallback,
    Route,
    Rule,
    Situation,
    Words,
    route,
)
from shared.conversation.texts import OptionalText, normal

RETENTION_DAYS: Final = (7, 3650)
"""The least and the most an app may ask for; ten years is longer than any law asks to keep a conversation."""
MOST_IDLE_SECONDS: Final = 31_536_000
"""A year: longer than anybody waits, and far from the end of what a calendar can name."""

Seconds = Annotated[int, Field(ge=1, le=MOST_SECONDS)]


class KeywordRule(Frozen):
    """An answer the bot gives by itself. The first rule that matches answers."""

    words: Words = Field(min_length=1, description="any of these matches, whatever its case")
    match: Literal["contains", "equals"] = Field("contains", description="equals: the message is just that word")
    reply: OptionalText = Field(None, description="the text sent; none to hand off without a word")
    hand_off: bool = Field(False, description="put the customer in line for an agent after the reply")

    def matches(self, text: str) -> bool:
        said = normal(text)
        if self.match == "equals":
            return any(said == normal(word) for word in self.words)
        return any(normal(word) in said for word in self.words)


class Unmatched(Frozen):
    """What the bot does with a message that no rule matches."""

    reply: OptionalText = Field(None, description="the text sent; none to say nothing")
    hand_off: bool = Field(True, description="put the customer in line for an agent")


class Assignment(Frozen):
    """Which agent gets a session that waits, and when one loses it again."""

    strategy: Literal["least_loaded", "longest_idle"] = Field(
        "least_loaded", description="least_loaded: the fewest sessions; longest_idle: no new session for longest"
    )
    groups: tuple[str, ...] = Field((), description="agents of these groups serve the app; empty: all agents")
    auto_accept: bool = Field(True, description="false: agents accept by hand, also those who accept by themselves")
    offer_seconds: int | None = Field(
        None,
        ge=5,
        le=3600,
        description="who accepts by hand is offered a session for so long, then the next; none: nothing is offered",
    )
    last_agent_seconds: int = Field(
        0,
        ge=0,
        le=3600,
        description="how long a session waits for the agent this customer had last, if they are online",
    )
    reopen_seconds: int = Field(
        0,
        ge=0,
        le=MOST_SECONDS,
        description="who comes back within this waits for their last agent at once, not the bot",
    )
    offline: Literal["keep", "return", "reassign"] = Field(
        "keep",
        description="sessions of an agent who goes offline: stay, go back in line, or go to the front of the line",
    )
    offline_seconds: int = Field(300, ge=0, le=MOST_SECONDS, description="after being offline for so long")

    def served_by(self, groups: Iterable[str]) -> bool:
        """Whether somebody of these groups serves the app."""
        return not self.groups or not set(self.groups).isdisjoint(groups)


class IdleLimits(Frozen):
    """After how many seconds without a message from either side a session closes, by its state."""

    bot: int = Field(1800, ge=60, le=MOST_IDLE_SECONDS, description="of silence with the bot, and the session closes")
    waiting: int = Field(172_800, ge=60, le=MOST_IDLE_SECONDS, description="of silence in line: the customer gave up")
    agent: int = Field(172_800, ge=60, le=MOST_IDLE_SECONDS, description="of silence with an agent")


class WaitingWords(Frozen):
    """Told to a customer in line. `{position}` in the words is their place in it, from 1."""

    say: OptionalText = Field(None, description="none: nothing is told; `{position}` becomes the place in line")
    after_seconds: int = Field(0, ge=0, le=MOST_SECONDS, description="of waiting, for the first time")
    every_seconds: int = Field(600, ge=60, le=MOST_SECONDS, description="and then again")
    most: int = Field(1, ge=1, le=5, description="how often in one wait")


class Targets(Frozen):
    """When somebody must look: before an answer is late, or the window in which one may be given closes."""

    answer_seconds: Seconds | None = Field(None, description="how long a customer should wait in line at most")
    warn_seconds: int = Field(60, ge=0, le=MOST_SECONDS, description="warn so long before that")
    window_seconds: int = Field(3600, ge=0, le=MOST_SECONDS, description="warn so long before WeChat's window closes")
    agent_silent_seconds: Seconds | None = Field(
        None, description="warn when an agent has not answered a customer for so long"
    )
    escalate_to: str | None = Field(None, max_length=64, description="a group whose agents then serve the line, too")


class Reminder(Frozen):
    """Said once when the customer of an agent has been silent for so long."""

    say: OptionalText = Field(None, description="none: nobody is reminded")
    after_seconds: int = Field(3600, ge=60, le=MOST_SECONDS, description="without a word since the agent's last one")


class Rating(Frozen):
    """Asking the customer for 1 to 5 after an agent's session, where the quota still allows it."""

    ask: OptionalText = Field(None, description="none: nobody is asked")
    thanks: OptionalText = Field(None, description="said to who has answered")
    within_seconds: int = Field(86_400, ge=60, le=MOST_SECONDS, description="a number that comes later is a message")


class Flood(Frozen):
    """More messages than this from one customer are kept, but neither counted as unread nor brought to anyone."""

    messages: int = Field(30, ge=5, le=1000, description="so many at most")
    seconds: int = Field(60, ge=10, le=3600, description="within so long")


class OfficialConsole(Frozen):
    """WeChat's own console. A session goes there with the customer's next message, not before."""

    agents_may_transfer: bool = Field(False, description="agents may give sessions to it by hand")
    say: OptionalText = Field(None, description="told to the customer, who has to write once more")


Entry = Literal["bot", "agents", "official"] | Annotated[str, Field(pattern=r"^vendor:[a-z0-9][a-z0-9-]{0,39}$")]


class Policy(Frozen):
    """How sessions of one app are served. `version` counts the changes of the app's settings."""

    version: int = 0
    entry: Entry = Field(
        "bot", description="who answers a session that no rule is for; `vendor:` and the name of a vendor account, too"
    )
    after_bot: Destination = Field(
        AGENTS, description="where the bot hands off to, where no rule says otherwise; not the bot"
    )
    rules: tuple[Rule, ...] = Field((), max_length=100, description="the first that holds decides")
    fallbacks: tuple[Fallback, ...] = Field(
        (), max_length=10, description="for sessions that nobody takes where they are, in order"
    )
    official: OfficialConsole = OfficialConsole()
    welcome: OptionalText = Field(None, description="sent when a customer enters by the contact button")
    keyword_rules: tuple[KeywordRule, ...] = Field((), max_length=200, description="the first that matches answers")
    hand_off_words: Words = Field(
        ("人工", "转人工", "人工客服"), max_length=50, description="a message with any of these asks for a person"
    )
    unmatched: Unmatched = Unmatched()
    bot_budget: int = Field(3, ge=0, le=5, description="of the granted messages, how many machines may spend")
    bot_turn_seconds: int = Field(10, ge=1, le=300, description="how long the bot may take before it hands off")
    bot_reply_seconds: int = Field(
        600, ge=10, le=MOST_SECONDS, description="after this a machine's message is no longer wanted"
    )
    assignment: Assignment = Assignment()
    waiting: WaitingWords = WaitingWords()
    give_up_words: Words = Field((), max_length=50, description="who says just this in line wants to wait no longer")
    targets: Targets = Targets()
    reminder: Reminder = Reminder()
    idle_close_seconds: IdleLimits = IdleLimits()
    closing: OptionalText = Field(None, description="said when a session that an agent had ends")
    rating: Rating = Rating()
    flood: Flood | None = Field(Flood(), description="none: a customer may write as much as they like")
    hours: Hours | None = Field(None, description="when agents work; none: always")
    out_of_hours: OptionalText = Field(
        None, description="said once in a session when a customer would wait for an agent outside the hours"
    )
    retention_days: int | None = Field(
        None,
        description="conversations quiet for longer are deleted whole; none: kept for ever",
        json_schema_extra={"minimum": RETENTION_DAYS[0], "maximum": RETENTION_DAYS[1]},
    )

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

    def working_from(self, at: datetime) -> datetime | None:
        """This instant if agents work, else when they begin again; None: not within a year."""
        return at if self.hours is None else self.hours.open_from(at)

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

    @property
    def starts_with(self) -> Destination:
        """The entry, as a destination."""
        kind, _, name = self.entry.partition(":")
        return Destination.model_validate({"kind": kind, "name": name or None})

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Wherever the policy can send a session by itself."""
        fallbacks = (fallback.to for fallback in self.fallbacks)
        return (self.starts_with, self.after_bot, *(rule.to for rule in self.rules), *fallbacks)

    @property
    def may_hand_over(self) -> bool:
        """Whether any session of the app can go to the official console; only then is each push asked about."""
        return self.official.agents_may_transfer or OFFICIAL in self.destinations

    def route(self, now: Situation, *, to_people: bool = False) -> Route:
        """Where a session goes as things are; `to_people`: the bot is through with it."""
        after = self.after_bot if self.entry == "bot" else self.starts_with
        entry = after if to_people else self.starts_with
        return route(self.rules, entry, now._replace(hours=self.hours), to_people=to_people)

    def gives_up(self, text: str) -> bool:
        """Whether a customer in line says that they will wait no longer."""
        said = normal(text)
        return any(said == normal(word) for word in self.give_up_words)


class ServedPolicy(Policy):
    """A policy as decisions are given it: with the vendor accounts of the app as they are at this moment."""

    bridges: tuple[Bridge, ...] = ()


def bridge_of(policy: Policy, account: str | None) -> Bridge | None:
    """The vendor account of this name; None where the app has no such one that could be used."""
    bridges = policy.bridges if isinstance(policy, ServedPolicy) else ()
    return next((bridge for bridge in bridges if bridge.account == account), None)


def with_bridges(policy: Policy, bridges: Iterable[Bridge]) -> ServedPolicy:
    """The same policy, served with these."""
    return ServedPolicy.model_construct(**{**policy.__dict__, "bridges": tuple(bridges)})
