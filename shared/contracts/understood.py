"""Which contracts a service understands, each as `kind@version`: the members of the unions that it decodes."""

from typing import Any, Final, get_args

from pydantic import BaseModel

from shared.contracts.messages import Offer, Outbound
from shared.conversation.commands import AskBot
from shared.conversation.facts import AnyFact


def contract_name(kind: str, version: int) -> str:
    return f"{kind}@{version}"


def members(union: Any) -> tuple[type[BaseModel], ...]:
    """The classes of an annotated union, or of a class alone."""
    if isinstance(union, type):
        return (union,)
    return tuple(one for part in get_args(union) if get_args(part) or isinstance(part, type) for one in members(part))


def contracts_of(*unions: Any) -> frozenset[str]:
    return frozenset(
        contract_name(model.model_fields["kind"].default, number)
        for union in unions
        for model in members(union)
        for number in get_args(model.model_fields["contract"].annotation)
    )


UNDERSTOOD: Final = {
    "router": contracts_of(AnyFact, Offer),
    "sender": contracts_of(Outbound),
    "bot": contracts_of(AskBot),
}
"""By service. Those that take nothing from a queue are not here."""
