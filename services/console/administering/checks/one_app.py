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
    gateway_told: bool = True
    """Whether who reads it may know how we reach the gateway."""


async def app_checks(
    session: aiohttp.ClientSession, app: App, addresses: Addresses, ways: Ways, now: datetime
) -> AsyncIterator[Check]:
    """The token, the callback URL, the gateway's answer, the last push; of a disabled app only that it is."""
    if not app.enabled:
        what = f"{app.app_id} is disabled: its pushes are refused and nothing is sent"
        yield warn(what, ways.enable.format(app_id=app.app_id))
        return
    for check in settings_check(app):
        yield check
    if not app.readable:
        yield fail(f"{app.app_id}: {', '.join(app.unreadable)} cannot be read: sealed with a lost key", ways.reading)
        return
    at_sandbox = is_loopback(urlsplit(addresses.wechat).hostname or "")
    async for check in wechat_checks(WeChatClient(session, addresses.wechat), app, ways, at_sandbox=at_sandbox):
        yield check
    yield url_check(app.app_id, addresses.public, at_sandbox=at_sandbox)
    gateway = addresses.gateway or addresses.public
    if gateway:
        place = f" at {gateway}" if addresses.gateway_told else ""
        yield await gateway_check(session, app, gateway, PROBE, place)
    else:
        yield warn(f"{app.app_id}: the gateway was not asked", "set GATEWAY_URL or PUBLIC_BASE_URL")
    yield push_check(app, now)


def settings_check(app: App) -> list[Check]:
    """Settings that were stored when more was allowed than is now."""
    what = f"{app.app_id}: some stored settings are not good and are served mended: {'; '.join(app.policy_faults)}"
    do = "save the app's settings again, as they should be"
    return [fail(what, do)] if app.policy_faults else []


def group_check(app: App, agents: Sequence[Agent]) -> list[Check]:
    """An app that only certain groups serve needs somebody in them."""
    groups = app.policy.assignment.groups
    if not groups or any(agent.enabled and set(groups) & set(agent.groups) for agent in agents):
        return []
    what = f"{app.app_id}: nobody is in the groups that serve it ({', '.join(groups)}), so its customers wait for ever"
    return [fail(what, "put an agent into one of them, or change assignment.groups in its settings")]
