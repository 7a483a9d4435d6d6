"""Agents: who they are, whether they have room, and the claims that fill it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, get_args

from pydantic import Field
from pymongo.errors import DuplicateKeyError

from shared.clock import real_now
from shared.conversation.content import Frozen
from shared.conversation.policy import Policy
from shared.conversation.strategy import Standby
from shared.store.driver import Collection, Database, Doc

Role = Literal["agent", "supervisor", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Each may do what those before it may."""
Presence = Literal["online", "away", "offline"]


class Claim(Frozen):
    """Room taken for one assignment of one session. `id` is held by one agent at most, by a unique index.

    `rule` and `offered_until` are what its conversation is told, and told again should the first word be lost.
    """

    id: str
    conversation: str
    app_id: str
    at: datetime
    rule: str = ""
    offered_until: datetime | None = None


class SecondFactor(Frozen):
    """What a login needs beside the password. `secret` is sealed; `recovery` are the hashes of codes not yet used."""

    secret: str
    last_step: int
    recovery: tuple[str, ...] = ()


class OfferedFactor(Frozen):
    """A secret that no code has proved yet; sealed."""

    secret: str
    at: datetime


class Agent(Frozen):
    """A person who answers. `id` is the login name, which never changes."""

    id: str
    name: str
    role: Role = "agent"
    groups: tuple[str, ...] = ()
    presence: Presence = "offline"
    presence_at: datetime | None = None
    """Since when, by the machines' real time."""
    absent_since: datetime | None = None
    """Since when, while online, no page of the desk is open; none: one is."""
    capacity: int = Field(5, ge=0, le=200)
    auto_accept: bool = True
    away_after_seconds: int | None = Field(None, ge=60, le=86_400)
    """With no page open for so long the agent becomes away; none: never."""
    enabled: bool = True
    claims: tuple[Claim, ...] = ()
    assigned_at: datetime | None = None
    password_hash: str = ""
    second_factor: SecondFactor | None = None
    offered_factor: OfferedFactor | None = None

    @property
    def load(self) -> int:
        return len(self.claims)

    @property
    def supervises(self) -> bool:
        return self.role != "agent"

    @property
    def standby(self) -> Standby:
        """As assignment sees them."""
        return Standby(
            id=self.id,
            groups=self.groups,
            role=self.role,
            presence=self.presence,
            capacity=self.capacity,
            load=self.load,
            auto_accept=self.auto_accept,
            assigned_at=self.assigned_at,
        )

    def may_serve(self, policy: Policy) -> bool:
        """Whether this agent sees the conversations of an app that is served so. Supervisors see all."""
        return self.supervises or policy.assignment.served_by(self.groups)

    def holds(self, claim_id: str) -> Claim | None:
        return next((claim for claim in self.claims if claim.id == claim_id), None)

    def ranks(self, role: Role) -> bool:
        """Whether this agent may do what is kept for `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


class RosterEntry(Frozen):
    """An agent as colleagues see them; without the claims themselves, of which there may be hundreds."""

    id: str
    name: str
    role: Role = "agent"
    groups: tuple[str, ...] = ()
    presence: Presence = "offline"
    capacity: int = 0
    load: int = 0
    auto_accept: bool = True
    away_after_seconds: int | None = None
    enabled: bool = True
    second_factor: bool = False

    @property
    def supervises(self) -> bool:
        return self.role != "agent"


class AgentExists(Exception):
    """An agent with this login exists already."""


class Unclaimed(NamedTuple):
    """Why a claim was not to be had: someone else holds it, the agent has no room, or does not serve the app."""

    reason: Literal["taken", "at_capacity", "elsewhere", "not_found"]
    by: Agent | None = None


class AgentStore:
    def __init__(self, database: Database) -> None:
        self._agents: Collection = database["agents"]

    async def add(self, agent: Agent) -> None:
        """Raises AgentExists."""
        doc = agent.model_dump(exclude={"id", "claims"})
        since = agent.presence_at or real_now()
        doc |= {"presence_at": since, "absent_since": agent.absent_since or since}
        if await self._agents.insert_many([{"_id": agent.id, "claims": [], **doc}]):
            raise AgentExists(agent.id)

    async def get(self, agent_id: str) -> Agent | None:
        doc = await self._agents.find_one({"_id": agent_id})
        return opened_agent(doc) if doc else None

    async def everyone(self) -> list[Agent]:
        return [opened_agent(doc) for doc in await self._agents.find({}, sort=[("_id", 1)])]

    async def roster(self) -> list[RosterEntry]:
        """Everyone, by name, without what only assignment needs of them: cheap however much they have to do."""
        fields: Doc = dict.fromkeys(RosterEntry.model_fields.keys() - {"id"}, 1)
        fields["load"] = {"$size": {"$ifNull": ["$claims", []]}}
        fields["second_factor"] = {"$gt": ["$second_factor", None]}
        docs = await self._agents.aggregate([{"$project": fields}, {"$sort": {"name": 1, "_id": 1}}])
        return [RosterEntry.model_validate({**doc, "id": doc["_id"]}) for doc in docs]

    async def several(self, ids: Iterable[str]) -> dict[str, Agent]:
        docs = await self._agents.find({"_id": {"$in": list(ids)}})
        return {doc["_id"]: opened_agent(doc) for doc in docs}

    async def update(self, agent_id: str, **fields: object) -> Agent | None:
        """Set named fields (never `claims`); the agent as it is then. Whoever changes presence, it is noted when."""
        doc = await self._agents.find_one_and_update({"_id": agent_id}, _setting(fields))
        return opened_agent(doc) if doc else None

    async def change_password(self, agent: Agent, password_hash: str) -> bool:
        """False where the password is not the one that `agent` has any more."""
        where = {"_id": agent.id, "password_hash": agent.password_hash}
        return await self._agents.update_one(where, {"$set": {"password_hash": password_hash}}) == 1

    async def claim(self, agent_id: str, claim: Claim, *, online: bool = False) -> Agent | Unclaimed:
        """Take room for one assignment, atomically; the agent who has it now, or why it was not to be had.

        Claiming again what the agent already holds succeeds: the first answer may have been lost. `online`: only of
        one who is there; who has just gone has no room.
        """
        try:
            doc = await self._agents.find_one_and_update(
                {
                    "_id": agent_id,
                    "enabled": True,
                    **({"presence": "online"} if online else {}),
                    "claims.id": {"$ne": claim.id},
                    "$expr": {"$lt": [{"$size": "$claims"}, "$capacity"]},
                },
                {"$push": {"claims": claim.model_dump()}, "$set": {"assigned_at": claim.at}},
            )
        except DuplicateKeyError:
            return Unclaimed("taken", await self.holder(claim.id))
        return opened_agent(doc) if doc else await self._why_not(agent_id, claim.id)

    async def holder(self, claim_id: str) -> Agent | None:
        doc = await self._agents.find_one({"claims.id": claim_id})
        return opened_agent(doc) if doc else None

    async def release(self, agent_id: str, claim_id: str) -> bool:
        """Give the room back; False where the agent did not hold it."""
        where = {"_id": agent_id, "claims.id": claim_id}
        return await self._agents.update_one(where, {"$pull": {"claims": {"id": claim_id}}}) == 1

    async def claims_older_than(self, seconds: float) -> list[tuple[str, Claim]]:
        """Claims taken more than so many real seconds ago, with who holds them."""
        before = real_now() - timedelta(seconds=seconds)
        docs = await self._agents.find({"claims.at": {"$lt": before}}, {"claims": 1})
        pairs = [(str(doc["_id"]), Claim.model_validate(claim)) for doc in docs for claim in doc["claims"]]
        return [(agent, claim) for agent, claim in pairs if claim.at < before]

    async def who_cannot_serve(self, groups_of: Mapping[str, Iterable[str]]) -> list[Agent]:
        """Agents with claims who are disabled, or have one of an app they do not serve. `groups_of` an app serve it."""
        apps_of: dict[frozenset[str], list[str]] = defaultdict(list)
        for app_id, groups in groups_of.items():
            apps_of[frozenset(groups)].append(app_id)
        elsewhere: list[Doc] = [
            {"role": "agent", "claims.app_id": {"$in": apps}, "groups": {"$nin": sorted(groups)}}
            for groups, apps in apps_of.items()
            if groups
        ]
        where = {"claims.id": {"$exists": True}, "$or": [{"enabled": False}, *elsewhere]}
        return [opened_agent(doc) for doc in await self._agents.find(where)]

    async def _why_not(self, agent_id: str, claim_id: str) -> Agent | Unclaimed:
        agent = await self.get(agent_id)
        if agent is None or not agent.enabled:
            return Unclaimed("not_found")
        if agent.holds(claim_id) is not None:
            return agent
        return Unclaimed("at_capacity", agent)


def _setting(fields: Mapping[str, object]) -> Doc | list[Doc]:
    """An update of these fields; one of presence says since when, unless they were so already."""
    if "presence" not in fields:
        return {"$set": dict(fields)}
    same = {"$eq": ["$presence", fields["presence"]]}
    now = real_now()
    since = {name: {"$cond": [same, {"$ifNull": [f"${name}", now]}, now]} for name in ("presence_at", "absent_since")}
    return [{"$set": {name: {"$literal": value} for name, value in fields.items()} | since}]


def opened_agent(doc: Doc) -> Agent:
    return Agent.model_validate({**doc, "id": doc["_id"]})
