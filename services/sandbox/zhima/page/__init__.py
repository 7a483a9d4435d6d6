"""Zhima's staff page, at `/zhima`: people who stand for the staff there. Plain modules, as they lie here.

What both vendors have in common lies with the phone: `page/staff_*.js`, `page/staff.css`.
"""

from pathlib import Path
from typing import Final

from aiohttp import web

from services.sandbox.page import served

_HERE: Final = Path(__file__).parent


def zhima_page_routes() -> list[web.RouteDef]:
    return [web.get("/zhima", _front), web.get("/zhima/page/{name}", _file)]


async def _front(_: web.Request) -> web.StreamResponse:
    return served(_HERE, "index.html")


async def _file(request: web.Request) -> web.StreamResponse:
    return served(_HERE, request.match_info["name"])
