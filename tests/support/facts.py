"""Builders of facts and of messages, each with a sensible value for everything a test does not care about."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.conversation.content import Content, Text
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import (
    AcceptSession,
    AddNote,
    AgentClaimed,
    AgentLeft,
    AnyFact,
    BlockCustomer,
    BotAnswered,
    ClaimQuestioned,
    ClaimRefused,
    CloseSession,
    CustomerDeleted,
    CustomerDescribed,
    CustomerEntered,
    DeclineOffer,
    HandedToOfficial,
    MarkRead,
    MessageReceived,
    SendReply,
    SendSettled,
    StoodInLine,
    TagConversation,
    TimerFired,
    TransferSession,
)
from shared.conversation.ids import claim_id, conversation_id, message_id, session_id
from shared.conversation.model import (
    CUSTOMER,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    Party,
    Problem,
    ProfileField,
)
from shared.conversation.policy import Policy

APP = "wx0123456789abcdef"
OPENID = "o-customer-1"
CONVERSATION = conversation_id(APP, OPENID)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

_counter = itertools.count(1)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def origin(cause: str | None = None, seconds: float = 0, openid: str = OPENID) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id(APP, openid),
        "app_id": APP,
        "cause": cause or f"x:{next(_counter)}",
        "occurred_at": at(seconds),
        "trace_id": "trace",
    }


def message(
    seq: int = 1,
    text: str = "你好",
    *,
    conversation: str = CONVERSATION,
    state: DeliveryState | None = None,
    **more: Any,
) -> Message:
    """One of the history: the customer's, or, with a state of its delivery, ours."""
    fields: dict[str, Any] = {
        "id": message_id(conversation, f"m:{seq}"),
        "app_id": APP,
        "revision": seq,
        "direction": "outbound" if state else "inbound",
        "sender": Party(kind="agent", id="lina", name="Lina") if state else CUSTOMER,
        "content": Text(text=text),
        "at": NOON,
        "cause": f"m:{seq}",
        "delivery": Delivery(state=state, at=NOON) if state else None,
    }
    return Message(conversation=conversation, seq=seq, **{**fields, **more})


def received(
    text: str = "你好", *, msg_id: str | None = None, seconds: float = 0, openid: str = OPENID, **more: Any
) -> MessageReceived:
    msg_id = msg_id or str(next(_counter))
    content: Content = more.pop("content", None) or Text(text=text)
    return MessageReceived(
        **origin(f"m:{msg_id}", seconds, openid), openid=openid, msg_id=msg_id, content=content, **more
    )


def entered(*, seconds: float = 0, session_from: str | None = None, openid: str = OPENID) -> CustomerEntered:
    return CustomerEntered(**origin(None, seconds, openid), openid=openid, session_from=session_from)


def answered(*replies: str, turn: int = 1, session: int = 1, hand_off: bool = False, seconds: float = 0) -> BotAnswered:
    return BotAnswered(
        **origin(f"b:{session}.{turn}", seconds),
        session=session,
        turn=turn,
        replies=tuple(Text(text=reply) for reply in replies),
        hand_off=hand_off,
        reason="keyword",
    )


def settled(send_id: str, outcome: Any = "sent", *, seconds: float = 0, **more: Any) -> SendSettled:
    attempted_at = at(seconds) if outcome in {"sent", "refused", "unknown"} else None
    return SendSettled(
        **origin(f"s:{send_id}:{outcome}", seconds),
        send_id=send_id,
        outcome=outcome,
        attempted_at=attempted_at,
        **more,
    )


def claimed(
    agent: str = "lina", *, assignment: int = 1, session: int = 1, command: str | None = None, seconds: float = 0
) -> AgentClaimed:
    claim = claim_id(session_id(CONVERSATION, session), assignment)
    return AgentClaimed(
        **origin(f"a:{claim}:{agent}", seconds),
        claim_id=claim,
        session=session,
        agent_id=agent,
        agent_name=agent.title(),
        rule="least_loaded",
        command_id=command,
    )


def left(
    agent: str = "lina", *, claim: str | None = None, why: Any = "agent_disabled", seconds: float = 0
) -> AgentLeft:
    claim = claim or claim_id(session_id(CONVERSATION, 1), 1)
    return AgentLeft(**origin(f"left:{claim}", seconds), agent_id=agent, claim_id=claim, why=why)


def questioned(agent: str, claim: str, *, seconds: float = 0) -> ClaimQuestioned:
    return ClaimQuestioned(**origin(f"q:{claim}:{seconds}", seconds), agent_id=agent, claim_id=claim)


