"""`/cgi-bin/token` and `/cgi-bin/stable_token`.

Source: WeChat's pages 获取接口调用凭据 and 获取稳定版接口调用凭据, and their error tables.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from services.sandbox.wechat.api.call import Answer, ApiCall, Endpoint
from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.quotas import limits_of
from services.sandbox.wechat.state import App
from services.sandbox.wechat.tokens import Token


def token(call: ApiCall) -> Answer:
    app = _authenticated(call, call.query)
    return _issued(call.world.tokens.plain(app.appid, _new_value(call), call.now), call)


def stable_token(call: ApiCall) -> Answer:
    fields = call.json_object()
    app = _authenticated(call, fields)
    force = fields.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Refused(47001)
    issue = call.world.tokens.forced if force else call.world.tokens.stable
    return _issued(issue(app.appid, _new_value(call), call.now), call)


def _authenticated(call: ApiCall, fields: Mapping[str, Any]) -> App:
    """The app that asks, its call counted; raises Refused."""
    appid, secret = fields.get("appid"), fields.get("secret")
    if fields.get("grant_type") != "client_credential":
        raise Refused(40002)
    if not appid:
        raise Refused(41002)
    call.appid = str(appid)
    if not secret:
        raise Refused(41004)
    app = call.world.apps.get(call.appid)
    if app is None:
        raise Refused(40013)
    if not hmac.compare_digest(str(secret).encode(), app.config.secret.encode()):
        raise Refused(40125)
    _check_address(app, call.remote)
    app.counters.count(call.path, limits_of(call.path, app.config.knobs), call.now)
    return app


def _check_address(app: App, remote: str) -> None:
    allowed = app.config.knobs.ip_whitelist
    if allowed is not None and remote not in allowed:
        raise Refused(40164, f"invalid ip {remote} ipv6 ::ffff:{remote}, not in whitelist")


def _new_value(call: ApiCall) -> str:
    return f"{call.world.chance.digits(2)}_{call.world.chance.text(136)}"


def _issued(issued: Token, call: ApiCall) -> dict[str, Any]:
    return {"access_token": issued.value, "expires_in": issued.expires_in(call.now)}


ENDPOINTS = {
    "/cgi-bin/token": Endpoint("GET", token, with_token=False),
    "/cgi-bin/stable_token": Endpoint("POST", stable_token, with_token=False),
}
