"""What the gateway must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings
from shared.settings import Port


class GatewaySettings(BackboneSettings):
    ops_port: Port = Field(9080, description="port of /livez, /readyz and /metrics; 0 = any free")
    gateway_port: Port = Field(8080, description="where WeChat's and vendors' pushes arrive; 0 = any free")
    confirm_seconds: float = Field(1.0, gt=0, le=4, description="how long the broker may take to confirm a push")
    handover_seconds: float = Field(
        0.3, gt=0, le=2, description="how long MongoDB may take to say whether a message goes to WeChat's console"
    )
    body_seconds: float = Field(3.0, gt=0, description="how long a push's body may take to arrive")
