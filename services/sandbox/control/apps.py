"""`PUT /apps/{appid}` and `POST /apps/{appid}/tokens/invalidate`."""

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from services.sandbox.control.guard import Problem, answer, parsed, parts_of, read_model
from services.sandbox.wechat.config import AppConfig, AppId
from services.sandbox.wechat.state import App


class _AppPath(BaseModel):
    model_config = ConfigDict(extra="ignore")

    appid: AppId


def app_of(request: web.Request) -> App:
    """The app named by the path; raises Problem (404)."""
    appid = request.match_info["appid"]
    app = parts_of(request).world.apps.get(appid)
    if app is None:
        raise Problem(404, f"no app {appid}; create it with PUT /sandbox/api/apps/{appid}")
    return app


async def put_app(request: web.Request) -> web.Response:
    """Save the app's configuration if WeChat's GET check of its callback URL succeeds; else nothing changes."""
    appid = parsed(orjson.dumps(dict(request.match_info)), _AppPath).appid
    config = await read_model(request, AppConfig)
    parts = parts_of(request)
    check = await parts.pusher.check_url(config)
    if not check.verified:
        came_back = {"verified": False, "status": check.status, "body": check.body}
        raise Problem(422, f"the callback URL failed WeChat's GET check: {check.error}", came_back)
    known = parts.world.apps.get(appid)
    if known is not None:
        known.configure(config)
    else:
        parts.world.apps[appid] = App(appid, config)
    return answer({"verified": True})


async def invalidate_tokens(request: web.Request) -> web.Response:
    app, world = app_of(request), parts_of(request).world
    return answer({"invalidated": world.tokens.invalidate(app.appid, world.clock.now())})


ROUTES = [
    web.put("/apps/{appid}", put_app),
    web.post("/apps/{appid}/tokens/invalidate", invalidate_tokens),
]
