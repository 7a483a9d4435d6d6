"""The dashboards, for whoever is on call: first whether customers are served, then where it is stuck."""

from typing import Final

from deploy.monitoring.boards.console import CONSOLE
from deploy.monitoring.boards.overview import OVERVIEW
from deploy.monitoring.boards.rabbitmq import RABBITMQ
from deploy.monitoring.boards.router import ROUTER
from deploy.monitoring.boards.sender import SENDER

BOARDS: Final = (OVERVIEW, ROUTER, SENDER, CONSOLE, RABBITMQ)
