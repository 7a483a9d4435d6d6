"""How an account with Qiyu is set up: what its administrators choose, and what its pages leave open."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

AppKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


def http_url(url: str) -> str:
    """Raises ValueError for anything but an address of a web server."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    return url


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StaffConfig(_Strict):
    """One of its people. `online` is where they stand now: the control API changes it."""

    id: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=64)
    icon: str | None = None
    groups: list[int] = Field(default_factory=list)
    max_sessions: int = Field(5, ge=0, le=10_000)
    online: bool = True


class AccountConfig(_Strict):
    """`renew_push_time`: a repeated push carries the time of then; else that of its first attempt.

    `checksum_algorithm` is that of the pushes; calls say themselves how they are signed. `takes_in_line`: messages are
    taken while their customer stands in line (its pages do not say). `line_seconds`: who waits longer is sent away.
    """

    app_secret: str = Field(min_length=1)
    callback_url: Annotated[str, AfterValidator(http_url)]
    checksum_algorithm: Literal["sha1", "sha256"] = "sha1"
    robot: bool = False
    leave_message: bool = True
    greeting: str = "您好，很高兴为您服务。"
    offline_text: str = "客服不在线，请留言。"
    queue_text: str = "客服正忙，请稍候。"
    staff: list[StaffConfig] = Field(default_factory=list)
    evaluation_type: Literal[2, 3, 5] = 2
    idle_seconds: Seconds = 1_800
    leave_close_seconds: Seconds = 300
    end_grace_seconds: Seconds = 10
    line_seconds: Seconds | None = None
    takes_in_line: bool = True
    calls_per_endpoint: int = Field(5, ge=1)
    calls_per_account: int = Field(20, ge=1)
    skew_seconds: Seconds = 300
    allowed_ips: list[str] = Field(default_factory=list, description="who may call; empty = everybody")
    push_seconds: float = Field(10, gt=0, le=60, description="real seconds for the answer to a push")
    push_retries: list[Seconds] = Field(default=[5, 30, 120], description="by the sandbox's clock")
    renew_push_time: bool = True

    @model_validator(mode="after")
    def _names_each_person_once(self) -> "AccountConfig":
        if len({one.id for one in self.staff}) < len(self.staff):
            raise ValueError("two people of the staff have the same id")
        return self
