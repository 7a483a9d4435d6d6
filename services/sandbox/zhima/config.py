"""What Zhima's pages hold of one product (产品): a mini program connected by password, and the sandbox's own knobs."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.sandbox.qiyu.config import http_url

AccessKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{3,128}$")]
Words = Annotated[str, Field(max_length=600)]
DeveloperAuth = Literal["none", "wechat_sig", "hmac", "path_secret"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StaffMember(_Settings):
    id: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=64)
    online: bool = True


class ProductConfig(_Settings):
    """`developer_auth` none: events go out without a proof. Without `developer_url` there are none."""

    model_config = ConfigDict(hide_input_in_errors=True)

    name: str = Field("", max_length=40)
    app_id: str = Field(min_length=1, max_length=64)
    wechatapp_id: str = Field("211079", max_length=20)
    push_token: str = Field("xiaokefu", min_length=1, repr=False)
    strict: bool = Field(True, description="refuse (403) pushes whose signature is wrong")
    token_url: str | None = Field(None, repr=False, description="小程序 token 网址: where access tokens are fetched")
    reply_mode: Literal["direct", "proxy"] = Field(
        "direct", description="to the sandbox's own WeChat, or to proxy_base"
    )
    proxy_base: str | None = Field(None, description="what stands for WeChat's API; /cgi-bin/… is put at its end")
    developer_url: str | None = Field(None, repr=False)
    developer_auth: DeveloperAuth = "none"
    developer_token: str = Field("", repr=False)
    developer_key: str = Field("", repr=False, description="for path_secret: put at the end of developer_url")
    event_retries: tuple[float, ...] = Field((2, 10), max_length=20, description="pauses, in the sandbox's time")
    reports_messages: bool = Field(False, description="developer mode tells what staff say, too; no page shows that")
    staff: tuple[StaffMember, ...] = (StaffMember(id=126, name="在线客服"),)
    accepts_by_itself: bool = Field(False, description="a staff member who is online takes a new customer at once")
    welcome: Words = Field("", description="said to who enters; empty: nothing")
    keyword_replies: dict[str, Words] = Field(
        default_factory=dict, description="who is with no staff and writes a word gets its reply"
    )

    @field_validator("token_url", "proxy_base", "developer_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        return http_url(url) if url is not None else None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.reply_mode == "proxy" and self.proxy_base is None:
            raise ValueError("reply_mode proxy needs proxy_base, e.g. https://…/vendors/zhima/ACCOUNT/wxproxy")
        if self.developer_auth == "wechat_sig" and not self.developer_token:
            raise ValueError("developer_auth wechat_sig needs developer_token")
        if self.developer_auth in {"hmac", "path_secret"} and not self.developer_key:
            raise ValueError(f"developer_auth {self.developer_auth} needs developer_key")
        if len({member.id for member in self.staff}) < len(self.staff):
            raise ValueError("two people of the staff have the same id")
        return self
