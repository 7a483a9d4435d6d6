"""What the bot must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings
from shared.settings import Port


class BotSettings(BackboneSettings):
    ops_port: Port = Field(9085, description="port of /livez, /readyz and /metrics; 0 = any free")
    bot_batch: int = Field(50, ge=1, le=500, description="turns taken at once")
