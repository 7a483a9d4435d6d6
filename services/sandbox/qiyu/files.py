"""Files that both sides have given Qiyu, and `/files/{md5}`, where it shows them."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from services.sandbox.qiyu.signing import md5_of
from services.sandbox.wechat.media import picture_type

MAX_BYTES: Final = 5 * 1024 * 1024
_KEPT_BYTES: Final = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    md5: str
    data: bytes
    content_type: str


class Files:
    """Holds the newest `_KEPT_BYTES` of files."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._bytes = 0

    def keep(self, data: bytes) -> File:
        file = File(md5_of(data), data, picture_type(data) or "application/octet-stream")
        if file.md5 not in self._files:
            self._files[file.md5] = file
            self._bytes += len(data)
        while self._bytes > _KEPT_BYTES:
            self._bytes -= len(self._files.pop(next(iter(self._files))).data)
        return file

    def find(self, md5: str) -> File | None:
        return self._files.get(md5)

    def clear(self) -> None:
        self._files.clear()
        self._bytes = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/files/{md5}", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        file = self.find(request.match_info["md5"])
        if file is None:
            raise web.HTTPNotFound(text="no such file\n")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.Response(body=file.data, content_type=file.content_type, headers=headers)
