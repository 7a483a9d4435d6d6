"""`python -m services.gateway`."""

from services.gateway.app import gateway
from services.gateway.settings import GatewaySettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("gateway", GatewaySettings, gateway)
