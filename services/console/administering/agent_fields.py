"""An agent's fields as an administrator gives them, checked. Pure, but for the chance in a made password."""

import re
import secrets
import string
from collections.abc import Collection, Sequence
from typing import Final

from services.console.administering.faults import Fault, named, require
from shared.store.agents import Agent

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024
LONGEST_NAME: Final = 60
LONGEST_GROUP: Final = 40
MOST_GROUPS: Final = 50
MOST_CAPACITY: Final = 200
AWAY_AFTER: Final = (60, 86_400)
"""The fewest and the most seconds without an open page after which an agent may be taken for away."""

_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MADE_LENGTH: Final = 16
_UNMISTAKABLE: Final = "".join(sorted(set(string.ascii_letters + string.digits) - set("Il1O0o")))


CHECKED: Final = ("login", "name", "groups", "capacity", "away_after_seconds")


def checked(agent: Agent, given: Collection[str] = CHECKED) -> Agent:
    """The agent, names trimmed and each group named once; raises FieldsRefused for what was given."""
    faults = (
        _login_fault(agent.id),
        named("name", agent.name, LONGEST_NAME),
        _groups_fault(agent.groups),
        _capacity_fault(agent.capacity),
        _away_fault(agent.away_after_seconds),
    )
    require(*(fault for fault in faults if fault is not None and fault.where[0] in given))
    groups = tuple(dict.fromkeys(group.strip() for group in agent.groups))
    return agent.but(name=agent.name.strip(), groups=groups)


def check_password(password: str, login: str, *, field: str = "password") -> None:
    """Raises FieldsRefused."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        require(Fault((field,), f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"))
    if password.casefold() == login.casefold():
        require(Fault((field,), "must not be the login"))


def made_password() -> str:
    """A password nobody has to guess at: some 90 bits, without characters that look alike."""
    return "".join(secrets.choice(_UNMISTAKABLE) for _ in range(_MADE_LENGTH))


def _login_fault(login: str) -> Fault | None:
    if _LOGIN.fullmatch(login) is not None:
        return None
    what = "must begin with a small letter or digit; then small letters, digits and . _ @ - may follow, 64 in all"
    return Fault(("login",), what)


def _groups_fault(groups: Sequence[str]) -> Fault | None:
    if len(groups) > MOST_GROUPS:
        return Fault(("groups",), f"must be at most {MOST_GROUPS}")
    return next((fault for group in groups if (fault := named("groups", group, LONGEST_GROUP))), None)


def _capacity_fault(capacity: int) -> Fault | None:
    return None if 0 <= capacity <= MOST_CAPACITY else Fault(("capacity",), f"must be from 0 to {MOST_CAPACITY}")


def _away_fault(seconds: int | None) -> Fault | None:
    least, most = AWAY_AFTER
    if seconds is None or least <= seconds <= most:
        return None
    return Fault(("away_after_seconds",), f"must be from {least} to {most} seconds, or never")
