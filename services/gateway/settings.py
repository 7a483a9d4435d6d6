"""What the gateway must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings
from shared.settings import Port


class GatewaySettings(BackboneSettings):
    ops_port: Port = Field(9080, description="port of /livez, /readyz and /metrics; 0 = any free")
    gateway_port: Port = Field(8080, description="where WeChat's and vendors' pushes arrive; 0 = any free")
    confirm_seconds: float = Field(1.0, gt=0, le=4, description="how long the broker may take to confirm a push")
    spool_seconds: float = Field(
        1.5, gt=0, le=3, description="how long MongoDB may take to keep a push that RabbitMQ does not take"
    )
    spool_rows: int = Field(
        100_000, ge=1, le=10_000_000, description="pushes kept in MongoDB at most while RabbitMQ takes none; then 503"
    )
    handover_seconds: float = Field(
        0.3, gt=0, le=2, description="how long MongoDB may take to say whether a message goes to WeChat's console"
    )
    forwarded_hops: int = Field(
        0, ge=0, le=8, description="how many proxies in front add to X-Forwarded-For; 0 = the header is not believed"
    )
    lookup_seconds: float = Field(
        1.0, gt=0, le=4, description="how long MongoDB may take to say whose a vendor's push is, or to keep it"
    )
    vendor_token_seconds: float = Field(
        3.0, gt=0, le=10, description="how long a vendor that fetches an access token waits for a new one"
    )
    vendor_verdict_seconds: float = Field(
        4.0, gt=0, le=20, description="how long a vendor that says something waits for the router's verdict"
    )
    answer_seconds: float = Field(
        4.5,
        gt=0,
        le=4.9,
        description="how long after its arrival a push is answered at the latest; not kept by then: 503",
    )
    body_seconds: float = Field(3.0, gt=0, description="how long a push's body may take to arrive")
