"""What an app may ask about its own calls: addresses, quotas, refused requests."""

from typing import Final

from services.sandbox.wechat.api.call import OK, Answer, ApiCall, Endpoint
from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.quotas import limits_of

_CALLBACK_ADDRESSES: Final = ["127.0.0.1"]


def callback_addresses(_: ApiCall) -> Answer:
    return {"ip_list": _CALLBACK_ADDRESSES}


def quota(call: ApiCall) -> Answer:
    path = call.json_object().get("cgi_path")
    if not isinstance(path, str) or path not in call.known_paths:
        raise Refused(76021)
    app = call.asking_app
    limits = limits_of(path, app.config.knobs)
    used = app.counters.used_today(path, call.now)
    rate = {"call_count": limits.minute, "refresh_second": 60}
    return {
        **OK,
        "quota": {"daily_limit": limits.day, "used": used, "remain": max(0, limits.day - used)},
        "rate_limit": rate,
        "component_rate_limit": rate,
    }


def refused_call(call: ApiCall) -> Answer:
    rid = call.json_object().get("rid")
    if not isinstance(rid, str) or not rid:
        raise Refused(76002)
    found = call.world.rids.find(rid)
    if found is None:
        raise Refused(76001)
    return {**OK, "request": found.view()}


def clear_quota(call: ApiCall) -> Answer:
    app = call.asking_app
    if call.json_object().get("appid") != app.appid:
        raise Refused(40013)
    app.counters.clear(call.now)
    return OK


ENDPOINTS = {
    "/cgi-bin/getcallbackip": Endpoint("GET", callback_addresses),
    "/cgi-bin/openapi/quota/get": Endpoint("POST", quota),
    "/cgi-bin/openapi/rid/get": Endpoint("POST", refused_call),
    "/cgi-bin/clear_quota": Endpoint("POST", clear_quota),
}
