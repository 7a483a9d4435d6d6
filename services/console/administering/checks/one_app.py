"""Everything about one app that must be right at WeChat and here, looked at one by one."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from services.console.administering.checks.check import Check, Ways, fail, warn
from services.console.administering.checks.wechat import gateway_check, push_check, url_check, wechat_checks
from shared.settings import is_loopback
from shared.store.agents import Agent
from shared.store.apps import App
from shared.wechat.client import WeChatClient

PROBE: Final = aiohttp.ClientTimeout(total=5.0)
"""As long as WeChat waits for an answer."""


class Addresses(NamedTuple):
    """Where WeChat's API answers, how WeChat reaches the gateway, and how we do; None: not known here."""

    wechat: str
    public: str | None
    gateway: str | None


async def app_checks(
    session: aiohttp.ClientSession, app: App, addresses: Addresses, ways: Ways, now: datetime
) -> AsyncIterator[Check]:
    """The token, the callback URL, the gateway's answer, the last push; of a disabled app only that it is."""
    if not app.enabled:
        what = f"{app.app_id} is disabled: its pushes are refused and nothing is sent"
        yield warn(what, ways.enable.format(app_id=app.app_id))
        return
    at_sandbox = is_loopback(urlsplit(addresses.wechat).hostname or "")
    async for check in wechat_checks(WeChatClient(session, addresses.wechat), app, ways, at_sandbox=at_sandbox):
        yield check
    yield url_check(app.app_id, addresses.public, at_sandbox=at_sandbox)
    gateway = addresses.gateway or addresses.public
    if gateway:
        yield await gateway_check(session, app, gateway, PROBE)
    else:
        yield warn(f"{app.app_id}: the gateway was not asked", "set GATEWAY_URL or PUBLIC_BASE_URL")
    yield push_check(app, now)


def group_check(app: App, agents: Sequence[Agent]) -> list[Check]:
    """An app that only certain groups serve needs somebody in them."""
    groups = app.policy.assignment.groups
    if not groups or any(agent.enabled and set(groups) & set(agent.groups) for agent in agents):
        return []
    what = f"{app.app_id}: nobody is in the groups that serve it ({', '.join(groups)}), so its customers wait for ever"
    return [fail(what, "put an agent into one of them, or change assignment.groups in its settings")]
