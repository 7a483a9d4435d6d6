"""What the sender must be told."""

import re
from ipaddress import ip_address
from typing import Final, NamedTuple

from pydantic import Field, field_validator

from shared.backbone import BackboneSettings
from shared.settings import Port, VendorAddressSettings

_WITH_PORT: Final = re.compile(r"(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>[0-9]{1,5})")
_GLOB: Final = re.compile(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class MediaHosts(NamedTuple):
    """Where pictures may be fetched from: any public host that a glob names, and these very `host:port`s."""

    globs: tuple[str, ...]
    listed: frozenset[tuple[str, int]]


class SenderSettings(BackboneSettings, VendorAddressSettings):
    ops_port: Port = Field(9084, description="port of /livez, /readyz and /metrics; 0 = any free")
    sender_slot: int | None = Field(None, ge=0, description="this replica's slot; none: the lowest free lease")
    sender_rate_per_second: float = Field(100.0, gt=0, le=10_000, description="sends a second of one app")
    sender_burst: int = Field(50, ge=1, le=10_000, description="sends an app may make at once after a pause")
    sender_in_flight: int = Field(128, ge=1, le=2_000, description="sends of one app that await WeChat's answer")
    sender_daily_limit: int | None = Field(
        None, ge=1, description="sends a day of one app (WeChat's day); none: until WeChat says 45009"
    )
    sender_answer_seconds: float = Field(10.0, ge=1, le=60, description="how long WeChat may take to answer a send")
    sender_vendor_answer_seconds: float = Field(
        5.0, ge=1, le=60, description="how long a vendor may take to answer one request"
    )
    sender_drain_seconds: float = Field(15.0, ge=0, le=120, description="how long stopping waits for answers under way")
    media_hosts: str = Field(
        "*.qpic.cn,*.weixin.qq.com",
        description="hosts pictures may be fetched from, by commas; one with its port may have a private address",
    )
    media_copies: int = Field(8, ge=1, le=64, description="pictures copied at the same time")

    @field_validator("media_hosts")
    @classmethod
    def _names_hosts(cls, hosts: str) -> str:
        wrong = [host for host in _split(hosts) if not (_WITH_PORT.fullmatch(host) or _is_glob(host))]
        if wrong:
            raise ValueError(f"neither a host, nor *.domain, nor host:port: {', '.join(wrong)}")
        return hosts

    @property
    def picture_hosts(self) -> MediaHosts:
        ported = [match for host in _split(self.media_hosts) if (match := _WITH_PORT.fullmatch(host))]
        listed = frozenset((match["host"].strip("[]"), int(match["port"])) for match in ported)
        return MediaHosts(tuple(host for host in _split(self.media_hosts) if _is_glob(host)), listed)


def _split(hosts: str) -> list[str]:
    return [host.strip().lower() for host in hosts.split(",") if host.strip()]


def _is_glob(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _GLOB.fullmatch(host) is not None
    return False
