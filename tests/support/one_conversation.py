"""One conversation as the router, the gateway, the sender and the place of assignment together keep it, in memory."""

from collections import Counter
from datetime import datetime

from shared.conversation.commands import (
    ArmHandover,
    AskBot,
    CallVendor,
    ClaimWanted,
    EraseCustomer,
    RecordSession,
    Relay,
    ReleaseClaim,
    SendMessage,
)
from shared.conversation.content import Event
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import AgentClaimed, AnyFact
from shared.conversation.ids import message_id
from shared.conversation.model import Conversation, Message, Session
from shared.conversation.policy import Policy
from shared.conversation.quota import NOT_COUNTED
from tests.support.facts import OPENID, Story, at


class OneConversation:
    """Facts known by the last commits or by the history decide nothing; everything else may be told twice.

    `claims` is what the table of agents says: who holds which. Facts told and not arrived yet are `coming`.
    A claim is `astray` that was won once more for a command that was carried out long ago: only the sweep finds it.
    """

    def __init__(self, policy: Policy, openid: str = OPENID, claims: dict[str, str] | None = None) -> None:
        """`claims` are shared with other conversations where there are any."""
        self.story = Story(policy, openid)
        self.clock = 0.0
        self.known: set[str] = set()
        self.decided: set[str] = set()
        self.told: list[AnyFact] = []
        self.history: dict[int, Message] = {}
        self.named: dict[str, int] = {}
        self.erased = 0
        self.sends: dict[str, SendMessage] = {}
        self.outcomes: dict[str, str] = {}
        self.since_granted: list[str] = []
        self.by_machines: set[str] = set()
        self.turns: list[AskBot] = []
        self.wanted: list[ClaimWanted] = []
        self.claims: dict[str, str] = {} if claims is None else claims
        self.coming: list[AnyFact] = []
        self.astray: set[str] = set()
        self.armed: int | None = None
        self.taken: dict[int, str] = {}
        self.records: list[Session] = []
        self.calls: list[CallVendor] = []
        self.relayed: dict[int, list[str]] = {}

    @property
    def conversation(self) -> Conversation:
        return self.story.conversation

    @property
    def session(self) -> Session | None:
        return self.conversation.session

    @property
    def policy(self) -> Policy:
        return self.story.policy

    @property
    def now(self) -> datetime:
        return max(at(self.clock), self.conversation.decided_at or at(self.clock))

    def knows(self, fact: AnyFact) -> bool:
        return fact.id in self.known or self.named.get(message_id(fact.conversation_id, fact.cause), 0) > self.erased

    def tell(self, fact: AnyFact, *, carry_out: bool = True) -> Decision:
        """As one commit of the router; what it asks for is carried out at once, or by the caller."""
        if self.knows(fact):
            if isinstance(fact, AgentClaimed):
                self.astray.add(fact.claim_id)
            return Decision(self.conversation)
        before = self.conversation
        decision = decide(before, fact, policy=self.policy, now=at(self.clock))
        self.told.append(fact)
        if decision.conversation is not before:
            assert decision.conversation.version == before.version + 1
            self.known.add(fact.id)
            self.decided.add(fact.id)
        self.story.conversation = decision.conversation
        if decision.conversation is not before and _grants(before, fact):
            self.since_granted = []
        for message in decision.messages:
            assert message.seq not in self.history
            self.history[message.seq] = message
            self.named[message.id] = message.seq
            if message.direction == "outbound" and message.sender.kind not in {"agent", "vendor"}:
                self.by_machines.add(message.id)
        for command in decision.commands if carry_out else ():
            self.carry_out(command)
        return decision

    def bring(self, fact: AnyFact, *, at_once: bool) -> None:
        """Told from elsewhere: it arrives now or some time."""
        if at_once:
            self.tell(fact)
        elif fact not in self.coming:
            self.coming.append(fact)

    def unshown(self) -> set[str]:
        """The claims that agents hold though the session does not show them, nor is told of them."""
        shown = {self.session.claim} if self.session is not None else set()
        coming = {fact.claim_id for fact in self.coming if isinstance(fact, AgentClaimed)}
        return self.claims.keys() - shown - coming

    def take_for_official(self, msg_id: str) -> int | None:
        """Under which number the gateway hands this message to the official console, if it does."""
        if self.armed is None or self.taken.setdefault(self.armed, msg_id) != msg_id:
            return None
        return self.armed

    def counted(self, *, machine: bool) -> list[str]:
        """The messages sent since the customer last opened the window that WeChat has not refused; of machines only."""
        settled = [send for send in self.since_granted if self.outcomes.get(send) not in NOT_COUNTED]
        return [send for send in settled if not machine or send in self.by_machines]

    def events(self, name: str, session: Session) -> list[Event]:
        """Of one session, in order."""
        here = session.id_in(self.conversation.id)
        found = [m.content for m in self._in_order() if m.session_id == here]
        return [content for content in found if isinstance(content, Event) and content.name == name]

    def since_in_line(self) -> list[Message]:
        """What was added to the history since the session came in line, or to it again."""
        found: list[Message] = []
        for message in self._in_order():
            again = isinstance(message.content, Event) and message.content.name == "session_waiting"
            found = [] if again else [*found, message]
        return found

    def repeated_fallbacks(self, session: Session) -> list[str]:
        """Those that one session took more often than the app has them."""
        took = Counter(f"{e.detail['when']} {e.detail['to']}" for e in self.events("session_fell_back", session))
        has = Counter(f"{fallback.when} {fallback.to}" for fallback in self.policy.fallbacks)
        return sorted((took - has).elements())

    def _in_order(self) -> list[Message]:
        return [self.history[seq] for seq in sorted(self.history)]

    def carry_out(self, command: object) -> None:
        match command:
            case SendMessage():
                assert command.send_id not in self.sends, "one message is sent once"
                assert command.expires_at >= at(self.clock)
                self.sends[command.send_id] = command
                self.since_granted.append(command.send_id)
            case AskBot():
                self.turns.append(command)
            case ClaimWanted():
                self.wanted.append(command)
            case EraseCustomer():
                assert command.last_seq is not None
                assert command.last_seq >= self.erased
                self.erased = command.last_seq
            case ReleaseClaim():
                if self.claims.get(command.claim_id) == command.agent_id:
                    del self.claims[command.claim_id]
            case CallVendor():
                self._call(command)
            case ArmHandover():
                self._arm(command)
            case RecordSession():
                assert command.session.state == "closed"
                self.records.append(command.session)
            case _:
                pass

    def _call(self, command: CallVendor) -> None:
        assert command.expires_at > at(self.clock)
        self.calls.append(command)
        if isinstance(command.call, Relay):
            self.relayed.setdefault(command.bridging, []).append(command.call.message_id)

    def _arm(self, command: ArmHandover) -> None:
        """As the gateway's document keeps it: only the newest number counts."""
        if command.armed:
            assert self.armed is None or command.number > self.armed
            self.armed = command.number
        elif self.armed is not None and self.armed <= command.number:
            self.armed = None


def _grants(before: Conversation, fact: AnyFact) -> bool:
    """Whether this push opens a window, or opens it anew: unless a later one of its kind came first."""
    kinds = {"message_received": "message", "customer_entered": "entering"}
    newer = [grant for grant in before.ledger.grants if grant.grant_at > fact.occurred_at]
    return fact.kind in kinds and kinds[fact.kind] not in {grant.kind for grant in newer}
