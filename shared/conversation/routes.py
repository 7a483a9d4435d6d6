"""Where a session goes: rules by what is known of it, in order, and what it falls back to. Data and pure questions."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from shared.conversation.content import Frozen
from shared.conversation.hours import Days, Hours
from shared.conversation.source import read_source
from shared.conversation.texts import OptionalText, normal

MOST_SECONDS: Final = 172_800
"""The 48 hours after which nobody can answer any more."""


def _not_blank(words: tuple[str, ...]) -> tuple[str, ...]:
    if not all(word.strip() for word in words):
        raise ValueError("must not be blank: it would match everything")
    return words


Words = Annotated[tuple[str, ...], AfterValidator(_not_blank), Field(max_length=100)]


NAMED: Final = frozenset({"group", "agent", "vendor"})
"""Kinds of destinations of which there are several."""


class Destination(Frozen):
    """Who is to serve a session. `agents`: whoever serves the app; `official`: WeChat's own console."""

    kind: Literal["agents", "group", "agent", "bot", "vendor", "official"] = Field(
        description="agents: whoever serves the app; official: WeChat's own console"
    )
    name: str | None = Field(None, max_length=64, description="of the group, the agent's login, or the vendor account")

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.kind in NAMED and not (self.name or "").strip():
            raise ValueError(f"name: which {self.kind}?")
        if self.kind not in NAMED and self.name is not None:
            raise ValueError(f"name: {self.kind} takes none")
        return self

    @override
    def __str__(self) -> str:
        """`group:vip`, `official` …, as decisions and the history name it."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


AGENTS: Final = Destination(kind="agents")
THE_BOT: Final = Destination(kind="bot")
OFFICIAL: Final = Destination(kind="official")


class SourceTest(Frozen):
    """One thing that `session-from` says: a field of it, or its whole text."""

    field: str | None = Field(None, min_length=1, max_length=100, description="none: the whole text")
    match: Literal["equals", "contains", "begins"] = Field("equals", description="how it has to have one of the values")
    values: Words = Field(min_length=1, description="any of these, whatever its case")

    def holds(self, source: str | None, fields: Mapping[str, str]) -> bool:
        said = normal((source or "") if self.field is None else fields.get(self.field, ""))
        if not said:
            return False
        return any(_matches(self.match, said, normal(value)) for value in self.values)


class ProfileTest(Frozen):
    """A profile field, as the mini program's own server told it, has one of these values."""

    name: str = Field(min_length=1, max_length=40, description="of the field")
    values: Words = Field(min_length=1, description="any of these, whatever its case")

    def holds(self, profile: Mapping[str, str]) -> bool:
        return normal(profile.get(self.name, "")) in {normal(value) for value in self.values}


class Situation(NamedTuple):
    """What is known when a session is to be routed. `hours` are the app's, none: agents always work."""

    at: datetime
    text: str = ""
    source: str | None = None
    openid: str = ""
    tags: tuple[str, ...] = ()
    profile: Mapping[str, str] = {}
    hours: Hours | None = None


class Conditions(Frozen):
    """All that are given must hold; none given: always."""

    source: tuple[SourceTest, ...] = Field(
        (), max_length=10, description="what `session-from` says passes all of these"
    )
    words: Words = Field((), description="the customer's message contains any of these, whatever its case")
    tags: Words = Field((), description="the conversation has any of these tags")
    customers: Words = Field((), description="openids")
    profile: tuple[ProfileTest, ...] = Field((), max_length=10, description="the customer's fields pass all of these")
    hours: Literal["open", "closed"] | None = Field(None, description="by the app's business hours")
    weekdays: Days | None = Field(None, description="1 Monday … 7 Sunday, in the time zone of the hours")
    holiday: bool | None = Field(None, description="whether the day is one of the holidays of the hours")

    def hold(self, now: Situation) -> bool:
        fields = read_source(now.source) if self.source else {}
        return (
            all(test.holds(now.source, fields) for test in self.source)
            and (not self.words or any(normal(word) in normal(now.text) for word in self.words))
            and (not self.tags or not set(self.tags).isdisjoint(now.tags))
            and (not self.customers or now.openid in self.customers)
            and all(test.holds(now.profile) for test in self.profile)
            and self._hold_at(now.at, now.hours)
        )

    @property
    def need_hours(self) -> bool:
        """Whether an app without hours can never fulfil them: it has no calendar, and is always open."""
        return self.hours == "closed" or self.weekdays is not None or self.holiday is not None

    def _hold_at(self, at: datetime, hours: Hours | None) -> bool:
        if hours is None:
            return not self.need_hours
        return (
            (self.hours is None or hours.open_at(at) == (self.hours == "open"))
            and (self.weekdays is None or hours.weekday(at) in self.weekdays)
            and (self.holiday is None or hours.holiday_at(at) == self.holiday)
        )


class Rule(Frozen):
    """Sessions of which the conditions hold go there. Of several rules the first that holds decides."""

    name: str = Field(min_length=1, max_length=60, description="shown to whoever asks why")
    when: Conditions = Conditions()
    to: Destination


FallbackReason = Literal["nobody_online", "waiting_longer", "out_of_hours", "vendor_down"]


class Fallback(Frozen):
    """What becomes of a session when its condition has come. Each is taken once in a session, in order.

    `vendor_down` is about a session that a vendor has, or was to have: its breaker is open, it did not take a message
    in time, it sent the customer away, or let them wait too long. All others are about a session in line.
    """

    when: FallbackReason = Field(description="what has to have come")
    after_seconds: int = Field(0, ge=0, le=MOST_SECONDS, description="and it has waited for so long")
    to: Destination
    say: OptionalText = Field(None, description="told to the customer, within the machines' budget")

    @model_validator(mode="after")
    def _has_time(self) -> Self:
        if self.when == "waiting_longer" and self.after_seconds == 0:
            raise ValueError("after_seconds: how long is longer?")
        return self

    @property
    def name(self) -> str:
        """What tells it from the app's others, wherever in their order it stands."""
        return f"{self.when}:{self.after_seconds}:{self.to}"


class Route(NamedTuple):
    """Where to, and by which rule; None: by the app's entry."""

    to: Destination
    rule: str | None = None


def route(rules: Iterable[Rule], entry: Destination, now: Situation, *, to_people: bool = False) -> Route:
    """The first rule that holds decides, else the entry. `to_people`: the bot is through, and rules to it count not."""
    for rule in rules:
        if (not to_people or rule.to.kind != "bot") and rule.when.hold(now):
            return Route(rule.to, rule.name)
    return Route(entry)


_MATCHES: Final[dict[str, Callable[[str, str], bool]]] = {
    "equals": str.__eq__,
    "contains": str.__contains__,
    "begins": str.startswith,
}


def _matches(how: str, said: str, value: str) -> bool:
    return _MATCHES[how](said, value)
