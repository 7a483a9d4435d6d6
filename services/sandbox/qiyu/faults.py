"""What goes wrong on purpose with one account: its calls, and its pushes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class QiyuApiFault(BaseModel):
    """How calls whose path begins with `path` are answered, `times` times or until it is taken away.

    `code`, `http` and `dead` (the connection is closed) happen *instead of* processing the call; with `drop_answer`
    it *is* processed and the connection closed. `latency_ms` delays the answer in every case, after the processing.
    """

    model_config = ConfigDict(extra="forbid")

    path: str = Field("/openapi/", pattern="^/")
    code: int | None = None
    http: int | None = Field(None, ge=300, le=599)
    drop_answer: bool = False
    dead: bool = False
    latency_ms: Milliseconds = 0
    times: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _does_one_thing(self) -> "QiyuApiFault":
        chosen = [self.code is not None, self.http is not None, self.drop_answer, self.dead]
        if sum(chosen) > 1:
            raise ValueError("choose one of code, http, drop_answer and dead; latency_ms may go with any")
        if not any(chosen) and not self.latency_ms:
            raise ValueError("say what goes wrong: code, http, drop_answer, dead or latency_ms")
        return self

    @property
    def is_instead(self) -> bool:
        return self.code is not None or self.http is not None or self.dead


class QiyuPushFaults(BaseModel):
    """How pushes are spoilt.

    `duplicate` = extra copies of each; `wrong_checksum` = every attempt is signed wrongly; `reverse_transfer` = of a
    transfer SESSION_START comes first; `unknown_type` = each MSG is followed by an event on no page;
    `string_content` = a picture's content as JSON in a string; `minimal_start` = SESSION_START with little in it.
    """

    model_config = ConfigDict(extra="forbid")

    duplicate: int = Field(0, ge=0, le=10)
    wrong_checksum: bool = False
    reverse_transfer: bool = False
    unknown_type: bool = False
    string_content: bool = False
    minimal_start: bool = False


class QiyuFaults(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api: list[QiyuApiFault] = Field(default_factory=list)
    push: QiyuPushFaults = Field(default_factory=QiyuPushFaults)

    def take(self, path: str) -> QiyuApiFault | None:
        """The first fault for this call, counted as used."""
        fault = next((one for one in self.api if path.startswith(one.path)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.api.remove(fault)
        return fault
