"""What the console must be told."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, field_validator

from services.console.administering.agent_fields import check_password
from services.console.administering.faults import FieldsRefused
from shared.backbone import BackboneSettings
from shared.settings import Port, VendorAddressSettings

FIRST_ADMIN: Final = "admin"
"""The login that WXDESK_FIRST_ADMIN_PASSWORD makes."""


class ConsoleSettings(BackboneSettings, VendorAddressSettings):
    ops_port: Port = Field(9081, description="port of /livez, /readyz and /metrics; 0 = any free")
    console_port: Port = Field(
        8081, description="where the desk, its REST calls and its live sockets are served; 0 = any free"
    )
    desk_dir: Path = Field(
        Path(__file__).parent / "web" / "dist", description="the built web app, as `make web` leaves it"
    )
    wxdesk_first_admin_password: SecretStr | None = Field(
        None, description="makes the login `admin` with this password, where no agent is an admin yet"
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

    @field_validator("wxdesk_first_admin_password")
    @classmethod
    def _is_fit(cls, password: SecretStr | None) -> SecretStr | None:
        """An empty one is none: deployments set a variable to nothing rather than leave it out."""
        if password is None or not password.get_secret_value():
            return None
        try:
            check_password(password.get_secret_value(), FIRST_ADMIN)
        except FieldsRefused as refused:
            raise ValueError(refused.faults[0].what) from None
        return password

    desk_base_url: str = Field(
        "", description="the desk as agents reach it, for links in notices; empty = PUBLIC_BASE_URL"
    )
    public_base_url: str | None = Field(
        None, description="the gateway as WeChat reaches it, e.g. https://kf.example.com"
    )
    gateway_url: str | None = Field(
        None, description="the gateway as the console reaches it, to test an app; unset = by PUBLIC_BASE_URL"
    )
