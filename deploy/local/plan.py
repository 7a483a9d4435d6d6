"""What `make run` starts: which services, on which ports, with which environment. No I/O."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from deploy.local.failures import CannotStart
from shared.settings import Port, Settings, is_loopback

START_ORDER: Final = ("sandbox", "gateway", "router", "sender", "bot", "console")
"""What answers others comes first: the sandbox stands for WeChat, the console is what people open."""

OPS_ORDER: Final = ("gateway", "console", "sandbox", "router", "sender", "bot")
"""OPS_PORT is the gateway's; the others follow."""

PORT_VARIABLES: Final = {"gateway": "GATEWAY_PORT", "console": "CONSOLE_PORT", "sandbox": "SANDBOX_PORT"}

_LOOPBACK = "127.0.0.1"
_EVERY_ADDRESS = {"0.0.0.0": _LOOPBACK, "::": "::1"}  # noqa: S104 - compared with, not bound


class RunSettings(Settings):
    model_config = SettingsConfigDict(env_ignore_empty=True)

    host: str = Field(_LOOPBACK, description="address to listen on")
    gateway_port: Port = Field(8080, description="where pushes arrive; 0 = any free")
    console_port: Port = Field(8081, description="the desk; 0 = any free")
    sandbox_port: Port = Field(8082, description="the stand-in for WeChat; 0 = any free")
    ops_port: int = Field(
        9080, ge=0, le=65500, description="/readyz and /metrics: the gateway's, the others follow; 0 = any free"
    )
    public_base_url: str = Field("", description="the gateway as WeChat reaches it; empty = as this machine does")
    data_dir: Path = Field(Path(".data"), description="everything a local run writes")
    amqp_url: SecretStr | None = Field(None, description="your RabbitMQ, instead of a private one")
    mongo_url: SecretStr | None = Field(None, description="your MongoDB replica set, instead of a private one")
    mongo_db: str = Field("wxdesk", description="the database's name")
    wxdesk_secret_keys: SecretStr | None = Field(None, description="Fernet keys; without: made, and kept in DATA_DIR")
    media_hosts: str = Field("*.qpic.cn,*.weixin.qq.com", description="hosts images may be fetched from")
    gateways: int = Field(1, ge=1, le=32, description="processes of the gateway")
    routers: int = Field(1, ge=1, le=32, description="processes of the router")
    senders: int = Field(1, ge=1, le=32, description="processes of the sender")
    bots: int = Field(1, ge=1, le=32, description="processes of the bot")
    consoles: int = Field(1, ge=1, le=32, description="processes of the console")


@dataclass(frozen=True)
class Replica:
    """One process of a service."""

    service: str
    number: int
    host: str
    port: int | None
    ops_port: int

    @property
    def name(self) -> str:
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def url(self) -> str:
        return url_of(self.host, self.port or 0)

    @property
    def ops_url(self) -> str:
        return url_of(self.host, self.ops_port)


@dataclass(frozen=True)
class Plan:
    """Every process, in the order of starting."""

    replicas: Sequence[Replica]

    def of(self, service: str) -> list[Replica]:
        return [replica for replica in self.replicas if replica.service == service]

    def url(self, service: str) -> str:
        return self.of(service)[0].url

    def ports(self) -> list[tuple[str, str, int]]:
        """Every address to listen on: the variable that moves it, host, port."""
        traffic = [(PORT_VARIABLES[one.service], one.host, one.port) for one in self.replicas if one.port is not None]
        return traffic + [(f"OPS_PORT (the {one.service}'s)", one.host, one.ops_port) for one in self.replicas]


def plan(settings: RunSettings, pick: Callable[[], int]) -> Plan:
    """Give every process its ports; `pick` finds a free one where the settings fix none.

    Raises CannotStart if the settings give one port to two.
    """
    fixed = {port(settings, service) for service in START_ORDER for port in (_traffic_port, _ops_port)}

    def unnamed() -> int:
        while (port := pick()) in fixed:
            pass
        return port

    everything = Plan([replica for service in START_ORDER for replica in _replicas(settings, service, unnamed)])
    taken: dict[int, str] = {}
    for variable, _, port in everything.ports():
        if port in taken:
            raise CannotStart(f"{taken[port]} and {variable} are both {port}; choose another port for one of them")
        taken[port] = variable
    return everything


def common_environment(
    settings: RunSettings, plan: Plan, servers: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """What every process of the run gets: our own environment, the servers and secrets, and who is where."""
    sandbox = plan.url("sandbox")
    return {
        "LOG_FORMAT": "console",
        **inherited,
        **servers,
        "MONGO_DB": settings.mongo_db,
        "WECHAT_API_BASE": sandbox,
        "QIYU_API_BASE": sandbox,
        "CLOCK": "sandbox",
        "MEDIA_HOSTS": f"{settings.media_hosts},{urlsplit(sandbox).netloc}",
        "PUBLIC_BASE_URL": settings.public_base_url or plan.url("gateway"),
        "DESK_BASE_URL": inherited.get("DESK_BASE_URL") or plan.url("console"),
        "DATA_DIR": str(settings.data_dir),
        "HOST": settings.host,
        "PYTHONUNBUFFERED": "1",
        **{variable: str(plan.of(service)[0].port) for service, variable in PORT_VARIABLES.items()},
    }


def own_environment(replica: Replica, common: Mapping[str, str]) -> dict[str, str]:
    """`common`, and where this process listens."""
    own = {"HOST": replica.host, "OPS_PORT": str(replica.ops_port)}
    if replica.port is not None:
        own[PORT_VARIABLES[replica.service]] = str(replica.port)
    return {**common, **own}


def _replicas(settings: RunSettings, service: str, pick: Callable[[], int]) -> Iterator[Replica]:
    count = 1 if service == "sandbox" else getattr(settings, f"{service}s")
    host = _sandbox_host(settings.host) if service == "sandbox" else settings.host
    for number in range(1, count + 1):
        port = _traffic_port(settings, service) if number == 1 else 0
        ops_port = _ops_port(settings, service) if number == 1 else 0
        listens = service in PORT_VARIABLES
        yield Replica(service, number, host, (port or pick()) if listens else None, ops_port or pick())


def _traffic_port(settings: RunSettings, service: str) -> int:
    ports = {"gateway": settings.gateway_port, "console": settings.console_port, "sandbox": settings.sandbox_port}
    return ports.get(service, 0)


def _ops_port(settings: RunSettings, service: str) -> int:
    return settings.ops_port + OPS_ORDER.index(service) if settings.ops_port else 0


def _sandbox_host(host: str) -> str:
    """CLOCK=sandbox and the sandbox's control calls need it on loopback (every address includes that)."""
    return host if host in _EVERY_ADDRESS or is_loopback(host) else _LOOPBACK


def url_of(host: str, port: int) -> str:
    """How this machine reaches what listens on `host`."""
    address = _EVERY_ADDRESS.get(host, host)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
