"""How many messages WeChat still lets us send to one customer, and until when.

A customer's message opens 5 messages within 48 hours; entering by the button opens 2 within 1 minute. Grants do
not add up: each lifts what is left, and the deadline, to at least its own (「客服消息使用指南」, 下发条数与时间). The
numbers are data. WeChat's own answer overrides the arithmetic.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from shared.conversation.content import Frozen

GrantKind = Literal["message", "entering"]
Outcome = Literal["sent", "refused", "expired", "unknown"]

GRANTS: Final[dict[GrantKind, tuple[int, timedelta]]] = {
    "message": (5, timedelta(hours=48)),
    "entering": (2, timedelta(minutes=1)),
}

CREATE_TIME_RESOLUTION: Final = timedelta(seconds=1)
NOT_COUNTED: Final = frozenset({"refused", "expired"})
FINAL: Final = frozenset({"sent", "refused", "expired"})


class Grant(Frozen):
    kind: GrantKind
    grant_at: datetime
    granted: int
    deadline: datetime


class Reservation(Frozen):
    """One message that takes, or may have taken, one of the granted places.

    `attempted_at` is None until the sender has tried; `machine` marks what no person wrote.
    """

    id: str
    machine: bool = False
    attempted_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def settled(self) -> bool:
        return self.outcome is not None


class Balance(Frozen):
    """What is left at one instant. `grant` is None where nothing was ever granted or all has lapsed."""

    remaining: int
    machine_spent: int
    grant: GrantKind | None
    deadline: datetime | None
    at_most: bool = False
    """Others may have used some of what is counted as left."""


class Ledger(Frozen):
    """The newest grant of each kind and the messages that count against them."""

    grants: tuple[Grant, ...] = ()
    sends: tuple[Reservation, ...] = ()
    closed_at: datetime | None = None
    """WeChat said the window is closed to an attempt that began at this instant."""
    shared_at: datetime | None = None
    """When somebody else, whose messages we do not see, last had the customer: they count against the same places."""

    def granted(self, kind: GrantKind, at: datetime) -> "Ledger":
        """The ledger after the customer wrote or entered; an older grant of the same kind changes nothing.

        One of the same second is another message, and opens the window anew as WeChat does.
        """
        if any(grant.kind == kind and grant.grant_at > at for grant in self.grants):
            return self
        places, lasts = GRANTS[kind]
        others = [grant for grant in self.grants if grant.kind != kind]
        grants = sorted(
            [*others, Grant(kind=kind, grant_at=at, granted=places, deadline=at + lasts)], key=lambda g: g.grant_at
        )
        oldest = grants[0].grant_at
        sends = [_placed_before(send, at) for send in self.sends]
        kept = tuple(s for s in sends if not s.settled or s.attempted_at is None or s.attempted_at >= oldest)
        # Closed in the very second the grant names: we heard of that first, so it came first, as with the sends.
        reopened = self.closed_at is None or self.closed_at < at + CREATE_TIME_RESOLUTION
        closed_at = None if reopened else self.closed_at
        return self.but(grants=tuple(grants), sends=_bounded(kept), closed_at=closed_at)

    def reserved(self, send_id: str, *, machine: bool = False) -> "Ledger":
        return self.but(sends=(*self.sends, Reservation(id=send_id, machine=machine)))

    def settled(self, send_id: str, outcome: Outcome, attempted_at: datetime | None) -> "Ledger":
        """An outcome only improves: `unknown` may become `sent` or `refused`, a final one stays."""
        sends = tuple(
            s.but(outcome=outcome, attempted_at=attempted_at or s.attempted_at)
            if s.id == send_id and s.outcome not in FINAL
            else s
            for s in self.sends
        )
        return self.but(sends=sends)

    def closed(self, attempted_at: datetime) -> "Ledger":
        """WeChat answered 45015, 45037 or 45047 to an attempt; it counts unless a later grant reopened the window."""
        latest = max((grant.grant_at for grant in self.grants), default=None)
        if latest is not None and attempted_at < latest:
            return self
        return self.but(closed_at=attempted_at)

    def thought_open(self, attempted_at: datetime) -> bool:
        """Whether an attempt of this instant, for which a place was reserved, was one that WeChat should have taken.

        Not while somebody else has the customer, and not where WeChat has said since the last grant that it is closed.
        """
        latest = max((grant.grant_at for grant in self.grants), default=None)
        if latest is None or attempted_at < latest or attempted_at > max(grant.deadline for grant in self.grants):
            return False
        return all(at is None or at < latest for at in (self.closed_at, self.shared_at))

    def shared(self, at: datetime) -> "Ledger":
        """Somebody whose messages we do not see has the customer."""
        return self.but(shared_at=at)

    def balance(self, now: datetime) -> Balance:
        """Walk the grants in order; each send counts against the grants that stood when it was attempted."""
        remaining, machine_spent = 0, 0
        deadline: datetime | None = None
        kind: GrantKind | None = None
        for place, grant in enumerate(self.grants):
            if deadline is not None and grant.grant_at > deadline:
                remaining, deadline = 0, None
            if grant.granted > remaining or deadline is None:
                remaining, kind, machine_spent = max(remaining, grant.granted), grant.kind, 0
            deadline = grant.deadline if deadline is None else max(deadline, grant.deadline)
            spent = [s for s in self._counted_from(grant) if self._grant_of(s) == place]
            remaining = max(0, remaining - len(spent))
            machine_spent += sum(s.machine for s in spent)
        if deadline is None or now > deadline:
            return Balance(remaining=0, machine_spent=0, grant=None, deadline=None)
        if self.closed_at is not None and self.closed_at >= self.grants[-1].grant_at:
            remaining = 0
        at_most = self.shared_at is not None and self.shared_at >= self.grants[-1].grant_at
        return Balance(remaining=remaining, machine_spent=machine_spent, grant=kind, deadline=deadline, at_most=at_most)

    def _counted_from(self, grant: Grant) -> list[Reservation]:
        return [
            s
            for s in self.sends
            if s.outcome not in NOT_COUNTED and (s.attempted_at is None or s.attempted_at >= grant.grant_at)
        ]

    def _grant_of(self, send: Reservation) -> int:
        """Which grant stood when the send was attempted: the last one before it; the newest if it was not yet."""
        if send.attempted_at is None:
            return len(self.grants) - 1
        return sum(grant.grant_at <= send.attempted_at for grant in self.grants) - 1


def _placed_before(send: Reservation, grant_at: datetime) -> Reservation:
    """A send that ended before we heard of the grant, attempted in the very second the grant names, came before it.

    CreateTime knows whole seconds, so which was first cannot be seen. If this is wrong WeChat refuses one message in
    words and corrects us; counting such sends would block messages that may be sent, and nothing would correct that.
    """
    if send.attempted_at is None or send.outcome not in FINAL:
        return send
    if grant_at <= send.attempted_at < grant_at + CREATE_TIME_RESOLUTION:
        return send.but(attempted_at=grant_at - timedelta(milliseconds=1))
    return send


def _bounded(sends: tuple[Reservation, ...], most: int = 64) -> tuple[Reservation, ...]:
    """Unsettled sends are few by construction; this keeps a document small whatever happens."""
    return sends[-most:]
