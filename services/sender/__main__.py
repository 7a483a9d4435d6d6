"""`python -m services.sender`."""

from services.sender.app import sender
from services.sender.settings import SenderSettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("sender", SenderSettings, sender)
