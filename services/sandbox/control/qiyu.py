"""`/qiyu/accounts…`: Qiyu's accounts, its people's hands, and what goes wrong with it on purpose."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.sandbox.control.guard import Problem, answer, parsed, parts_of, read_model, read_query
from services.sandbox.control.uploads import checked_picture, picture_of
from services.sandbox.qiyu.config import AccountConfig, AppKey
from services.sandbox.qiyu.faults import QiyuFaults
from services.sandbox.qiyu.files import MAX_BYTES
from services.sandbox.qiyu.floor import Floor
from services.sandbox.qiyu.views import account_view, visitor_view
from shared.pictures import SENDABLE, NoPicture, examine


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _AccountPath(BaseModel):
    model_config = ConfigDict(extra="ignore")

    app_key: AppKey


class Looking(_Body):
    uid: str | None = None
    pushes: int | None = Field(None, ge=0, le=10_000)


class Standing(_Body):
    online: bool


class Saying(_Body):
    text: str = Field(min_length=1)
    html: str | None = Field(None, description="what is pushed instead of the text")
    staff_id: int | None = None


class Showing(_Body):
    png_base64: str
    staff_id: int | None = None


class Choosing(_Body):
    staff_id: int | None = None


class Transferring(_Body):
    staff_id: int


class Nothing(_Body):
    pass


def floor_of(request: web.Request) -> Floor:
    """The account named by the path; raises Problem (404)."""
    app_key = request.match_info["app_key"]
    floor = parts_of(request).qiyu.floors.get(app_key)
    if floor is None:
        raise Problem(404, f"no account {app_key} with Qiyu; create it with PUT /sandbox/api/qiyu/accounts/{app_key}")
    return floor


async def list_accounts(request: web.Request) -> web.Response:
    qiyu = parts_of(request).qiyu
    return answer({"now": qiyu.clock.now(), "items": [{"app_key": app_key} for app_key in qiyu.floors]})


async def put_account(request: web.Request) -> web.Response:
    """These settings and no others; sessions, line and messages stay."""
    app_key = parsed(orjson.dumps(dict(request.match_info)), _AccountPath).app_key
    config = await read_model(request, AccountConfig)
    floor = parts_of(request).qiyu.configure(app_key, config)
    return answer({"app_key": app_key, "account": floor.account.config.model_dump()})


async def get_account(request: web.Request) -> web.Response:
    looking, floor = read_query(request, Looking), floor_of(request)
    return answer(account_view(floor.account, parts_of(request).clock.now(), looking.uid, looking.pushes))


async def set_staff(request: web.Request) -> web.Response:
    floor = floor_of(request)
    standing = await read_model(request, Standing)
    staff_id = int(request.match_info["staff_id"])
    if floor.account.staff(staff_id) is None:
        raise Problem(404, f"{staff_id} is nobody of the staff")
    floor.hands.set_online(staff_id, online=standing.online)
    return answer({"staff": [one.model_dump() for one in floor.account.config.staff]})


async def say(request: web.Request) -> web.Response:
    wanted = await read_model(request, Saying)
    return _done(
        request, lambda floor, uid: floor.hands.say(uid, wanted.text, content=wanted.html, staff_id=wanted.staff_id)
    )


async def picture(request: web.Request) -> web.Response:
    """A form with the field `file`, or JSON with `png_base64`."""
    staff_id = None
    if request.content_type.startswith("multipart/"):
        data = (await picture_of(request)).data
    else:
        wanted = await read_model(request, Showing)
        data, staff_id = checked_picture(_decoded(wanted.png_base64)).data, wanted.staff_id
    file = _file(request, data)
    return _done(request, lambda floor, uid: floor.hands.show(uid, file, staff_id))


async def invite(request: web.Request) -> web.Response:
    await read_model(request, Nothing)
    return _done(request, lambda floor, uid: floor.hands.invite(uid))


async def transfer(request: web.Request) -> web.Response:
    wanted = await read_model(request, Transferring)
    return _done(request, lambda floor, uid: floor.hands.transfer(uid, wanted.staff_id))


async def close(request: web.Request) -> web.Response:
    await read_model(request, Nothing)
    return _done(request, lambda floor, uid: floor.hands.close(uid))


async def accept(request: web.Request) -> web.Response:
    wanted = await read_model(request, Choosing)
    return _done(request, lambda floor, uid: floor.hands.take(uid, wanted.staff_id, waiting=True))


async def begin(request: web.Request) -> web.Response:
    wanted = await read_model(request, Choosing)
    return _done(request, lambda floor, uid: floor.hands.take(uid, wanted.staff_id, waiting=False))


async def get_faults(request: web.Request) -> web.Response:
    return answer(floor_of(request).account.faults.model_dump())


async def put_faults(request: web.Request) -> web.Response:
    """These, and no others."""
    floor_of(request).account.faults = await read_model(request, QiyuFaults)
    return await get_faults(request)


async def delete_faults(request: web.Request) -> web.Response:
    floor_of(request).account.faults = QiyuFaults()
    return await get_faults(request)


def _done(request: web.Request, act: Callable[[Floor, str], Any]) -> web.Response:
    """The customer as they are after what was done."""
    floor, uid = floor_of(request), request.match_info["uid"]
    act(floor, uid)
    return answer(visitor_view(floor.account, floor.account.visitor(uid), with_messages=False))


def _file(request: web.Request, data: bytes) -> dict[str, Any]:
    """A picture as it is told of: kept, with its address."""
    qiyu = parts_of(request).qiyu
    try:
        size = examine(data, SENDABLE, MAX_BYTES)
    except NoPicture as refused:
        raise Problem(415, f"Qiyu shows whole pictures of at most 5 MB only: {refused}") from None
    kept = qiyu.files.keep(data)
    url = f"{qiyu.base_url}/files/{kept.md5}"
    return {"url": url, "size": len(data), "md5": kept.md5, "w": size.width, "h": size.height}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except binascii.Error:
        raise Problem(422, "png_base64 must be base64, or a data URL") from None


_ONE = "/qiyu/accounts/{app_key}"
_CUSTOMER = _ONE + "/customers/{uid}"
ROUTES = [
    web.get("/qiyu/accounts", list_accounts),
    web.put(_ONE, put_account),
    web.get(_ONE, get_account),
    web.post(_ONE + r"/staff/{staff_id:\d{1,18}}", set_staff),
    web.post(_CUSTOMER + "/say", say),
    web.post(_CUSTOMER + "/picture", picture),
    web.post(_CUSTOMER + "/invite", invite),
    web.post(_CUSTOMER + "/transfer", transfer),
    web.post(_CUSTOMER + "/close", close),
    web.post(_CUSTOMER + "/accept", accept),
    web.post(_CUSTOMER + "/begin", begin),
    web.get(_ONE + "/faults", get_faults),
    web.put(_ONE + "/faults", put_faults),
    web.delete(_ONE + "/faults", delete_faults),
]
