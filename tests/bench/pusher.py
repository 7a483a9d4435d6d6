"""Load as WeChat makes it, from a process of its own: signed and sealed pushes, their latencies as JSON.

`python -m tests.bench.pusher URL COUNT CONVERSATIONS [RATE]`: without a rate, 64 at a time; with one, evenly spread.
"""

import asyncio
import gc
import secrets
import sys
import time
from collections.abc import Iterator

import orjson
import uvloop
from aiohttp import ClientSession, TCPConnector
from yarl import URL

from shared.wechat.crypto import MessageCipher, signature

APP_ID = "wx0123456789abcdef"
TOKEN = "benchtoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
AT_ONCE = 64
TEXT = "你好，我想问一下订单什么时候发货？订单号是 20261122-001"

Request = tuple[URL, bytes]


def request(url: str, cipher: MessageCipher, openid: str, text: str) -> Request:
    said = {
        "ToUserName": "gh_bench",
        "FromUserName": openid,
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": text,
        "MsgId": secrets.randbits(60),
    }
    sealed = cipher.encrypt(orjson.dumps(said), secrets.token_hex(8).encode())
    timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
    query = {
        "signature": signature(TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature(TOKEN, timestamp, nonce, sealed),
    }
    return URL(url).with_query(query), orjson.dumps({"ToUserName": "gh_bench", "Encrypt": sealed})


async def push(session: ClientSession, one: Request, latencies: list[float], refused: list[int]) -> None:
    began = time.perf_counter()
    async with session.post(one[0], data=one[1]) as answer:
        await answer.read()
        if answer.status != 200:
            refused.append(answer.status)
    latencies.append(time.perf_counter() - began)


async def run(url: str, count: int, conversations: int, rate: float | None) -> dict[str, float]:
    cipher = MessageCipher(AES_KEY, APP_ID)

    def make(number: int) -> Request:
        """Sealed when it is sent: the text ends with the instant, for whoever sees it arrive."""
        return request(url, cipher, f"o-bench-{number % conversations}", f"{TEXT} {time.time():.6f}")

    latencies: list[float] = []
    refused: list[int] = []
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        began = time.perf_counter()
        if rate is None:
            waiting = map(make, range(count))
            await asyncio.gather(*(_one_after_another(session, waiting, latencies, refused) for _ in range(AT_ONCE)))
        else:
            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    await asyncio.sleep(began + number / rate - time.perf_counter())
                    group.create_task(push(session, make(number), latencies, refused))
        took = time.perf_counter() - began
    latencies.sort()
    return {
        "per_second": count / took,
        "p50_ms": 1000 * latencies[count // 2],
        "p99_ms": 1000 * latencies[count * 99 // 100],
        "max_ms": 1000 * latencies[-1],
        "refused": len(refused),
    }


async def _one_after_another(
    session: ClientSession, waiting: Iterator[Request], latencies: list[float], refused: list[int]
) -> None:
    """One of several workers that share `waiting`."""
    for one in waiting:
        await push(session, one, latencies, refused)


if __name__ == "__main__":
    gc.disable()  # the load must not stop for its own housekeeping
    url, count, conversations, *rate = sys.argv[1:]
    told = uvloop.run(run(url, int(count), int(conversations), float(rate[0]) if rate else None))
    sys.stdout.write(orjson.dumps(told).decode())
