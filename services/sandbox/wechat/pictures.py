"""`/mmbiz/{media_id}/0`: what PicUrl, ThumbUrl and the phone's `media_url` point at."""

from aiohttp import web

from services.sandbox.wechat.state import World


class Pictures:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/mmbiz/{media_id}/0", self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        now = self._world.clock.now()
        for app in self._world.apps.values():
            media = app.media.find(request.match_info["media_id"], now)
            if media is not None:
                return web.Response(body=media.data, content_type=media.content_type)
        raise web.HTTPNotFound(text="no such picture, or it is older than three days\n")
