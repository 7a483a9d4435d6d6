"""Who there is, as settings and transfers may name them."""

from shared.conversation.policy_check import Member
from shared.store.agents import AgentStore


async def members(agents: AgentStore) -> list[Member]:
    """Everyone, those who are disabled too."""
    return [Member(one.id, one.groups, one.enabled, one.supervises) for one in await agents.roster()]
