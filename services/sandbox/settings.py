from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from shared.settings import ObserveSettings, Port


class SandboxSettings(ObserveSettings):
    sandbox_port: Port = Field(8082, description="port of the stand-ins, the phone and the control API; 0 = any free")
    ops_port: Port = Field(9082, description="port of /livez, /readyz and /metrics; 0 = any free")
    mongo_url: SecretStr | None = Field(
        None, description="where the clock's offset is kept for services with CLOCK=sandbox; unset = nowhere"
    )
    mongo_db: str = Field("wxdesk", min_length=1, description="the database's name")
    mongo_driver: Literal["motor", "pymongo"] = Field("motor", description="which driver speaks to MongoDB")

    @field_validator("mongo_url")
    @classmethod
    def _is_mongodb_or_unset(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        if urlsplit(url.get_secret_value()).scheme not in {"mongodb", "mongodb+srv"}:
            raise ValueError("must begin with mongodb:// or mongodb+srv://")
        return url
