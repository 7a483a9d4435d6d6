"""docs/settings.md has every variable of every service as it is, and every one that `wxdesk` reads beside them."""

import re
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from deploy.local import settings_page
from deploy.local.print_settings import settings_classes
from deploy.local.settings_page import HEAD, PAGE, page_with, rows
from shared.settings import ObserveSettings, Settings

TEXT = PAGE.read_text(encoding="utf-8")
CLI = Path(settings_page.ROOT) / "services" / "console" / "cli"


def test_the_table_is_that_of_the_code() -> None:
    assert page_with(rows(), TEXT) == TEXT, "run `.venv/bin/python -m deploy.local.settings_page`"


def test_every_service_and_variable_is_there() -> None:
    wanted = {
        (service, name.upper())
        for service, kind in settings_classes()
        if service != "make run"
        for name in kind.model_fields
    }
    found = {
        (service, line.split("`")[1])
        for line in rows()[len(HEAD) :]
        for service in line.split("|")[2].strip().split(", ")
    }
    assert wanted - found == set()
    assert {service for service, _ in wanted} >= {"bot", "console", "gateway", "router", "sender"}


def test_every_variable_says_what_it_is_for() -> None:
    assert [line for line in rows() if line.endswith("|  |")] == []


def test_what_is_secret_says_so() -> None:
    secret = {line.split("`")[1] for line in rows() if "| secret |" in line}
    ours = {"AMQP_URL", "MONGO_URL", "WXDESK_FIRST_ADMIN_PASSWORD", "WXDESK_SECRET_KEYS"}
    assert secret == {*ours, "OTEL_EXPORTER_OTLP_HEADERS"}


def test_what_the_command_reads_is_there() -> None:
    read = {
        name
        for path in CLI.rglob("*.py")
        for name in re.findall(r'(?:variable|_told|_variables\.get)\("([A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert "OPS_URLS" in read
    assert [name for name in read if f"`{name}`" not in TEXT] == []


class Made(ObserveSettings):
    ops_port: int = Field(1, ge=0, description="another default")
    added: SecretStr | None = Field(None, description="new")
    choice: int = Field(3, gt=2, lt=9, description="new | too")


def test_a_change_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = [*settings_classes(), ("made", Made)]
    monkeypatch.setattr(settings_page, "settings_classes", lambda: iter(classes))
    table = rows()
    assert "| `ADDED` | made | secret | – | new |" in table
    assert "| `CHOICE` | made | whole number, over 2 | `3` | new \\| too |" in table
    assert page_with(table, TEXT) != TEXT


def test_a_default_made_at_start_must_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Another(Settings):
        when: str = Field(default_factory=lambda: "now", description="new")

    monkeypatch.setattr(settings_page, "settings_classes", lambda: iter([("another", Another)]))
    with pytest.raises(LookupError, match="say in _DECIDED"):
        rows()
