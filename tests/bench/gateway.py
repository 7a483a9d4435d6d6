"""Pushes per second and their latency, against the bare path."""

from deploy.local.ports import free_port
from tests.bench.bench import Bench, cpu_seconds
from tests.bench.pusher import APP_ID

COUNT = 6000
RATE = 500


async def measure(bench: Bench) -> None:
    environment = await bench.environment()
    port = free_port()
    url = f"http://127.0.0.1:{port}/wechat/{APP_ID}"
    async with bench.process("services.gateway", environment={**environment, "GATEWAY_PORT": str(port)}) as process:
        await bench.pusher(url, 500, 200)
        used = cpu_seconds(process)
        full = await bench.pusher(url, COUNT, 200)
        each_ms = 1000 * (cpu_seconds(process) - used) / COUNT
        steady = await bench.pusher(url, RATE * 10, 200, RATE)
    bare = await _bare(bench, environment)
    bench.add("gateway: pushes, secure mode, 64 at a time", full["per_second"], "1/s", f"{each_ms:.2f} ms CPU each")
    bench.add("gateway: bare path (aiohttp, decrypt, confirmed publish)", bare["per_second"], "1/s")
    bench.add("gateway: share of the bare path", 100 * full["per_second"] / bare["per_second"], "%")
    bench.add(f"gateway: answer at {RATE} pushes/s, p50", steady["p50_ms"], "ms")
    bench.add(f"gateway: answer at {RATE} pushes/s, p99", steady["p99_ms"], "ms", "aim < 50")


async def _bare(bench: Bench, environment: dict[str, str]) -> dict[str, float]:
    port = free_port()
    arguments = (str(port), environment["AMQP_URL"])
    ready = f"http://127.0.0.1:{port}/"
    async with bench.process("tests.bench.bare_gateway", *arguments, environment=environment, ready=ready):
        url = f"http://127.0.0.1:{port}/wechat/{APP_ID}"
        await bench.pusher(url, 500, 200)
        return await bench.pusher(url, COUNT, 200)
