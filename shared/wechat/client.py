"""WeChat's API as this desk uses it. Every call takes the token it is made with; nothing here renews or retries.

Every failure is a SendFailure (`failures.py`). A caller that cancels a send under way knows no more about its
outcome than OutcomeUnknown says.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.exchange import picture_form
from shared.failures import Refused, SendFailure, Unavailable
from shared.wechat.errcodes import TYPING_MOOT, WRONG_TYPING_PATH
from shared.wechat.failures import BROKEN_ANSWER
from shared.wechat.outbound import Outbound, TypingCommand, send_body, typing_body
from shared.wechat.transport import Answer, Timeouts, Transport, fields_of

SEND_PATH: Final = "/cgi-bin/message/custom/send"
TYPING_PATHS: Final = {
    "custom": "/cgi-bin/message/custom/typing",
    "business": "/cgi-bin/message/custom/business/typing",
}
TypingPath = Literal["custom", "business"]

MEDIA_MAX_BYTES: Final = 10 << 20
_TYPED_AS_TEXT: Final = frozenset({"application/json", "text/plain"})


class _FromWeChat(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True)


class IssuedToken(_FromWeChat):
    value: str = Field(alias="access_token", min_length=1, repr=False)
    expires_in_seconds: int = Field(alias="expires_in", gt=0)


class UploadedMedia(_FromWeChat):
    media_id: str = Field(min_length=1)


class ApiQuota(_FromWeChat):
    """How many calls of one path are left this day (Beijing's)."""

    daily_limit: int
    used: int
    remain: int


class RateLimit(_FromWeChat):
    call_count: int
    refresh_second: int


class Quotas(_FromWeChat):
    quota: ApiQuota
    rate_limit: RateLimit | None = None


class OnlineAgent(_FromWeChat):
    """Someone at the official console; mini programs give them an empty `kf_account`."""

    kf_account: str = ""
    kf_id: str = ""
    kf_openid: str = ""
    status: int = 0
    """0 offline, 1 on the web."""


class ResolvedIp(_FromWeChat):
    ip: str
    operator: str = Field("", alias="real_operator")


class Ping(_FromWeChat):
    """One packet to one address: lost, or not."""

    ip: str
    loss: str = Field("", alias="package_loss")
    """`0%` or `100%`."""


class CallbackCheck(_FromWeChat):
    """How far WeChat gets towards an app's callback URL (网络通信检测): addresses, and a ping to each."""

    dns: list[ResolvedIp] = Field(default_factory=list)
    ping: list[Ping] = Field(default_factory=list)


class _CallbackIps(_FromWeChat):
    ip_list: list[str]


class _OnlineAgents(_FromWeChat):
    kf_online_list: list[OnlineAgent]


@dataclass(frozen=True, slots=True)
class MediaFile:
    content: bytes
    content_type: str
    """WeChat's word; believe the bytes."""


AnyAnswer = TypeVar("AnyAnswer", bound=_FromWeChat)


class WeChatClient:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        timeouts: Timeouts | None = None,
        *,
        typing_path: TypingPath = "custom",
    ) -> None:
        self._transport = Transport(session, base_url, timeouts or Timeouts())
        self._typing_path: TypingPath = typing_path

    async def send(
        self, token: str, openid: str, message: Outbound, *, ai_label: bool = False, business_id: str | None = None
    ) -> None:
        """Send one message; WeChat has taken it when this returns. It has no id, and no repetition is recognised."""
        body = send_body(openid, message, ai_label=ai_label, business_id=business_id)
        await self._transport.post_json("send", SEND_PATH, body, params=_with(token), secrets=(token,))

    async def typing(
        self, token: str, openid: str, command: TypingCommand = "Typing", *, business_id: str | None = None
    ) -> bool:
        """Show (or end) "typing" at the customer's for 15 s; False where WeChat finds it moot.

        Of the two documented paths the other is tried, and kept, when this one is not for the app.
        """
        body = typing_body(openid, command, business_id=business_id)
        try:
            return await self._type(token, self._typing_path, body)
        except SendFailure as failed:
            if failed.code not in WRONG_TYPING_PATH:
                raise
        other: TypingPath = "business" if self._typing_path == "custom" else "custom"
        shown = await self._type(token, other, body)
        self._typing_path = other
        return shown

    async def upload_media(self, token: str, content: bytes, content_type: str) -> UploadedMedia:
        """Give WeChat an image (at most 2 MB; it keeps it three days)."""
        body, form_type = picture_form("media", content, content_type)
        params = _with(token, type="image")
        path = "/cgi-bin/media/upload"
        fields = await self._transport.post_file("upload", path, body, form_type, params=params, secrets=(token,))
        return _read(UploadedMedia, fields)

    async def get_media(self, token: str, media_id: str, *, max_bytes: int = MEDIA_MAX_BYTES) -> MediaFile:
        """Fetch a file a customer sent; MediaExpired once its three days are over, Refused beyond `max_bytes`."""
        params = _with(token, media_id=media_id)
        answer = await self._transport.get_file("get_media", "/cgi-bin/media/get", params=params, max_bytes=max_bytes)
        if answer.status != 200 or _is_json(answer):  # noqa: PLR2004 - HTTP OK
            fields_of(answer, "get_media", (token,))
            raise Refused("no_file", "WeChat answered with an address instead of a file")
        return MediaFile(content=answer.body, content_type=answer.content_type)

    async def stable_token(self, app_id: str, secret: str, *, force_refresh: bool = False) -> IssuedToken:
        """The app's token, the same for everyone who asks; forcing kills it at once (20 a day, 30 s apart)."""
        body = {
            "grant_type": "client_credential",
            "appid": app_id,
            "secret": secret,
            "force_refresh": force_refresh,
        }
        path = "/cgi-bin/stable_token"
        return _read(IssuedToken, await self._transport.post_json("token", path, body, params={}, secrets=(secret,)))

    async def callback_ips(self, token: str) -> list[str]:
        """Addresses and networks that pushes come from."""
        fields = await self._get(token, "/cgi-bin/getcallbackip")
        return _read(_CallbackIps, fields).ip_list

    async def check_callback(self, token: str) -> CallbackCheck:
        """Have WeChat look for the server of our callback URL. Not offered to every app; 40201 where none is saved."""
        body = {"action": "all", "check_operator": "DEFAULT"}
        path = "/cgi-bin/callback/check"
        fields = await self._transport.post_json("read", path, body, params=_with(token), secrets=(token,))
        return _read(CallbackCheck, fields)

    async def quotas(self, token: str, cgi_path: str = SEND_PATH) -> Quotas:
        """How often a path may still be called."""
        body = {"cgi_path": cgi_path}
        path = "/cgi-bin/openapi/quota/get"
        return _read(Quotas, await self._transport.post_json("read", path, body, params=_with(token), secrets=(token,)))

    async def online_agents(self, token: str) -> list[OnlineAgent]:
        """Who is at the official console (getonlinekflist)."""
        fields = await self._get(token, "/cgi-bin/customservice/getonlinekflist")
        return _read(_OnlineAgents, fields).kf_online_list

    async def _get(self, token: str, path: str) -> dict[str, Any]:
        return await self._transport.get_json("read", path, params=_with(token), secrets=(token,))

    async def _type(self, token: str, path: TypingPath, body: dict[str, Any]) -> bool:
        try:
            await self._transport.post_json("typing", TYPING_PATHS[path], body, params=_with(token), secrets=(token,))
        except Refused as refused:
            if refused.code in TYPING_MOOT:
                return False
            raise
        return True


def _with(token: str, **params: str) -> dict[str, str]:
    return {"access_token": token, **params}


def _read(kind: type[AnyAnswer], fields: dict[str, Any]) -> AnyAnswer:
    try:
        return kind.model_validate(fields)
    except ValidationError as invalid:
        missing = ", ".join(str(error["loc"][0]) for error in invalid.errors() if error["loc"])
    raise Unavailable("broken_answer", f"no valid {missing}", BROKEN_ANSWER, retry_after_seconds=1)


def _is_json(answer: Answer) -> bool:
    return answer.content_type in _TYPED_AS_TEXT and answer.body.lstrip()[:1] == b"{"
