"""`GET /calls`: the other side's book."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sandbox.control.guard import answer, parts_of, read_query


class _Reading(BaseModel):
    """Everything after a number, or (with `last`) the newest of one app or customer."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0)
    path: str = ""
    last: int | None = Field(None, ge=1, le=1_000)
    appid: str | None = None
    openid: str | None = None

    @model_validator(mode="after")
    def _chooses_one_way(self) -> "_Reading":
        if self.last is None and (self.appid is not None or self.openid is not None):
            raise ValueError("appid and openid go with last, e.g. last=50")
        if self.last is not None and self.after:
            raise ValueError("give either after or last")
        return self


async def get_calls(request: web.Request) -> web.Response:
    reading = read_query(request, _Reading)
    book = parts_of(request).book
    if reading.last is None:
        calls = book.after(reading.after, reading.path)
    else:
        calls = book.newest(reading.last, reading.path, reading.appid, reading.openid)
    return answer({"items": [call.view() for call in calls]})


ROUTES = [web.get("/calls", get_calls)]
