"""Trying an app out: what `wxdesk doctor` looks at for one app."""

from typing import Final

import aiohttp
from aiohttp import web
from pydantic import Field

from services.console.administering.checks.check import Check, Status, Ways
from services.console.administering.checks.one_app import Addresses, app_checks, group_check
from services.console.api.apps import existing_app
from services.console.api.shape import Shape
from services.console.api.testing_turns import LONGEST_SECONDS, testing_turn
from services.console.operations import Call, Operation, answer
from shared.clock import real_now
from shared.store.apps import App

WAYS: Final = Ways(
    renewal="copy the AppSecret again and save it with the app", enable="set `enabled` to true to bring it back"
)


class AppCheck(Shape):
    status: Status
    what: str
    advice: str = Field(description="what to do; empty where nothing is to be done")


class AppCheckList(Shape):
    items: list[AppCheck]
    next: None = None


async def test_app(call: Call) -> web.Response:
    """Asks WeChat and the gateway now, so it may take some seconds; WeChat counts it against the app."""
    app = await existing_app(call)
    async with testing_turn(call, f"app_test:{app.app_id}", "app"):
        return answer(AppCheckList(items=await _found(call, app)))


async def _found(call: Call, app: App) -> list[AppCheck]:
    settings = call.parts.settings
    addresses = Addresses(settings.wechat_api_base, settings.public_base_url, settings.gateway_url, gateway_told=False)
    found: list[Check] = group_check(app, await call.parts.agents.everyone())
    timeout = aiohttp.ClientTimeout(total=LONGEST_SECONDS)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as session:
        found += [check async for check in app_checks(session, app, addresses, WAYS, real_now())]
    return [AppCheck(status=check.status, what=check.what, advice=check.do) for check in found]


OPERATIONS: Final = (
    Operation(
        "POST",
        "/apps/{app_id}/test",
        test_app,
        "Look at an app's token, callback URL, gateway and last push",
        {200: AppCheckList},
        problems=("not_found", "rate_limited"),
        role="supervisor",
    ),
)
