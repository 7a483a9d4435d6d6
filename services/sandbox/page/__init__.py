"""The phone: a page at `/` on which people are customers. Plain modules and styles, served as they lie here."""

from pathlib import Path
from typing import Final

from aiohttp import web

_HERE: Final = Path(__file__).parent
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[web.RouteDef]:
    return [web.get("/", _front), web.get("/page/{name}", _file)]


async def _front(_: web.Request) -> web.StreamResponse:
    return served(_HERE, "index.html")


async def _file(request: web.Request) -> web.StreamResponse:
    return served(_HERE, request.match_info["name"])


def served(folder: Path, name: str) -> web.FileResponse:
    """Only what lies in the folder by that very name; a path cannot lead elsewhere. Raises HTTPNotFound."""
    for path in folder.iterdir():
        if path.name == name and path.suffix in _TYPES:
            return web.FileResponse(path, headers={**_HEADERS, "Content-Type": _TYPES[path.suffix]})
    raise web.HTTPNotFound(text=f"the page has no file {name}\n")
