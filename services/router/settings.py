"""What the router must be told."""

from typing import Final

from pydantic import Field

from shared.backbone import BackboneSettings
from shared.settings import Port

RETELL_SECONDS: Final = 30.0
"""What was told to a conversation, and seems not to have been heard, is told again after this."""


class RouterSettings(BackboneSettings):
    ops_port: Port = Field(9083, description="port of /livez, /readyz and /metrics; 0 = any free")
    router_batch: int = Field(200, ge=1, le=1000, description="facts taken from a partition at once")
    router_slot: int | None = Field(None, ge=0, description="this replica's slot; none: the lowest free lease")
