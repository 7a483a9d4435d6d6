"""Who lets the first people in."""

import pytest
from pydantic import SecretStr

from services.console.first_admin import see_to_admin
from services.console.settings import ConsoleSettings
from shared.passwords import verify_password
from shared.settings import SettingsRefused, read_settings
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from tests.console.house import KEY

PASSWORD = SecretStr("correct horse battery")


async def stored(database: Database, login: str = "admin") -> Agent | None:
    return await AgentStore(database).get(login)


async def test_where_nobody_administers_the_password_makes_admin(database: Database) -> None:
    await AgentStore(database).add(Agent(id="lina", name="李娜"))
    await see_to_admin(database, PASSWORD)
    admin = await stored(database)
    assert admin is not None
    assert (admin.role, admin.enabled) == ("admin", True)
    assert verify_password(admin.password_hash, PASSWORD.get_secret_value())
    (entry,) = await database["audit"].find({})
    assert (entry["action"], entry["target"], entry["by"]["kind"]) == ("agent.added", "admin", "system")


async def test_the_next_start_leaves_the_password_alone(database: Database) -> None:
    await see_to_admin(database, PASSWORD)
    first = await stored(database)
    await see_to_admin(database, SecretStr("another password"))
    assert await stored(database) == first


@pytest.mark.parametrize("enabled", [True, False])
async def test_where_there_ever_was_an_admin_none_is_made(database: Database, *, enabled: bool) -> None:
    await AgentStore(database).add(Agent(id="zhou", name="周敏", role="admin", enabled=enabled))
    await see_to_admin(database, PASSWORD)
    assert await stored(database) is None


async def test_a_login_of_that_name_is_not_made_an_admin(database: Database) -> None:
    await AgentStore(database).add(Agent(id="admin", name="Somebody else"))
    before = await stored(database)
    await see_to_admin(database, PASSWORD)
    assert (await stored(database)) == before


@pytest.mark.parametrize(
    ("admins", "password", "said"),
    [
        ([], None, "wxdesk agents add LOGIN"),
        ([False], None, "wxdesk agents enable LOGIN"),
        ([False], PASSWORD, "wxdesk agents enable LOGIN"),
        ([], PASSWORD, "first_admin_made"),
        ([False, True], None, None),
    ],
)
async def test_the_log_says_what_to_do(
    database: Database,
    capsys: pytest.CaptureFixture[str],
    admins: list[bool],
    password: SecretStr | None,
    said: str | None,
) -> None:
    for number, enabled in enumerate(admins):
        await AgentStore(database).add(Agent(id=f"admin{number}", name="x", role="admin", enabled=enabled))
    await see_to_admin(database, password)
    logged = "".join(capsys.readouterr())
    assert (said in logged) if said else "admin" not in logged
    assert PASSWORD.get_secret_value() not in logged


def settings_with(password: str) -> ConsoleSettings:
    servers = {"AMQP_URL": "amqp://h/", "MONGO_URL": "mongodb://h/", "WXDESK_SECRET_KEYS": KEY}
    return read_settings(ConsoleSettings, {**servers, "WXDESK_FIRST_ADMIN_PASSWORD": password})


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_a_password_that_is_none_stops_the_start(password: str) -> None:
    with pytest.raises(SettingsRefused, match=r"WXDESK_FIRST_ADMIN_PASSWORD: .*10 to 1024") as refused:
        settings_with(password)
    assert password not in str(refused.value)


def test_set_to_nothing_it_is_not_set() -> None:
    assert settings_with("").wxdesk_first_admin_password is None
    given = settings_with(PASSWORD.get_secret_value())
    assert given.wxdesk_first_admin_password == PASSWORD
    assert PASSWORD.get_secret_value() not in repr(given)
