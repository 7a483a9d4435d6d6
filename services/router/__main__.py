"""`python -m services.router`."""

from services.router.app import router
from services.router.settings import RouterSettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("router", RouterSettings, router)
