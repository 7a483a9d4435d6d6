"""Which contracts each service understands."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.contracts.messages import BusMessage
from shared.contracts.understood import UNDERSTOOD, contract_name, contracts_of, members


class Old(BaseModel):
    kind: Literal["old"] = "old"
    contract: Literal[1] = 1


class Both(BaseModel):
    kind: Literal["both"] = "both"
    contract: Literal[1, 2] = 2


def test_every_kind_is_named_in_every_version() -> None:
    union = Annotated[Old | Both, Field(discriminator="kind")]
    assert contracts_of(union) == {"old@1", "both@1", "both@2"}
    assert contracts_of(Old) == {"old@1"}


def test_whatever_is_published_is_understood_by_the_one_who_takes_it() -> None:
    published = {
        contract_name(model.model_fields["kind"].default, model.model_fields["contract"].default)
        for model in members(BusMessage)
        if isinstance(model.model_fields["kind"].default, str)  # but for Fact, which stands for all facts
    }
    assert published
    assert published <= frozenset().union(*UNDERSTOOD.values())
    assert all(UNDERSTOOD.values())
