"""What goes wrong on purpose: the knobs people and tests turn, and how often each still applies."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class ApiFault(BaseModel):
    """How calls whose path begins with `path` are answered, `times` times or until it is taken away.

    `errcode` (of a vendor: its code) and `http` are answered *instead of* processing the call; `dead` closes the
    connection at once, as if nobody were there. With `drop_answer` (the connection is closed) and `garbage` (an answer
    that is no JSON) the call *is* processed. `latency_ms` delays the answer in every case, after the call has been
    processed.
    """

    model_config = ConfigDict(extra="forbid")

    path: str = Field(pattern="^/")
    errcode: int | None = None
    http: int | None = Field(None, ge=300, le=599)
    drop_answer: bool = False
    garbage: bool = False
    dead: bool = False
    latency_ms: Milliseconds = 0
    times: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _does_one_thing(self) -> "ApiFault":
        chosen = [self.errcode is not None, self.http is not None, self.drop_answer, self.garbage, self.dead]
        if sum(chosen) > 1:
            raise ValueError("choose one of errcode, http, drop_answer, garbage and dead; latency_ms may go with any")
        if not any(chosen) and not self.latency_ms:
            raise ValueError("say what goes wrong: errcode, http, drop_answer, garbage, dead or latency_ms")
        if self.errcode == 0:
            raise ValueError("errcode 0 means success; choose another, e.g. -1")
        return self


class PushFaults(BaseModel):
    """How pushes are spoilt.

    `duplicate` = extra copies of each; `reorder` = pushes of one customer overtake each other in pairs;
    `string_ids` = MsgId and CreateTime as strings in JSON; `unknown_types` = each message is followed by one of an
    undocumented MsgType (it stands on the phone too) and by an undocumented event.
    """

    model_config = ConfigDict(extra="forbid")

    duplicate: int = Field(0, ge=0, le=10)
    reorder: bool = False
    delay_ms: Milliseconds = 0
    string_ids: bool = False
    unknown_types: bool = False


class Faults(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api: list[ApiFault] = Field(default_factory=list)
    push: PushFaults = Field(default_factory=PushFaults)


class FaultBox:
    """The faults in force."""

    def __init__(self) -> None:
        self.state = Faults()

    def clear(self) -> None:
        self.state = Faults()

    def take(self, path: str) -> ApiFault | None:
        """The first fault for this call, counted as used."""
        for fault in self.state.api:
            if path.startswith(fault.path):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: ApiFault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self.state.api.remove(fault)
