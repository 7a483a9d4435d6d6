"""The second factor from the command line: taken away, and given to `wxdesk desk`."""

from collections.abc import AsyncIterator

import pyotp
import pytest

from shared.clock import real_now
from shared.second_factor import plain_code, recovery_hash
from shared.store.agents import Agent, AgentStore
from shared.store.audit import COMMAND_LINE, AuditLog
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.second_factors import SEALED_AS, SecondFactors
from tests.cli.cli import Cli
from tests.console.house import HASH, KEY, PASSWORD, House, house

RECOVERY = "abcd-efgh-jkmn-pqrs"


async def add_factor(database: Database, login: str) -> pyotp.TOTP:
    """As if the agent had confirmed one an hour ago."""
    secret = pyotp.random_base32()
    sealed = Sealer([KEY]).seal(secret, login, SEALED_AS)
    factors = SecondFactors(database)
    await factors.offer(login, sealed, real_now())
    step = int(real_now().timestamp()) // 30 - 120
    assert await factors.confirm(login, sealed, step, [recovery_hash(login, plain_code(RECOVERY))])
    return pyotp.TOTP(secret)


async def has_factor(database: Database, login: str) -> bool:
    agent = await AgentStore(database).get(login)
    return agent is not None and agent.second_factor is not None


async def test_a_locked_out_administrator_gets_in_again(cli: Cli, database: Database) -> None:
    await cli.ok("agents", "add", "root", "--name", "x", "--role", "admin")
    await add_factor(database, "root")
    assert (await cli.ok("agents", "list", "--json")).json[0]["second_factor"] is True
    ran = await cli.ok("agents", "second-factor", "root", "--remove")
    assert "with the password alone" in ran.out
    assert not await has_factor(database, "root")
    (removed, _), _ = await AuditLog(database).page(target="root")
    assert (removed.action, removed.by) == ("agent.second_factor_removed", COMMAND_LINE)


async def test_where_there_is_none_nothing_is_removed(cli: Cli, database: Database) -> None:
    await cli.ok("agents", "add", "lina", "--name", "李娜")
    assert "has no second factor" in (await cli.ok("agents", "second-factor", "lina", "--remove")).out
    entries, _ = await AuditLog(database).page(target="lina")
    assert [entry.action for entry in entries] == ["agent.added"]
    ran = await cli("agents", "second-factor", "nobody", "--remove")
    assert (ran.code, "there is no agent nobody" in ran.err) == (1, True)


async def test_it_says_what_it_is_to_do(cli: Cli) -> None:
    ran = await cli("agents", "second-factor", "lina")
    assert (ran.code, "--remove" in ran.err) == (2, True)


@pytest.fixture
async def desk(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    async with house(amqp_url, mongo_url, mongo_db, routed=False) as made:
        yield made


async def test_the_desk_takes_a_code(bare_cli: Cli, desk: House) -> None:
    await desk.agents.add(Agent(id="lina", name="李娜", password_hash=HASH))
    totp = await add_factor(desk.database, "lina")
    bare_cli.variables |= {"CONSOLE_URL": desk.url, "WXDESK_PASSWORD": PASSWORD}
    ran = await bare_cli("desk", "list", "--as", "lina")
    assert (ran.code, "logs in with a code as well; set WXDESK_CODE" in ran.err) == (1, True)
    bare_cli.variables["WXDESK_CODE"] = totp.at(real_now(), counter_offset=1)
    await bare_cli.ok("desk", "list", "--as", "lina")
    ran = await bare_cli("desk", "list", "--as", "lina")
    assert (ran.code, "WXDESK_CODE is wrong, or was used already" in ran.err) == (1, True)
    bare_cli.variables["WXDESK_CODE"] = RECOVERY
    await bare_cli.ok("desk", "list", "--as", "lina")
