"""Settings shared by the services: read once from the environment, typed, frozen, refused by name at start.

What the environment does not say may stand in a file of the variable's name in WXDESK_SECRETS_DIR.
Each class holds what one dependency needs; a service composes its own from them.
"""

import ipaddress
import os
import sys
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from shared.conversation.hours import is_time_zone
from shared.observe.collector_headers import collector_headers
from shared.secret_files import FOLDER_VARIABLE, FileRefused, SecretFiles

Port = Annotated[int, Field(ge=0, le=65535)]
TracesSampler = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]


class SettingsRefused(Exception):
    """The environment does not describe a service that can start; the text names each variable and why."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Files(settings_cls)


class _Files(PydanticBaseSettingsSource):
    """The least of the sources: what stands in the files of WXDESK_SECRETS_DIR. Raises FileRefused."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._files = SecretFiles(os.environ.get(FOLDER_VARIABLE))

    @override
    def __call__(self) -> dict[str, Any]:
        """A file whose variable is told otherwise is not opened."""
        untold = {
            name: field for name, field in self.settings_cls.model_fields.items() if name not in self.current_state
        }
        values = {name: self.get_field_value(field, name)[0] for name, field in untold.items()}
        return {name: value for name, value in values.items() if value is not None}

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        return self._files.get(field_name.upper()), field_name, False


AnySettings = TypeVar("AnySettings", bound=Settings)


def read_settings(kind: type[AnySettings], known: Mapping[str, str] | None = None) -> AnySettings:
    """The environment, else the files, as `kind`; raises SettingsRefused with one line for each variable that is wrong.

    `known` are variables that stand before the environment's, by their upper-case names.
    """
    named: dict[str, Any] = {name: (known or {}).get(name.upper()) for name in kind.model_fields}
    try:
        return kind(**{name: value for name, value in named.items() if value is not None})
    except ValidationError as refused:
        lines = [_explain(error["loc"], error["type"], error["msg"]) for error in refused.errors()]
        raise SettingsRefused("\n".join(lines)) from None
    except FileRefused as refused:
        raise SettingsRefused(str(refused)) from None


def _explain(where: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(where[0]).upper() if where else "settings"
    return f"{name}: missing; set it in the environment or as a file" if kind == "missing" else f"{name}: {message}"


class RabbitSettings(Settings):
    amqp_url: SecretStr = Field(description="RabbitMQ, as amqp://user:password@host:port/vhost")
    topology: Literal["declare", "expect"] = Field(
        "declare", description="declare exchanges and queues, or wait for those an operator made"
    )
    router_partitions: int = Field(16, ge=1, le=256, description="partition queues of the router")
    sender_partitions: int = Field(8, ge=1, le=256, description="partition queues of the sender")

    @field_validator("amqp_url")
    @classmethod
    def _is_amqp(cls, url: SecretStr) -> SecretStr:
        if urlsplit(url.get_secret_value()).scheme not in {"amqp", "amqps"}:
            raise ValueError("must begin with amqp:// or amqps://")
        return url


class MongoSettings(Settings):
    mongo_url: SecretStr = Field(description="MongoDB, as mongodb://…; must be a replica set")
    mongo_db: str = Field("wxdesk", min_length=1, description="the database's name")
    mongo_driver: Literal["motor", "pymongo"] = Field("motor", description="which driver speaks to MongoDB")

    @field_validator("mongo_url")
    @classmethod
    def _is_mongodb(cls, url: SecretStr) -> SecretStr:
        if urlsplit(url.get_secret_value()).scheme not in {"mongodb", "mongodb+srv"}:
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return url


with warnings.catch_warnings():
    # pydantic's own `schema` is deprecated and used nowhere here; the variable's name is what people write.
    warnings.simplefilter("ignore", UserWarning)

    class SchemaSettings(Settings):
        schema: Literal["prepare", "expect"] = Field(  # type: ignore[assignment]
            "prepare", description="at start make what the database lacks, or wait until `wxdesk prepare` has made it"
        )


class SecretSettings(Settings):
    wxdesk_secret_keys: SecretStr = Field(
        description="Fernet keys that seal secrets at rest, separated by commas; the first one encrypts"
    )

    @field_validator("wxdesk_secret_keys")
    @classmethod
    def _are_fernet_keys(cls, keys: SecretStr) -> SecretStr:
        for key in keys.get_secret_value().split(","):
            try:
                Fernet(key.strip())
            except ValueError:
                raise ValueError("each key must be 32 url-safe base64 bytes (Fernet.generate_key())") from None
        return keys

    @property
    def secret_keys(self) -> list[str]:
        return [key.strip() for key in self.wxdesk_secret_keys.get_secret_value().split(",")]


class WeChatSettings(Settings):
    wechat_api_base: str = Field("https://api.weixin.qq.com", description="where WeChat's API answers")

    @field_validator("wechat_api_base")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return _api_base(url)


class VendorAddressSettings(Settings):
    qiyu_api_base: str | None = Field(None, description="where Qiyu's API answers; none: where each account says")

    @field_validator("qiyu_api_base")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return _api_base(url) if url else None

    @property
    def vendor_api_bases(self) -> dict[str, str]:
        """By the kind of vendor, what takes the place of the address in its accounts."""
        return {"qiyu": self.qiyu_api_base} if self.qiyu_api_base else {}


def _api_base(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    return url.rstrip("/")


class ClockSettings(WeChatSettings):
    clock: Literal["system", "sandbox"] = Field("system", description="whose time windows and timers follow")
    tz_default: str = Field("Asia/Shanghai", description="time zone of an app that names none")

    @field_validator("tz_default")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if not is_time_zone(name):
            raise ValueError("must be an IANA time zone, e.g. Asia/Shanghai")
        return name

    @model_validator(mode="after")
    def _sandbox_clock_stays_at_home(self) -> "ClockSettings":
        if self.clock == "sandbox" and not is_loopback(urlsplit(self.wechat_api_base).hostname or ""):
            raise ValueError("CLOCK=sandbox needs WECHAT_API_BASE on a loopback address")
        return self


class ObserveSettings(Settings):
    host: str = Field("127.0.0.1", description="address to listen on")
    ops_port: Port = Field(0, description="port of /livez, /readyz and /metrics; 0 = any free")
    log_format: Literal["console", "json"] = Field(
        default_factory=lambda: "console" if sys.stderr.isatty() else "json", description="shape of log lines"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe level")
    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="OpenTelemetry collector that takes spans by OTLP over HTTP; none: nothing is traced"
    )
    otel_exporter_otlp_headers: SecretStr | None = Field(
        None, description="what the collector wants to hear with each request: name=value, several by commas"
    )
    otel_traces_sampler: TracesSampler = Field(
        "always_on", description="which traces are recorded; every service chooses by the trace's id alone"
    )
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1, description="the share of traces for traceidratio")

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _is_a_collector(cls, url: str | None) -> str | None:
        return _api_base(url) if url else None

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _are_headers(cls, headers: SecretStr | None) -> SecretStr | None:
        collector_headers(headers.get_secret_value() if headers else "")
        return headers

    @property
    def collector_headers(self) -> dict[str, str]:
        headers = self.otel_exporter_otlp_headers
        return collector_headers(headers.get_secret_value()) if headers else {}


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
