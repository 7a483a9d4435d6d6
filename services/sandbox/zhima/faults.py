"""What goes wrong on purpose with one product: its taking of pushes, its events, its fetching of tokens."""

from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class _Counted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    times: int | None = Field(None, ge=1)


class ZhimaPushFault(_Counted):
    """How a push is answered, `times` times or until it is taken away.

    `http` and `dead` (the connection is closed) happen *instead of* taking the push; with `drop_answer` (the connection
    is closed) and `body` (that text instead of `success`) it *is* taken. `latency_ms` delays the answer in every case,
    after the push was taken.
    """

    http: int | None = Field(None, ge=300, le=599)
    dead: bool = False
    drop_answer: bool = False
    body: str | None = None
    latency_ms: Milliseconds = 0

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        chosen = sum([self.http is not None, self.dead, self.drop_answer, self.body is not None])
        if chosen > 1:
            raise ValueError("choose one of http, dead, drop_answer and body; latency_ms may go with any")
        if not chosen and not self.latency_ms:
            raise ValueError("say what goes wrong: http, dead, drop_answer, body or latency_ms")
        return self


class ZhimaTokenFault(_Counted):
    """A fetch of the token comes to nothing, as if it had been answered with this status."""

    http: int = Field(500, ge=300, le=599)


class ZhimaEventFaults(BaseModel):
    """How events are spoilt.

    `duplicate` = extra copies of each; `double_escape` = StaffName is escaped once more than JSON needs; `int_msg_id` =
    the MsgId is a number, not text.
    """

    model_config = ConfigDict(extra="forbid")

    duplicate: int = Field(0, ge=0, le=10)
    double_escape: bool = False
    int_msg_id: bool = False
    delay_ms: Milliseconds = 0


Fault = TypeVar("Fault", bound=_Counted)


class ZhimaFaults(BaseModel):
    model_config = ConfigDict(extra="forbid")

    push: list[ZhimaPushFault] = Field(default_factory=list)
    events: ZhimaEventFaults = Field(default_factory=ZhimaEventFaults)
    token: list[ZhimaTokenFault] = Field(default_factory=list)


def taken(faults: list[Fault]) -> Fault | None:
    """The first, counted as used."""
    fault = faults[0] if faults else None
    if fault is not None and fault.times is not None:
        fault.times -= 1
        if fault.times == 0:
            faults.remove(fault)
    return fault
