"""What the bot must be told."""

from pydantic import Field

from shared.backbone import BackboneSettings


class BotSettings(BackboneSettings):
    bot_batch: int = Field(50, ge=1, le=500, description="turns taken at once")
