"""What each endpoint takes and answers. Source: Qiyu's message interface page; quitQueue and staff/list: its users."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from services.sandbox.qiyu.codes import DONE, TOO_LARGE, Refused, malformed
from services.sandbox.qiyu.files import MAX_BYTES
from services.sandbox.qiyu.floor import Floor
from services.sandbox.qiyu.state import MsgType, Wanted
from services.sandbox.qiyu.world import Qiyu

UPLOAD: Final = "/openapi/message/uploadFile"
UPLOAD_TEXT: Final = "/openapi/message/sendFile"
_MOST_CHARS: Final = 4_000

_Flag = Annotated[StrictInt, Field(ge=0, le=1)]
Uid = Annotated[StrictStr, Field(min_length=1)]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Call:
    """One call that has been proved. `signed`: the body, of an upload the file alone (None where there is none)."""

    qiyu: Qiyu
    floor: Floor
    signed: bytes | None
    uid: str | None = None
    delivered: bool = False


class _Fields(BaseModel):
    """Fields that are not known are let pass: its pages do not say otherwise."""

    model_config = ConfigDict(extra="ignore")


class _OfOne(_Fields):
    uid: Uid


class _Sent(_OfOne):
    msgType: MsgType  # noqa: N815 - Qiyu's name
    content: Any


class _File(_Fields):
    url: StrictStr = Field(pattern="^https?://")
    size: StrictInt = Field(ge=1)
    md5: StrictStr = Field(pattern="^[0-9a-f]{32}$")
    w: StrictInt | None = None
    h: StrictInt | None = None
    dur: StrictInt | None = None


class _Application(_OfOne):
    staffType: _Flag = 0  # noqa: N815
    staffId: StrictInt = 0  # noqa: N815
    groupId: StrictInt = 0  # noqa: N815
    robotShuntSwitch: _Flag = 0  # noqa: N815
    level: StrictInt = Field(0, ge=0, le=11)
    fromPage: StrictStr = ""  # noqa: N815
    fromTitle: StrictStr = ""  # noqa: N815
    fromIp: StrictStr = ""  # noqa: N815
    deviceType: StrictStr = ""  # noqa: N815
    productId: StrictStr = ""  # noqa: N815


class _Known(_Fields):
    key: StrictStr = Field(min_length=1)
    value: Any = None
    label: StrictStr | None = None
    index: StrictInt | None = None
    href: StrictStr | None = None
    hidden: bool | None = None


class _Profile(_OfOne):
    userinfo: list[_Known]


class _Evaluation(_OfOne):
    sessionId: StrictInt  # noqa: N815
    evaluation: StrictInt
    remarks: StrictStr = ""


class _Listing(_Fields):
    status: StrictInt | None = None


def _send(call: Call) -> dict[str, Any]:
    sent = _read(call, _Sent)
    if sent.msgType == "TEXT":
        if not isinstance(sent.content, str) or not sent.content:
            raise malformed("content of a TEXT must be a string that says something")
        _check_length(sent.content)
        call.floor.visits.hear(sent.uid, "TEXT", sent.content, None)
    else:
        call.floor.visits.hear(sent.uid, sent.msgType, None, _file(call, sent))
    call.delivered = True
    return {}


def _file(call: Call, sent: _Sent) -> dict[str, Any]:
    """Of one of its own files size and MD5 must be right."""
    if not isinstance(sent.content, dict):
        raise malformed(f"content of a {sent.msgType} must be an object")
    _check_length(orjson.dumps(sent.content).decode())
    try:
        file = _File.model_validate(sent.content)
    except ValidationError as refused:
        raise malformed(f"content.{_named(refused)}") from None
    if sent.msgType == "AUDIO" and file.dur is None:
        raise malformed("content.dur is missing")
    if file.url.startswith(f"{call.qiyu.base_url}/files/"):
        own = call.qiyu.files.find(file.url.rpartition("/")[2])
        if own is None or own.md5 != file.md5 or len(own.data) != file.size:
            raise malformed("content.url, size and md5 are not those of one uploaded file")
    return file.model_dump(exclude_none=True)


def _upload(call: Call) -> dict[str, Any]:
    if not call.signed:
        raise malformed("no file: a part named file with a filename, or base64 text")
    if len(call.signed) > MAX_BYTES:
        raise Refused(TOO_LARGE)
    file = call.qiyu.files.keep(call.signed)
    return {"url": f"{call.qiyu.base_url}/files/{file.md5}"}


def _apply(call: Call) -> dict[str, Any]:
    """A person counts before a group, either before staffType; zeros are not given."""
    wanted = _read(call, _Application)
    call.floor.account.visitor(wanted.uid).application = wanted.model_dump(exclude_unset=True)
    chosen = Wanted(staff_id=wanted.staffId) if wanted.staffId else Wanted(group_id=wanted.groupId or None)
    return call.floor.visits.apply(
        wanted.uid, chosen, wanted.level, robot=wanted.staffType == 0, robot_first=wanted.robotShuntSwitch == 1
    )


def _update(call: Call) -> dict[str, Any]:
    told = _read(call, _Profile)
    call.floor.account.visitor(told.uid).profile = [one.model_dump(exclude_unset=True) for one in told.userinfo]
    return {}


def _evaluate(call: Call) -> dict[str, Any]:
    told = _read(call, _Evaluation)
    call.floor.visits.evaluate(told.uid, told.sessionId, told.evaluation, told.remarks)
    return {}


def _place(call: Call) -> dict[str, Any]:
    return {"count": call.floor.visits.place(_read(call, _OfOne).uid)}


def _quit(call: Call) -> dict[str, Any]:
    call.floor.visits.leave_line(_read(call, _OfOne).uid)
    return {}


def _list_staff(call: Call) -> dict[str, Any]:
    """The list is JSON in the string `message`. `status`, as its users have it: 1 is who is online."""
    wanted = _read(call, _Listing).status
    listed = [
        {
            "id": one.id,
            "username": f"staff{one.id}",
            "realname": one.name,
            "nickname": one.name,
            "role": 0,
            "phone": "",
            "email": "",
            "status": int(one.online),
            "createtime": 0,
            "maxServiceCount": one.max_sessions,
        }
        for one in call.floor.account.config.staff
        if wanted is None or wanted == int(one.online)
    ]
    return {"message": orjson.dumps(listed).decode()}


ENDPOINTS: Final[dict[str, Callable[[Call], dict[str, Any]]]] = {
    "/openapi/message/send": _send,
    UPLOAD: _upload,
    UPLOAD_TEXT: _upload,
    "/openapi/event/applyStaff": _apply,
    "/openapi/event/updateUInfo": _update,
    "/openapi/event/evaluate": _evaluate,
    "/openapi/event/queryQueueStatus": _place,
    "/openapi/event/quitQueue": _quit,
    "/openapi/v2/staff/list": _list_staff,
}


def answered(path: str, call: Call) -> dict[str, Any]:
    """Do what is asked; raises Refused."""
    return {"code": DONE, **ENDPOINTS[path](call)}


def uid_of(body: bytes) -> str | None:
    """Whom a body is about, as far as it can be read."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    uid = fields.get("uid") if isinstance(fields, dict) else None
    return uid if isinstance(uid, str) else None


def _read(call: Call, model: type[Model]) -> Model:
    try:
        read = model.model_validate_json(call.signed or b"")
    except ValidationError as refused:
        raise malformed(_named(refused)) from None
    return read


def _named(refused: ValidationError) -> str:
    first = refused.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"


def _check_length(content: str) -> None:
    if len(content) > _MOST_CHARS:
        raise malformed(f"content has {len(content)} characters; at most {_MOST_CHARS} are taken")
