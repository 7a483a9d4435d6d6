import signal

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.servers", "tests.support.services"]

SERVER_FIXTURES = {"rabbit_server", "mongo_server"}


def pytest_configure() -> None:
    # A shell starts its background jobs with Ctrl-C ignored, and so would be everything that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes says something of the machine, nothing of the code.
    settings.register_profile("wxdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("wxdesk")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers before `-m` chooses."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVER_FIXTURES & set(item.fixturenames):
            item.add_marker("servers")
