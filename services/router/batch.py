"""One batch of facts: loaded together, decided in order, committed in one write, carried out, in that order.

Nothing but the commit is written by a decision that might still lose. Everything after the commit can be repeated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import structlog

from services.router.carrying import Carrier
from services.router.spans import record_settled
from shared.conversation.decide import decide
from shared.conversation.facts import AnyFact, SendSettled
from shared.conversation.ids import message_id
from shared.conversation.model import Conversation, Verdict
from shared.conversation.policy import Policy
from shared.observe import metrics, tracing
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.conversations import Commit, ConversationStore, Entry, Loaded
from shared.store.messages import MessageStore

log = structlog.get_logger()

PIECE_FACTS: Final = 32
"""How many facts of one conversation one commit takes, so that a document and its `pending` stay small."""

Piece = dict[str, list[AnyFact]]


class Undecidable(Exception):
    """Deciding or writing this one fact failed, and would fail again."""

    def __init__(self, fact: AnyFact, reason: str) -> None:
        super().__init__(reason)
        self.fact = fact


class Decided:
    """What one batch makes of one conversation: its new state, what follows, and the verdicts to tell."""

    def __init__(self, loaded: Loaded, at_hand: Iterable[str]) -> None:
        """`at_hand` are the causes still in the batch: their entries may not have gone out, and go out now.

        Every other entry in `pending` is dropped by the next write, since it has gone out.
        """
        self.since = loaded.conversation.version
        self.conversation = loaded.conversation
        self.pending = loaded.pending
        self.facts: list[str] = []
        self.entries: list[Entry] = [loaded.pending[cause] for cause in at_hand if cause in loaded.pending]
        self.verdicts: list[Verdict] = []

    @property
    def changed(self) -> bool:
        return self.conversation.version != self.since

    def knows(self, fact: AnyFact, existing: set[str]) -> bool:
        """A fact is known by the last commits, or by the message it added."""
        return (
            fact.id in self.facts
            or self.conversation.knows(fact.id)
            or fact.cause in self.pending
            or message_id(fact.conversation_id, fact.cause) in existing
        )

    def take(self, fact: AnyFact, *, policy: Policy, now: datetime) -> None:
        decision = decide(self.conversation, fact, policy=policy, now=now)
        if decision.verdict is not None:
            self.verdicts.append(decision.verdict)
        if decision.conversation is self.conversation:
            return
        self.conversation = decision.conversation
        self.facts.append(fact.id)
        self.entries.append(
            Entry(
                cause=fact.cause,
                version=decision.conversation.version,
                messages=decision.messages,
                changes=decision.changes,
                commands=decision.commands,
            )
        )

    def repeat(self, fact: AnyFact) -> None:
        """Nothing is decided twice, but a command's verdict is told again: the first telling may have been lost."""
        command = getattr(fact, "command_id", None)
        verdict = self.conversation.verdict_on(command) if command else None
        if verdict is not None:
            self.verdicts.append(verdict)

    def commit(self) -> Commit:
        return Commit(self.since, self.conversation, tuple(self.facts), tuple(self.entries))


