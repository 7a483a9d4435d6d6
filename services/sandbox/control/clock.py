"""`GET|POST /clock`."""

from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, FiniteFloat, model_validator

from services.sandbox.clock import SandboxClock
from services.sandbox.control.guard import answer, parts_of, read_model


class ClockMove(BaseModel):
    model_config = ConfigDict(extra="forbid")

    advance_seconds: FiniteFloat | None = None
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _moves_one_way(self) -> "ClockMove":
        if (self.advance_seconds is None) == (self.at is None):
            raise ValueError("give either advance_seconds or at, e.g. 2026-11-22T08:00:00Z")
        return self


async def get_clock(request: web.Request) -> web.Response:
    return answer(_view(parts_of(request).clock))


async def move_clock(request: web.Request) -> web.Response:
    wanted = await read_model(request, ClockMove)
    clock = parts_of(request).clock
    if wanted.at is not None:
        await clock.set_to(wanted.at)
    else:
        await clock.advance(wanted.advance_seconds or 0.0)
    parts_of(request).touch_all()
    return answer(_view(clock))


def _view(clock: SandboxClock) -> dict[str, Any]:
    return {"now": clock.now(), "offset_seconds": clock.offset_seconds}


ROUTES = [web.get("/clock", get_clock), web.post("/clock", move_clock)]
