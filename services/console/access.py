"""Which apps an agent may see. What they may not see does not exist for them."""

import hashlib
from collections.abc import Iterable

from shared.conversation.content import Frozen
from shared.store.agents import Agent
from shared.store.apps import App


class Access(Frozen):
    """`apps` None: everything, conversations of removed apps included."""

    apps: frozenset[str] | None
    mark: str
    """Tells two accesses apart in a cursor: with another one than before, a client loads everything again."""

    def sees(self, app_id: str) -> bool:
        return self.apps is None or app_id in self.apps


def access_of(agent: Agent, apps: Iterable[App]) -> Access:
    """Supervisors see every app, an agent those that name none of the groups, or one of theirs."""
    mine = frozenset(app.app_id for app in apps if agent.supervises or serves(agent, app))
    told = ",".join(["*" if agent.supervises else "", *sorted(mine)])
    mark = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
    return Access(apps=None if agent.supervises else mine, mark=mark)


def serves(agent: Agent, app: App) -> bool:
    groups = app.policy.assignment.groups
    return not groups or not set(groups).isdisjoint(agent.groups)
