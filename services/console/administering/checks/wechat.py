"""One app: whether WeChat gives it a token, finds our callback, and hears the right answer there."""

import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import aiohttp

from services.console.administering.app_fields import callback_fault, callback_url
from services.console.administering.checks.check import Check, Ways, fail, ok, warn
from shared.failures import SendFailure, Unavailable
from shared.store.apps import App
from shared.wechat.client import WeChatClient
from shared.wechat.crypto import signature

NO_CALLBACK_SAVED: Final = "40201"
_NOT_OFFERED: Final = frozenset({"http_404", "40066", "48001"})
_SECRET_CODES: Final = frozenset({"40001", "40125"})
_WHITELIST_CODES: Final = frozenset({"40164", "61004", "45035"})
_CONSENT_CODES: Final = frozenset({"89503", "89506", "89507"})
_OUR_ADDRESS: Final = re.compile(r"invalid ip ([0-9a-fA-F:.]+)")
_OK: Final = 200
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403


async def wechat_checks(client: WeChatClient, app: App, ways: Ways, *, at_sandbox: bool) -> AsyncIterator[Check]:
    """The token, and with it WeChat's own look for our server (where it is offered)."""
    try:
        issued = await client.stable_token(app.app_id, app.secret.get_secret_value())
    except SendFailure as failure:
        yield token_failure(app.app_id, failure, ways)
        return
    yield ok(f"{app.app_id}: WeChat gives a token, good for {issued.expires_in_seconds} s")
    if at_sandbox:
        return
    try:
        found = await client.check_callback(issued.value)
    except SendFailure as failure:
        if failure.code == NO_CALLBACK_SAVED:
            yield fail(
                f"{app.app_id}: no callback URL is saved at WeChat",
                "save it at mp.weixin.qq.com, 开发管理 → 消息推送配置",
            )
        elif failure.code not in _NOT_OFFERED:
            yield warn(f"{app.app_id}: WeChat could not look for our server: {failure.reason}", "try again later")
        return
    addresses = ", ".join(one.ip for one in found.dns)
    if not found.dns:
        yield fail(f"{app.app_id}: WeChat finds no address for our callback URL", "correct its name in the DNS")
    elif found.ping and all(one.loss == "100%" for one in found.ping):
        yield warn(
            f"{app.app_id}: WeChat's pings to {addresses} are lost",
            "fine if your firewall drops pings; else open it to WeChat",
        )
    else:
        yield ok(f"{app.app_id}: WeChat reaches our server at {addresses}")


def token_failure(app_id: str, failure: SendFailure, ways: Ways) -> Check:
    """What to do about a token that is not given, by WeChat's code."""
    said = f"{app_id}: WeChat gives no token: {failure.reason} ({failure.code})"
    if failure.code in _WHITELIST_CODES:
        address = _OUR_ADDRESS.search(failure.reason)
        which = address[1] if address else "this server's address"
        return fail(said, f"add {which} at mp.weixin.qq.com, 开发管理 → 开发设置 → IP白名单; the sender's too")
    if failure.code in _SECRET_CODES:
        return fail(said, ways.renewal.format(app_id=app_id))
    if failure.code in _CONSENT_CODES:
        return fail(said, "have the mini program's administrator confirm this address in WeChat")
    if isinstance(failure, Unavailable):
        return fail(said, "see that this machine reaches WECHAT_API_BASE, then try again")
    return fail(said, failure.words.en)


def url_check(app_id: str, public_base: str | None, *, at_sandbox: bool) -> Check:
    if at_sandbox:
        return ok(f"{app_id}: the sandbox pushes to the gateway itself, no public address is needed")
    url = callback_url(app_id, public_base)
    if url is None:
        return warn(f"{app_id}: its callback URL is not known here", "set PUBLIC_BASE_URL to the gateway's address")
    fault = callback_fault(url)
    if fault:
        return fail(f"{app_id}: WeChat will not take the callback URL {url}: {fault}", "correct PUBLIC_BASE_URL")
    return ok(f"{app_id}: callback URL {url}")


async def gateway_check(
    session: aiohttp.ClientSession, app: App, gateway: str, within: aiohttp.ClientTimeout, place: str
) -> Check:
    """Ask as WeChat does when a callback URL is saved: a signed GET, to be answered with its echostr alone.

    `place` says where the gateway is, if that may be told.
    """
    timestamp, nonce, echostr = str(int(time.time())), secrets.token_hex(8), secrets.token_hex(8)
    signed = signature(app.token.get_secret_value(), timestamp, nonce)
    query = {"signature": signed, "timestamp": timestamp, "nonce": nonce, "echostr": echostr}
    url = callback_url(app.app_id, gateway)
    try:
        async with session.get(str(url), params=query, timeout=within, allow_redirects=False) as response:
            said = await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        return fail(
            f"{app.app_id}: the gateway{place} does not answer ({type(failure).__name__})",
            "start it, or correct its address; WeChat gives up after 5 s",
        )
    if response.status == _OK and said == echostr.encode():
        return ok(f"{app.app_id}: the gateway answers WeChat's check of the callback URL")
    return fail(f"{app.app_id}: the gateway{place} answers {response.status} to WeChat's check", _advice(response))


async def public_check(session: aiohttp.ClientSession, app: App, public: str, within: aiohttp.ClientTimeout) -> Check:
    """The same by the address that WeChat uses. It need not lead back to where it is asked from, so it never fails."""
    found = await gateway_check(session, app, public, within, f" at {public}")
    if found.status == "ok":
        return ok(f"{app.app_id}: the gateway answers at {public}, too")
    return warn(found.what, f"{found.do}; from inside a cluster its own public address may be out of reach")


def push_check(app: App, now: datetime) -> Check:
    if app.verified_at is None:
        return warn(
            f"{app.app_id}: no genuine push has ever arrived",
            "save the callback URL at mp.weixin.qq.com, then write to the mini program's customer service",
        )
    days = max(0, (now - app.verified_at).days)
    at = app.verified_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return ok(f"{app.app_id}: the last genuine push arrived {at}, {days} days ago")


def _advice(response: aiohttp.ClientResponse) -> str:
    if response.status == _NOT_FOUND:
        return "it does not know the app: wait 10 s, and see that it uses the same MongoDB"
    if response.status == _FORBIDDEN:
        return "it has another Token for the app: wait 10 s, and see that it uses the same MongoDB"
    return "see that the address leads to the gateway and that nothing before it changes answers"
