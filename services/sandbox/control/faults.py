"""`GET|PUT|DELETE /faults`: each answers the faults in force."""

from aiohttp import web

from services.sandbox.control.guard import answer, parts_of, read_model
from services.sandbox.faults import Faults


async def get_faults(request: web.Request) -> web.Response:
    return answer(parts_of(request).faults.state.model_dump())


async def put_faults(request: web.Request) -> web.Response:
    """These, and no others."""
    parts_of(request).faults.state = await read_model(request, Faults)
    return await get_faults(request)


async def delete_faults(request: web.Request) -> web.Response:
    parts_of(request).faults.clear()
    return await get_faults(request)


ROUTES = [
    web.get("/faults", get_faults),
    web.put("/faults", put_faults),
    web.delete("/faults", delete_faults),
]
