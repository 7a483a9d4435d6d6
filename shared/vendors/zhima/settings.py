"""What is to be known of one Zhima account. Zhima gives each mini program an account and a push address of its own."""

import ipaddress
import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from shared.vendors.port import HostPattern, VendorSettings

DeveloperAuth = Literal["none", "wechat_sig", "hmac", "path_secret"]
PUSH_TOKEN: Final = "xiaokefu"  # noqa: S105 - printed on Zhima's page, alike for all its customers
PATH_SECRET_LENGTH: Final = 32

_PATH_SAFE: Final = re.compile(r"[A-Za-z0-9_-]+")
_NEEDS: Final[dict[DeveloperAuth, str]] = {
    "wechat_sig": "developer_token",
    "hmac": "developer_key",
    "path_secret": "developer_key",
}


def _is_network(text: str) -> str:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError("must be an IP address, or a network such as 203.0.113.0/24") from None
    return text.strip()


class ZhimaSettings(VendorSettings):
    app_id: str = Field(min_length=1, max_length=64, description="AppID of the one mini program it serves")
    push_url: SecretStr = Field(
        description="the address (URL 服务器地址) Zhima shows under 密码接入; whoever knows it can write to its staff"
    )
    push_token: SecretStr = Field(SecretStr(PUSH_TOKEN), min_length=1, description="the Token it shows beside it")
    format: Literal["xml", "json"] = Field(
        "xml", description="which 数据格式 Zhima told you to choose at WeChat; pushes in the other one are rewritten"
    )
    reply_path: Literal["direct", "proxy"] = Field(
        "direct",
        description="direct: Zhima fetches an access token and speaks to WeChat itself, unseen by wxdesk; "
        "proxy: it speaks to wxdesk as if that were WeChat, where its API host can be changed, which is uncertain",
    )
    token_path_secret: SecretStr | None = Field(
        None,
        min_length=PATH_SECRET_LENGTH,
        description="the end of the address where Zhima fetches tokens; made by chance, letters and digits",
    )
    ip_allow: tuple[Annotated[str, AfterValidator(_is_network)], ...] = Field(
        (), max_length=50, description="addresses or networks that may fetch tokens and use the proxy; none: all"
    )
    developer_auth: DeveloperAuth = Field(
        "none", description="how pushes of 开发者模式 prove that they are Zhima's; none: they are refused; uncertain"
    )
    developer_token: SecretStr | None = Field(None, min_length=3, description="for wechat_sig: signed as WeChat does")
    developer_key: SecretStr | None = Field(
        None, min_length=16, description="for hmac: its key; for path_secret: the end of the push address"
    )
    developer_tolerance_seconds: int = Field(
        300, ge=10, le=86_400, description="how far the time of a 开发者模式 push may differ from ours; uncertain"
    )
    wechatapp_id: str | None = Field(
        None, max_length=64, description="Zhima's own number of the mini program; pushes of another one are refused"
    )
    media_hosts: tuple[HostPattern, ...] = Field(
        ("*.xiaokefu.com.cn", "xiaokefu.com.cn"),
        max_length=20,
        description="hosts that pictures in its pushes may be fetched from, beside MEDIA_HOSTS; uncertain",
    )
    calls_per_second: float = Field(50, gt=0, le=1000, description="most pushes given to it in a second; uncertain")

    @field_validator("push_url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        address = url.get_secret_value().strip()
        if not _is_http(address):
            raise ValueError("must be an address such as https://xiaokefu.com.cn/…, without login and #")
        return SecretStr(address)

    @field_validator("token_path_secret")
    @classmethod
    def _fits_an_address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and _PATH_SAFE.fullmatch(secret.get_secret_value()) is None:
            raise ValueError("must consist of letters, digits, - and _, since it stands in an address")
        return secret

    @model_validator(mode="after")
    def _can_be_proved(self) -> "ZhimaSettings":
        needed = _NEEDS.get(self.developer_auth)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"developer_auth {self.developer_auth} needs {needed}")
        if self.developer_auth == "path_secret":
            self._check_path_secret()
        return self

    def _check_path_secret(self) -> None:
        key = self.developer_key.get_secret_value() if self.developer_key else ""
        if len(key) < PATH_SECRET_LENGTH or _PATH_SAFE.fullmatch(key) is None:
            raise ValueError(
                f"developer_auth path_secret needs a developer_key of {PATH_SECRET_LENGTH} or more "
                "letters, digits, - and _"
            )
        if not self.ip_allow:
            raise ValueError("developer_auth path_secret needs ip_allow: an address alone proves little")

    def allows(self, remote: str | None) -> bool:
        """Whether this address may fetch tokens and use the proxy."""
        return not self.ip_allow or (remote is not None and any(_holds(network, remote) for network in self.ip_allow))


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    login = parts.username is not None or parts.password is not None
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return whole and not login and not parts.fragment and address.isascii() and address.isprintable()


def _holds(network: str, remote: str) -> bool:
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return False
    inside = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (inside or address) in ipaddress.ip_network(network, strict=False)
