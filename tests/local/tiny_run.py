"""`make run` with tiny processes in place of the services; all else is as it is."""

import sys
from pathlib import Path

from deploy.local.plan import Replica
from deploy.local.run import main

TINY_SERVICE = Path(__file__).with_name("tiny_service.py")


def tiny_command(replica: Replica) -> list[str | Path]:
    return [sys.executable, TINY_SERVICE, replica.service]


if __name__ == "__main__":
    main(tiny_command)
