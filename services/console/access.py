"""Which apps an agent may see. What they may not see does not exist for them."""

import hashlib
from collections.abc import Iterable

from shared.conversation.content import Frozen
from shared.store.agents import Agent
from shared.store.api_tokens import ApiToken
from shared.store.apps import App


class Access(Frozen):
    """`apps` None: everything, conversations of removed apps included."""

    apps: frozenset[str] | None
    mark: str
    """Tells two accesses apart in a cursor: with another one than before, a client loads everything again."""

    def sees(self, app_id: str) -> bool:
        return self.apps is None or app_id in self.apps


def access_of(agent: Agent, apps: Iterable[App]) -> Access:
    """Supervisors see every app, an agent those that name no group, or one of theirs."""
    mine = frozenset(app.app_id for app in apps if agent.may_serve(app.policy))
    return _access(mine, everything=agent.supervises)


def access_of_token(token: ApiToken, apps: Iterable[App]) -> Access:
    """Every app, or those the token names, as far as they are there."""
    named = frozenset(app.app_id for app in apps if token.apps is None or app.app_id in token.apps)
    return _access(named, everything=token.apps is None)


def _access(apps: frozenset[str], *, everything: bool) -> Access:
    told = ",".join(["*" if everything else "", *sorted(apps)])
    mark = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
    return Access(apps=None if everything else apps, mark=mark)
