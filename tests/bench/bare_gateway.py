"""What a push costs at the least: aiohttp, decrypt, one confirmed publish. The gateway is measured against this.

`python -m tests.bench.bare_gateway PORT AMQP_URL`
"""

import asyncio
import sys

import orjson
import uvloop
from aio_pika import DeliveryMode, Message, connect
from aiohttp import web

from shared.bus.partitions import partition_of
from shared.wechat.crypto import MessageCipher
from tests.bench.pusher import AES_KEY, APP_ID


async def serve(port: int, amqp_url: str) -> None:
    connection = await connect(amqp_url)
    channel = await connection.channel()
    exchange = await channel.get_exchange("wx.conversation", ensure=False)
    cipher = MessageCipher(AES_KEY, APP_ID)

    async def take(request: web.Request) -> web.Response:
        sealed = orjson.loads(await request.read())["Encrypt"]
        said = cipher.decrypt(sealed)
        queue = f"router.v1.p{partition_of(orjson.loads(said)['FromUserName'], 16):02d}"
        await exchange.publish(Message(said, delivery_mode=DeliveryMode.PERSISTENT), queue)
        return web.Response(text="success")

    app = web.Application()
    app.router.add_post("/wechat/{appid}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
