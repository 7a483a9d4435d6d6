"""The least that answers like WeChat's API, so that the sender is measured and not the sandbox.

`python -m tests.bench.fast_wechat PORT`
"""

import asyncio
import sys

import uvloop
from aiohttp import web

OK = b'{"errcode":0,"errmsg":"ok"}'
TOKEN = b'{"access_token":"bench-token","expires_in":7200}'


async def serve(port: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        body = TOKEN if request.path.endswith("stable_token") else OK
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
