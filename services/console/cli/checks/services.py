"""Whether each process of a local run says that it can serve."""

import aiohttp

from services.console.administering.checks.check import Check, fail, ok

_OK = 200


async def readiness_check(
    session: aiohttp.ClientSession, name: str, address: str, within: aiohttp.ClientTimeout
) -> Check:
    """Ask `/readyz`, which names what is failing."""
    try:
        async with session.get(f"{address.rstrip('/')}/readyz", timeout=within) as response:
            said = (await response.text()).strip()
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        return fail(
            f"the {name} at {address} does not answer ({type(failure).__name__})", "start it again; see its log"
        )
    if response.status == _OK:
        return ok(f"the {name} is ready")
    return fail(f"the {name} is not ready: {said or response.status}", "see its log")
