"""Services as their own `python -m` would start them, but in the test's process and on its own servers."""

from collections.abc import Mapping
from typing import TypeVar

import pytest
from cryptography.fernet import Fernet

from shared.settings import Settings, read_settings

KEYS = Fernet.generate_key().decode()

AnySettings = TypeVar("AnySettings", bound=Settings)


@pytest.fixture
def environment(amqp_url: str, mongo_url: str, mongo_db: str) -> dict[str, str]:
    """What every service of one test is told."""
    return environment_of(amqp_url, mongo_url, mongo_db)


def environment_of(amqp_url: str, mongo_url: str, mongo_db: str) -> dict[str, str]:
    """What every service on these servers is told."""
    return {
        "AMQP_URL": amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
        "ROUTER_PARTITIONS": "2",
        "SENDER_PARTITIONS": "2",
        "LOG_FORMAT": "json",
        "HOST": "127.0.0.1",
        "OPS_PORT": "0",
    }


def told(kind: type[AnySettings], environment: Mapping[str, str], **more: str | int) -> AnySettings:
    """Settings as a service reads them, from this environment and these variables."""
    return read_settings(kind, {**environment, **{name: str(value) for name, value in more.items()}})
