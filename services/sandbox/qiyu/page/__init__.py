"""Qiyu's staff page, at `/qiyu`: people who stand for the staff there. Plain modules and styles, as they lie here."""

from pathlib import Path
from typing import Final

from aiohttp import web

from services.sandbox.page import served

_HERE: Final = Path(__file__).parent


def staff_page_routes() -> list[web.RouteDef]:
    return [web.get("/qiyu", _front), web.get("/qiyu/page/{name}", _file)]


async def _front(_: web.Request) -> web.StreamResponse:
    return served(_HERE, "index.html")


async def _file(request: web.Request) -> web.StreamResponse:
    return served(_HERE, request.match_info["name"])
