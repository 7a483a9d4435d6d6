"""Who may use the control API (this machine, and no web page from elsewhere), and how it says no."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from services.sandbox.clock import TooFar
from services.sandbox.parts import PARTS, Parts
from services.sandbox.wechat.console import NotNow
from shared.outage import Outage
from shared.settings import is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Model = TypeVar("Model", bound=BaseModel)


class Problem(Exception):
    """The call cannot be done; `error` says why and what to do."""

    def __init__(self, status: int, error: str, more: dict[str, Any] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error} | (more or {})

    def response(self) -> web.Response:
        return answer(self.body, self.status)


def answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC),
        content_type="application/json",
    )


def parts_of(request: web.Request) -> Parts:
    return request.app[PARTS]


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as `model`, no body counting as `{}`; raises Problem (400 no JSON, 422 wrong fields)."""
    return parsed(await request.read() or b"{}", model)


def parsed(body: bytes, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as refused:
        errors = refused.errors(include_url=False, include_context=False, include_input=False)
    if errors[0]["type"] == "json_invalid":
        raise Problem(400, f"the body must be JSON: {errors[0]['msg']}")
    fields = [{"field": ".".join(map(str, error["loc"])), "problem": error["msg"]} for error in errors]
    named = "; ".join(f"{field['field'] or 'body'}: {field['problem']}" for field in fields)
    raise Problem(422, f"correct these and send again: {named}", {"fields": fields})


def read_query(request: web.Request, model: type[Model]) -> Model:
    return parsed(orjson.dumps(dict(request.query)), model)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn failures into JSON, and refuse strangers: other machines, and web pages of other origins."""
    try:
        _check_is_at_home(request)
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except (NotNow, TooFar) as refused:
        return answer({"error": str(refused)}, 409 if isinstance(refused, NotNow) else 422)
    except Outage:
        return answer({"error": "MongoDB does not answer, so the clock stays as it is; try again"}, 503)
    except web.HTTPException as refused:
        if refused.status < web.HTTPBadRequest.status_code:
            raise
        return answer({"error": f"{refused.reason}: {request.method} {request.path}"}, refused.status)


def _check_is_at_home(request: web.Request) -> None:
    if not is_loopback(request.remote or ""):
        raise Problem(403, "the control API answers this machine only; call it by 127.0.0.1")
    if not is_loopback(request.url.host or ""):
        raise Problem(403, "the control API must be called by a loopback name, e.g. 127.0.0.1 or localhost")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Problem(403, "the control API is not for web pages of another origin")
