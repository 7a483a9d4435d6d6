"""The desk's pages and files, for every address that is no call: a path of the web app itself answers its index."""

from collections.abc import Mapping
from typing import Final

from aiohttp import ETag, web
from aiohttp.typedefs import Handler, Middleware

from services.console.desk_files import ASSETS, INDEX, DeskFile
from services.console.operations import SAFE_METHODS

CALLS: Final = "/api"

NOT_BUILT: Final = """\
The web app is not built, so there is no page to show.

Build it with `make web`, then start the console again. The calls work without it: /api/v1/openapi.json
"""


def desk_pages(files: Mapping[str, DeskFile]) -> Middleware:
    """Answers GET and HEAD where no route does; whatever is neither a file nor a page stays not found."""

    @web.middleware
    async def pages(request: web.Request, handler: Handler) -> web.StreamResponse:
        unrouted = isinstance(request.match_info.http_exception, web.HTTPNotFound)
        if unrouted and request.method in SAFE_METHODS and not _is_call(request.path):
            found = _answer(request, files)
            if found is not None:
                return found
        return await handler(request)

    return pages


def _answer(request: web.Request, files: Mapping[str, DeskFile]) -> web.Response | None:
    path = request.path
    is_page = path == "/" or (not path.startswith(ASSETS) and _wants_page(request))
    if not files:
        return web.Response(text=NOT_BUILT, status=503) if is_page else None
    file = files.get(path) or (files[INDEX] if is_page else None)
    return _sent(request, file) if file is not None else None


def _sent(request: web.Request, file: DeskFile) -> web.Response:
    variant = file.best_for(request.headers.get("Accept-Encoding", ""))
    response = web.Response(headers={"Cache-Control": file.cache_control})
    response.etag = ETag(value=variant.etag)
    if len(file.variants) > 1:
        response.headers["Vary"] = "Accept-Encoding"
    if any(known.value in {variant.etag, "*"} for known in request.if_none_match or ()):
        response.set_status(304)
        return response
    response.headers["Content-Type"] = file.content_type
    if variant.coding is not None:
        response.headers["Content-Encoding"] = variant.coding
    response.body = variant.content
    return response


def _is_call(path: str) -> bool:
    return path == CALLS or path.startswith(f"{CALLS}/")


def _wants_page(request: web.Request) -> bool:
    """A browser that goes to an address names HTML; one that loads a picture or a script does not."""
    return "text/html" in request.headers.get("Accept", "").lower()
