"""What the router must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings


class RouterSettings(BackboneSettings):
    router_batch: int = Field(200, ge=1, le=1000, description="facts taken from a partition at once")
    router_slot: int | None = Field(None, ge=0, description="this replica's slot; none: the lowest free lease")
