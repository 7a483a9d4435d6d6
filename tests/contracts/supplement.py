"""Bodies of the kinds that a quiet day at the desk does not bring about, encoded by the code of the release."""

from collections.abc import Collection
from typing import Any

import orjson
from pydantic import BaseModel

from shared.contracts import AgentChanged, KeepToken, SendDue, ShowTyping
from shared.contracts.hints import AgentSeen
from shared.conversation.commands import ClaimWanted
from shared.conversation.content import Event
from shared.conversation.facts import (
    DiscardMessage,
    EventReceived,
    FactCondemned,
    MarkSent,
    MessageReplayed,
    TimerFired,
)
from tests.contracts.schemas import all_kinds
from tests.support import facts

OWN: dict[str, Any] = {"conversation_id": facts.CONVERSATION, "app_id": facts.APP, "trace_id": "trace"}


def supplement(recorded: Collection[str]) -> dict[str, list[Any]]:
    """By kind, those that were not recorded."""
    made = {one.model_dump()["kind"]: one for one in everything()}
    missing = all_kinds() - set(recorded)
    return {kind: [orjson.loads(made[kind].model_dump_json(exclude_none=True))] for kind in sorted(missing)}


def everything() -> list[BaseModel]:
    claim = f"{facts.CONVERSATION}.1.1"
    return [
        facts.answered("您好"),
        facts.block(),
        facts.claimed(),
        facts.close(),
        facts.decline(),
        facts.deleted(quiet_since=-60),
        facts.described(name="小王"),
        facts.handed(1, "m1"),
        facts.left(),
        facts.noted(),
        facts.questioned("lina", claim),
        facts.read(3),
        facts.refused("k1"),
        facts.stood(),
        facts.tagged("重要"),
        facts.transfer(to_agent="wang"),
        EventReceived(**facts.origin(), openid=facts.OPENID, event=Event(name="user_leave", detail={"Reason": "1"})),
        FactCondemned(**facts.origin(), condemned_kind="message_received", dead_id="d1", inbound=True),
        MessageReplayed(**facts.origin(), message_id="m1", received=facts.received("补上的")),
        DiscardMessage(**facts.asked(), message_id="m1", seq=1),
        MarkSent(**facts.asked(), message_id="m1", seq=1),
        TimerFired(**facts.origin(), due_at=facts.at(60)),
        AgentChanged(agent_id="lina", trace_id="trace"),
        KeepToken(app_id=facts.APP, trace_id="trace"),
        SendDue(**OWN),
        ShowTyping(**OWN, openid=facts.OPENID, typing=True, expires_at=facts.at(5)),
        ClaimWanted(**OWN, session=1, claim_id=claim, agent_id="lina", command_id="k1", digest="d"),
        AgentSeen(what="typing", conversation_id=facts.CONVERSATION, app_id=facts.APP, agent_id="lina", name="李娜"),
    ]
