"""What mp.weixin.qq.com keeps of a mini program: its secrets, where and how pushes go, and the sandbox's own knobs."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.wechat.crypto import check_aes_key

AppId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{3,64}$")]


class Knobs(BaseModel):
    """Where WeChat's behaviour is unsettled, rare, or set by hand in its console."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enter_rearms: bool = Field(True, description="entering gives 2 again although a message's 5 are used up")
    same_content_seconds: float = Field(
        0, ge=0, description="the same content to the same customer within this time is refused with 40258; 0 = never"
    )
    foreign_type_errcode: Literal[48008, 40200] = Field(
        48008, description="what an official account's message type (voice, news, msgmenu …) is refused with"
    )
    shows_escapes: bool = Field(
        False,
        description="JSON escapes beyond ASCII in API calls reach the customer as they are written, as developers saw",
    )
    ip_whitelist: list[str] | None = Field(
        None, description="addresses that may ask for tokens, others get 40164; null = all"
    )
    disabled_apis: list[str] = Field(default_factory=list, description="path prefixes refused with 48001")
    minute_limit: int | None = Field(None, ge=0, description="calls a minute of each API; null = the sandbox's own")
    day_limit: int | None = Field(None, ge=0, description="calls a day of each API; null = the published number")


class AppConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: str = Field(min_length=1, max_length=128, repr=False)
    token: str = Field(min_length=1, max_length=128, repr=False)
    aes_key: str = Field("", repr=False)
    mode: Literal["plain", "compat", "secure"]
    format: Literal["json", "xml"]
    callback_url: str
    name: str = Field("", max_length=40, description="what the phone calls the mini program; empty = its appid")
    gh_id: str | None = Field(None, pattern=r"^gh_[A-Za-z0-9_]{1,61}$")
    knobs: Knobs = Field(default_factory=Knobs)

    @field_validator("callback_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or re.search(r"\s", url):
            raise ValueError("must be a URL beginning with http:// or https://")
        return url

    @model_validator(mode="after")
    def _has_a_key_if_it_needs_one(self) -> "AppConfig":
        if self.aes_key or self.mode != "plain":
            check_aes_key(self.aes_key)
        return self
