"""What the console must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings
from shared.settings import Port


class ConsoleSettings(BackboneSettings):
    ops_port: Port = Field(9081, description="port of /livez, /readyz and /metrics; 0 = any free")
    console_port: Port = Field(
        8081, description="where the desk, its REST calls and its live sockets are served; 0 = any free"
    )
    login_seconds: int = Field(43_200, ge=60, description="how long a login lasts")
    forwarded_hops: int = Field(
        0, ge=0, le=8, description="how many proxies in front add to X-Forwarded-For; 0 = the header is not believed"
    )
    command_seconds: float = Field(3.0, gt=0, le=30, description="how long a call waits for the router's verdict")
    login_account_attempts: int = Field(10, ge=1, description="password attempts in five minutes for one login")
    login_address_attempts: int = Field(50, ge=1, description="password attempts in five minutes from one address")
    live_sweep_seconds: float = Field(3.0, gt=0, description="how often the live feed looks for what no hint told it")
    live_outbox_bytes: int = Field(
        4_194_304, ge=4096, description="how far a live socket may be behind before it is dropped"
    )
