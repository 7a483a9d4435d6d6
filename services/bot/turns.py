"""Turns taken from the queue and answered. A turn past its deadline is nobody's any more."""

from collections.abc import Callable
from datetime import datetime

from services.bot.rules import answer
from shared.bus.partition_consumer import Received
from shared.bus.publisher import Publisher
from shared.contracts import Unreadable, decode_bot
from shared.conversation.commands import AskBot
from shared.conversation.content import Text
from shared.conversation.facts import BotAnswered
from shared.conversation.policy import Policy
from shared.observe import metrics, tracing
from shared.store.dead import DeadStore


class Turns:
    """The handler of `bot.v1`. The same turn answered twice is one answer: it names its turn."""

    def __init__(
        self, publisher: Publisher, dead: DeadStore, policy_of: Callable[[str], Policy], now: Callable[[], datetime]
    ) -> None:
        self._publisher = publisher
        self._dead = dead
        self._policy_of = policy_of
        self._now = now

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage: take the same turns again."""
        began = tracing.now()
        turns = [turn for one in received if (turn := await self._read(one)) is not None]
        now = self._now()
        in_time = [turn for turn in turns if turn.deadline > now]
        metrics.bot_turns_total.labels("late").inc(len(turns) - len(in_time))
        answers = [self._answer(turn, now) for turn in in_time]
        await self._publisher.publish_all(answers)
        if tracing.tracing():
            for turn, told in zip(in_time, answers, strict=True):
                _record(turn, told, began)

    def _answer(self, turn: AskBot, now: datetime) -> BotAnswered:
        said = answer(self._policy_of(turn.app_id), turn.inputs)
        metrics.bot_turns_total.labels(said.reason).inc()
        return BotAnswered(
            conversation_id=turn.conversation_id,
            app_id=turn.app_id,
            cause=f"b:{turn.session}.{turn.turn}",
            occurred_at=now,
            trace_id=turn.trace_id,
            session=turn.session,
            turn=turn.turn,
            replies=tuple(Text(text=reply) for reply in said.replies),
            hand_off=said.hand_off,
            reason=said.reason,
        )

    async def _read(self, one: Received) -> AskBot | None:
        """An unreadable turn is set aside; its deadline hands the session off to a person."""
        try:
            return decode_bot(one.body)
        except Unreadable as unreadable:
            await self._dead.set_aside("bot.v1", one.body, one.kind, str(unreadable))
            return None


def _record(turn: AskBot, told: BotAnswered, began: int) -> None:
    tracing.record(
        "bot turn",
        "consumer",
        turn.trace_id,
        tracing.told(told),
        began,
        parent=tracing.sent_on(turn),
        app_id=turn.app_id,
        conversation_id=turn.conversation_id,
        kind=turn.kind,
    )
