"""What only the one place of assignment sees of a session that goes on waiting, told to its conversation."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from services.router.settings import RETELL_SECONDS
from shared.bus.publisher import Publisher
from shared.conversation.facts import StoodInLine
from shared.conversation.line import Place
from shared.conversation.model import Conversation, Session
from shared.conversation.policy import Policy
from shared.conversation.waiting import notices
from shared.lately import Lately


class Standing:
    def __init__(self, publisher: Publisher, policy_of: Callable[[str], Policy], now: Callable[[], datetime]) -> None:
        self._publisher = publisher
        self._policy_of = policy_of
        self._now = now
        self._told = Lately(RETELL_SECONDS)

    async def tell(self, places: Iterable[Place], conversations: Mapping[str, Conversation]) -> None:
        """Tell those for whom it changes something, and the same of nobody twice within a while. Raises Outage."""
        now = self._now()
        due = [
            place
            for place in places
            if notices(
                conversations[place.waiting.conversation_id],
                self._policy_of(place.waiting.app_id),
                now,
                nobody_online=place.nobody_online,
            )
        ]
        news = {_state(fact): fact for place in due if _state(fact := _stood(place, now)) not in self._told}
        await self._publisher.publish_all(news.values())
        for state in news:
            self._told.add(state)


def _stood(place: Place, now: datetime) -> StoodInLine:
    waiting = place.waiting
    return StoodInLine(
        conversation_id=waiting.conversation_id,
        app_id=waiting.app_id,
        cause=_cause(waiting.session),
        occurred_at=now,
        trace_id=f"line-{waiting.conversation_id}",
        session=waiting.session.number,
        position=place.position,
        nobody_online=place.nobody_online,
    )


def _cause(session: Session) -> str:
    """Names all that a decision of it changes: told again before it was decided, it is the same fact."""
    since = session.waiting_since.isoformat() if session.waiting_since else ""
    taken = ".".join(map(str, session.fallbacks))
    return f"line:{session.number}:{since}:{session.words_told}:{session.told_closed:d}:{taken}"


def _state(fact: StoodInLine) -> str:
    """That somebody has come, or the last one gone, is news at once; that the line has moved is not."""
    return f"{fact.id}:{fact.nobody_online:d}"
