import signal

import pytest

pytest_plugins = ["tests.support.servers", "tests.support.services"]

SERVER_FIXTURES = {"rabbit_server", "mongo_server"}


def pytest_configure() -> None:
    """A shell starts its background jobs with Ctrl-C ignored, and so would be everything that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers before `-m` chooses."""
    for item in items:
        if isinstance(item, pytest.Function) and SERVER_FIXTURES & set(item.fixturenames):
            item.add_marker("servers")
