"""Trying a vendor account out, and opening its breaker on purpose."""

from typing import Final

import aiohttp
from aiohttp import web
from pydantic import Field

from services.console.administering.breaker_drills import Drills
from services.console.administering.checks.vendor_account import tried
from services.console.administering.vendor_fields import serves
from services.console.api.testing_turns import LONGEST_SECONDS, testing_turn
from services.console.api.vendor_accounts import announce_vendors, existing_account, shown_account
from services.console.api.vendor_shapes import VendorAccount, VendorTest
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused

DAY_SECONDS: Final = 86_400


class BreakerBody(Input):
    app_id: str = Field(description="of which app's sessions")
    open: bool = Field(description="true: nothing of the app's is given to it; false: all is again")
    seconds: int = Field(DAY_SECONDS, ge=1, le=DAY_SECONDS, description="then it is probed as any other that is open")


async def test_vendor_account(call: Call) -> web.Response:
    """Asks the vendor now, as it is stored, so it may take some seconds; no customer notices."""
    account = await existing_account(call)
    async with testing_turn(call, f"vendor_test:{account.account_id}", "vendor account"):
        timeout = aiohttp.ClientTimeout(total=LONGEST_SECONDS)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as http:
            api_base = call.parts.settings.vendor_api_bases.get(account.vendor)
            found = await tried(http, account, api_base)
    return answer(VendorTest(ok=found.ok, said=found.said, what=found.what, code=found.code))


async def switch_vendor_breaker(call: Call) -> web.Response:
    """A drill: with the breaker open, sessions fall back as if the vendor were dead, and the vendor hears nothing."""
    body = await call.body(BreakerBody)
    account = await existing_account(call)
    if await call.parts.apps.get(body.app_id) is None:
        raise Refused("invalid", "app_id: there is no such app.")
    if not serves(account, body.app_id):
        raise Refused("invalid", "app_id: this vendor account does not serve the app.")
    drills, now = Drills(call.parts.backbone.database, call.author), call.parts.backbone.clock.now()
    if body.open:
        await drills.open(body.app_id, account.account_id, now, body.seconds)
    else:
        await drills.close(body.app_id, account.account_id, now)
    await announce_vendors(call)
    return await shown_account(call, account)


OPERATIONS: Final = (
    Operation(
        "POST",
        "/vendor-accounts/{account_id}/test",
        test_vendor_account,
        "Ask the vendor whether the account works",
        {200: VendorTest},
        problems=("not_found", "rate_limited"),
        role="supervisor",
    ),
    Operation(
        "POST",
        "/vendor-accounts/{account_id}/breaker",
        switch_vendor_breaker,
        "Open an app's breaker on purpose, or close it",
        {200: VendorAccount},
        problems=("not_found",),
        body=BreakerBody,
        role="admin",
    ),
)
