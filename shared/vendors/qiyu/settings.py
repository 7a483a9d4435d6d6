"""What an account with Qiyu is set up with. What its pages leave open is a setting here, and says so."""

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from shared.vendors.port import HostPattern, VendorSettings

QIYU: Final = "https://qiyukf.com"


def _address(text: str) -> str:
    parts = urlsplit(text)
    plain = not (parts.query or parts.fragment or parts.username) and parts.port != 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise ValueError("must be an address such as https://qiyukf.com, without a query")
    return text.rstrip("/")


Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_address)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class QiyuSettings(VendorSettings):
    app_key: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        description="AppKey, from 管理后台 → 系统 → 扩展与集成 → 开发者ID"
    )
    app_secret: SecretStr = Field(
        min_length=1, description="AppSecret, from the same page; every press of 重置 there makes another one"
    )
    api_base: Address = Field(QIYU, description="where its API is; private and overseas installations have their own")
    checksum_algorithm: Literal["sha1", "sha256"] = Field(
        "sha1", description="how our calls are signed; uncertain: sha256 is said to be taken by some endpoints only"
    )
    push_tolerance_seconds: int = Field(
        600,
        ge=30,
        le=86400,
        description="how far the time of a push may be from ours; uncertain: whether a repeated one carries a new time",
    )
    calls_per_second: float = Field(
        20, gt=0, le=1000, description="over all endpoints; the default is Qiyu's, which raises it on request"
    )
    calls_per_endpoint: float = Field(5, gt=0, le=1000, description="of one endpoint per second; Qiyu's default")
    retry_on_unknown: bool = Field(
        False, description="give a message once more when no answer came; its people may then see it twice"
    )
    staff_type: Literal["person", "machine"] = Field(
        "person", description="whom customers get first: one of its people, or its robot"
    )
    group_id: int | None = Field(None, ge=1, description="only people of this group (客服组); its id is a number")
    staff_id: int | None = Field(None, ge=1, description="only this one person; its id is a number")
    robot_shunt: bool = Field(False, description="with people first: through the robot on the way (robotShuntSwitch)")
    vip_level: int = Field(0, ge=0, le=11, description="its people see this VIP level; 0 is none")
    from_page: Line = Field("", description="the page its people see as where the customer comes from; may be empty")
    from_title: Line = Field("", description="that page's title; empty: the mini program's name")
    relay_in_line: bool = Field(
        False,
        description="give it messages while the customer stands in its line; uncertain: whether it takes them then",
    )
    context_to_machine: bool = Field(
        False, description="give its robot, too, what was said before; it would answer that like a question"
    )
    poll_seconds: int = Field(20, ge=15, le=600, description="how often the place in its line is asked for")
    word_seconds: int = Field(
        300, ge=10, le=86400, description="after so much silence Qiyu closes what a customer left word of (留言)"
    )
    quit_line_path: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9/_.-]+)?$", max_length=200)] = Field(
        "/openapi/event/quitQueue",
        description="where a customer leaves its line; uncertain, on no page we read; empty: it is not told",
    )
    media_hosts: tuple[HostPattern, ...] = Field(
        (),
        max_length=50,
        description="hosts that its pictures come from; empty: its API's and NetEase's file servers; uncertain",
    )
    introduce_on_enter: bool = Field(
        False, description="ask it for somebody as soon as the customer enters, before they have written"
    )

    @model_validator(mode="after")
    def _one_of_its_people(self) -> Self:
        if self.staff_id is not None and self.staff_type == "machine":
            raise ValueError("staff_id names a person: with the robot first it would be passed over")
        return self
