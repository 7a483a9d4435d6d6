"""A rate with a burst, as the generic cell rate algorithm has it (ATM Forum TM 4.0, §4.4.2)."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self


class Taken(NamedTuple):
    """A place in the rate: the bucket after it, and how long to wait until it comes."""

    bucket: "Bucket"
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `burst + rate_per_second * t` places in any t seconds; unused ones are kept up to `burst`.

    `spent_until` is the instant at which the bucket will be full again. Instants are seconds of any one clock that
    does not go back.
    """

    rate_per_second: float
    burst: int
    spent_until: float

    @classmethod
    def empty(cls, rate_per_second: float, burst: int, now: float) -> Self:
        """A bucket whose last place has just been taken, perhaps by somebody else."""
        return cls(rate_per_second, burst, now + burst / rate_per_second)

    def take(self, now: float, patience_seconds: float = 0.0) -> Taken | None:
        """The next place, if it comes within `patience_seconds`; else none is taken."""
        interval = 1 / self.rate_per_second
        comes_at = max(now, self.spent_until - (self.burst - 1) * interval)
        if comes_at - now > patience_seconds:
            return None
        spent_until = max(self.spent_until, comes_at) + interval
        return Taken(replace(self, spent_until=spent_until), comes_at - now)
