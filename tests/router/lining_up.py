"""What `offers.v1` says, and customers who stand in line."""

from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from shared.bus.partition_consumer import Received
from shared.contracts import AgentChanged, Swept, encode
from shared.conversation.commands import ClaimWanted, SessionWaiting
from shared.conversation.model import Session
from shared.conversation.policy import Policy
from shared.store.apps import App
from tests.router.workshop import Workshop
from tests.support.facts import APP, CONVERSATION, received

AGENTS_FIRST: Final = Policy(entry="agents")


def nudge() -> Received:
    return Received(encode(AgentChanged(agent_id="x", trace_id="t")), "agent_changed", 0, redelivered=False, tag=1)


def swept() -> Received:
    return Received(encode(Swept(trace_id="t")), "swept", 0, redelivered=False, tag=1)


def waiting_told(conversation: str = CONVERSATION) -> Received:
    told = SessionWaiting(conversation_id=conversation, app_id=APP, trace_id="t")
    return Received(encode(told), told.kind, 0, redelivered=False, tag=1)


def wanted(agent: str, command: str = "k1", assignment: int = 1) -> Received:
    told = ClaimWanted(
        conversation_id=CONVERSATION,
        app_id=APP,
        trace_id="t",
        session=1,
        claim_id=f"{CONVERSATION}.1.{assignment}",
        agent_id=agent,
        command_id=command,
        digest="d",
    )
    return Received(encode(told), told.kind, 0, redelivered=False, tag=1)


def serve(shop: Workshop, policy: Policy) -> None:
    secret = SecretStr("x")
    shop.policy = policy
    shop.apps = [App(app_id=APP, name="店", secret=secret, token=secret, policy=policy)]


async def wait_in_line(shop: Workshop, *openids: str, policy: Policy = AGENTS_FIRST) -> list[str]:
    """Customers come, a second after each other; their conversations. From now on the app has this policy."""
    serve(shop, policy)
    names = []
    for openid in openids:
        shop.at += timedelta(seconds=1)
        fact = received("你好", openid=openid)
        await shop.batch().settle([fact])
        names.append(fact.conversation_id)
    return names


async def responder(shop: Workshop, name: str) -> str | None:
    session = (await shop.conversation(name)).session
    return session.responder.id if session and session.responder else None


async def session_of(shop: Workshop, name: str) -> Session:
    session = (await shop.conversation(name)).session
    assert session is not None
    return session