def refused(command: str, code: str = "at_capacity", *, seconds: float = 0) -> ClaimRefused:
    problem = Problem(code=code, detail="There is no room.")
    return ClaimRefused(
        **origin(f"r:{command}", seconds), command_id=command, digest=f"digest of {command}", problem=problem
    )


def stood(position: int = 1, *, session: int = 1, nobody: bool = False, seconds: float = 0) -> StoodInLine:
    return StoodInLine(**origin(None, seconds), session=session, position=position, nobody_online=nobody)


def handed(number: int, msg_id: str, *, seconds: float = 0) -> HandedToOfficial:
    return HandedToOfficial(**origin(f"o:{number}:{msg_id}", seconds), number=number, msg_id=msg_id)


def asked(agent: str = "lina", key: str | None = None, seconds: float = 0) -> dict[str, Any]:
    command = key or f"k{next(_counter)}"
    return {
        **origin(f"c:{command}", seconds),
        "command_id": command,
        "digest": f"digest of {command}",
        "agent_id": agent,
        "agent_name": agent.title(),
    }


def reply(*texts: str, agent: str = "lina", key: str | None = None, seconds: float = 0, **more: Any) -> SendReply:
    parts = tuple(Text(text=text) for text in texts or ("好的",))
    return SendReply(**asked(agent, key, seconds), client_id=key or "client", parts=parts, **more)


def accept(agent: str = "lina", **more: Any) -> AcceptSession:
    return AcceptSession(**asked(agent, **more))


def close(agent: str = "lina", *, supervises: bool = False, **more: Any) -> CloseSession:
    return CloseSession(**asked(agent, **more), supervises=supervises)


def transfer(agent: str = "lina", *, seconds: float = 0, **to: Any) -> TransferSession:
    return TransferSession(**asked(agent, seconds=seconds), **to)


def decline(agent: str = "lina", **more: Any) -> DeclineOffer:
    return DeclineOffer(**asked(agent, **more))


def block(agent: str = "lina", *, blocked: bool = True, supervises: bool = False, **more: Any) -> BlockCustomer:
    return BlockCustomer(**asked(agent, **more), blocked=blocked, supervises=supervises)


def tagged(*tags: str, agent: str = "omar", **more: Any) -> TagConversation:
    return TagConversation(**asked(agent, **more), tags=tags)


def noted(text: str = "老客户", agent: str = "omar", **more: Any) -> AddNote:
    return AddNote(**asked(agent, **more), client_id="client", text=text)


def read(seq: int, agent: str = "lina", **more: Any) -> MarkRead:
    return MarkRead(**asked(agent, **more), seq=seq)


def described(
    name: str | None = None, *, seconds: float = 0, openid: str = OPENID, fields: dict[str, str] | None = None
) -> CustomerDescribed:
    profile = None if fields is None else tuple(ProfileField(name=key, value=fields[key]) for key in fields)
    return CustomerDescribed(**origin(None, seconds, openid), openid=openid, name=name, profile=profile)


def deleted(*, seconds: float = 0, quiet_since: float | None = None, openid: str = OPENID) -> CustomerDeleted:
    if quiet_since is None:
        return CustomerDeleted(**origin(None, seconds, openid))
    return CustomerDeleted(**origin(None, seconds, openid), why="quiet", quiet_since=at(quiet_since))


def fired(conversation: Conversation) -> TimerFired:
    due_at = conversation.due_at
    assert due_at is not None
    return TimerFired(**origin(f"due:{due_at.isoformat()}"), due_at=due_at)


class Story:
    """A conversation to which facts happen one after another; keeps every decision."""

    def __init__(self, policy: Policy | None = None, openid: str = OPENID) -> None:
        self.policy = policy or Policy()
        self.conversation = Conversation(id=conversation_id(APP, openid), app_id=APP, openid=openid)
        self.decisions: list[Decision] = []

    def tell(self, *facts: AnyFact) -> Decision:
        """Apply facts, each at its own time; the last decision."""
        decision = Decision(self.conversation)
        for fact in facts:
            decision = decide(self.conversation, fact, policy=self.policy, now=fact.occurred_at)
            self.conversation = decision.conversation
            self.decisions.append(decision)
        return decision

    @property
    def history(self) -> list[Message]:
        return [message for decision in self.decisions for message in decision.messages]

    @property
    def state(self) -> str:
        return self.conversation.session.state if self.conversation.session else "none"

    @property
    def remaining(self) -> int:
        now = self.conversation.decided_at or NOON
        return self.conversation.ledger.balance(now).remaining

    def with_agent(self, agent: str = "lina") -> "Story":
        """A story in which the customer has written and an agent has the session."""
        self.policy = self.policy.but(entry="agents")
        self.tell(received(), claimed(agent))
        return self
