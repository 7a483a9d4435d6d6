from services.sandbox.app import sandbox
from services.sandbox.settings import SandboxSettings
from shared.lifecycle import run_service

if __name__ == "__main__":
    run_service("sandbox", SandboxSettings, sandbox)
