"""`python -m services.bot`."""

from services.bot.app import bot
from services.bot.settings import BotSettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("bot", BotSettings, bot)
