from pathlib import Path

import pytest

from shared.store.driver import Database
from tests.cli.cli import SECRET_KEYS, Cli


@pytest.fixture
def bare_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Knows of no server, and of no local run."""
    return Cli(monkeypatch, {"DATA_DIR": str(tmp_path / "data")})


@pytest.fixture
def cli(bare_cli: Cli, database: Database, mongo_url: str, amqp_url: str) -> Cli:
    """On a database and a vhost of its own."""
    servers = {"MONGO_URL": mongo_url, "MONGO_DB": database.name, "AMQP_URL": amqp_url}
    bare_cli.variables |= {**servers, "WXDESK_SECRET_KEYS": SECRET_KEYS}
    return bare_cli


@pytest.fixture
def cut_off_cli(bare_cli: Cli) -> Cli:
    """Told of servers that do not answer: what is refused before asking them is 2, all else 3."""
    nobody = {"MONGO_URL": "mongodb://127.0.0.1:1/", "AMQP_URL": "amqp://127.0.0.1:1/"}
    bare_cli.variables |= {**nobody, "WXDESK_SECRET_KEYS": SECRET_KEYS}
    return bare_cli
