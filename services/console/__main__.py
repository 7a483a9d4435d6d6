"""`python -m services.console`."""

from services.console.app import console
from services.console.settings import ConsoleSettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("console", ConsoleSettings, console)
