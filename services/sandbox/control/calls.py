"""`GET /calls`: the other side's book."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.guard import answer, parts_of, read_query


class _Reading(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0)
    path: str = ""


async def get_calls(request: web.Request) -> web.Response:
    reading = read_query(request, _Reading)
    return answer({"items": [call.view() for call in parts_of(request).book.after(reading.after, reading.path)]})


ROUTES = [web.get("/calls", get_calls)]