class Batch:
    """Settles facts of one partition. One batch at a time, by the partition's single active consumer."""

    def __init__(
        self,
        conversations: ConversationStore,
        messages: MessageStore,
        carrier: Carrier,
        policy_of: Callable[[str], Policy],
        now: Callable[[], datetime],
        step: Step = no_step,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._carrier = carrier
        self._policy_of = policy_of
        self._now = now
        self._step = step

    async def settle(self, facts: Sequence[AnyFact]) -> None:
        """Commit and carry out; raises Outage (take the same facts again) or Undecidable (without that one)."""
        waiting: dict[str, list[AnyFact]] = defaultdict(list)
        for fact in facts:
            waiting[fact.conversation_id].append(fact)
        while waiting:
            piece = {conversation: told[:PIECE_FACTS] for conversation, told in waiting.items()}
            await self._settle_piece(piece, {c: [fact.cause for fact in told] for c, told in waiting.items()})
            waiting = {c: told[PIECE_FACTS:] for c, told in waiting.items() if len(told) > PIECE_FACTS}

    async def _settle_piece(self, piece: Piece, at_hand: dict[str, list[str]]) -> None:
        """Decide and commit until no conversation of the piece has lost a race."""
        while piece:
            began = tracing.now()
            decided = await self._decide(piece, at_hand)
            changed = [one for one in decided if one.changed]
            await self._step("decided")
            lost = await self._commit(changed, piece) if changed else set()
            await self._step("committed")
            won = [one for one in decided if one.conversation.id not in lost]
            await self._carrier.carry_out(won)
            record_settled(won, piece, began)
            metrics.router_races_total.inc(len(lost))
            piece = {conversation: piece[conversation] for conversation in lost}

    async def _decide(self, piece: Piece, at_hand: dict[str, list[str]]) -> list[Decided]:
        """Load the conversations, and only then ask which messages exist: so a commit in between is seen."""
        facts = [fact for told in piece.values() for fact in told]
        loaded = await self._conversations.load(list(piece))
        existing = await self._messages.existing([message_id(f.conversation_id, f.cause) for f in facts])
        now = self._now()
        return [
            self._decide_one(
                Decided(loaded.get(name) or Loaded(_unheard_of(told), {}), at_hand[name]), told, existing, now
            )
            for name, told in piece.items()
        ]

    def _decide_one(self, decided: Decided, told: list[AnyFact], existing: set[str], now: datetime) -> Decided:
        policy = self._policy_of(decided.conversation.app_id)
        for fact in told:
            if decided.knows(fact, existing):
                decided.repeat(fact)
                metrics.router_facts_total.labels(fact.kind, "known").inc()
                continue
            if isinstance(fact, SendSettled) and _missed(decided.conversation, fact):
                metrics.router_ledger_misses_total.labels(fact.app_id).inc()
            try:
                decided.take(fact, policy=policy, now=now)
            except Exception as failure:
                log.exception("fact_undecidable", fact_id=fact.id, kind=fact.kind)
                raise Undecidable(fact, f"{type(failure).__name__} while deciding") from failure
            metrics.router_facts_total.labels(fact.kind, "decided").inc()
        return decided

    async def _commit(self, changed: list[Decided], piece: Piece) -> set[str]:
        """Which conversations lost. Where the driver refuses to write at all, halve until the culprit stands alone."""
        try:
            lost = await self._conversations.commit([one.commit() for one in changed])
        except Outage:
            raise
        except Exception as failure:
            if len(changed) > 1:
                half = len(changed) // 2
                return await self._commit(changed[:half], piece) | await self._commit(changed[half:], piece)
            told = piece[changed[0].conversation.id]
            if len(told) > 1:
                return await self._commit_one_by_one(told)
            raise Undecidable(told[0], f"{type(failure).__name__} while writing") from failure
        return {changed[place].conversation.id for place in lost}

    async def _commit_one_by_one(self, told: list[AnyFact]) -> set[str]:
        """One of several facts of a conversation cannot be written: settle each by itself, up to the culprit."""
        for fact in told:
            await self._settle_piece({fact.conversation_id: [fact]}, {fact.conversation_id: [fact.cause]})
        return {told[0].conversation_id}


def _missed(conversation: Conversation, settled: SendSettled) -> bool:
    """WeChat closed a window that our ledger had open: somebody else sends by the same quota, or we count wrongly."""
    at = settled.attempted_at
    return settled.window_closed and at is not None and conversation.ledger.thought_open(at)


def _unheard_of(told: list[AnyFact]) -> Conversation:
    first = told[0]
    openid = next((openid for fact in told if (openid := getattr(fact, "openid", None))), "")
    return Conversation(id=first.conversation_id, app_id=first.app_id, openid=openid)
