"""`wxdesk agents` on a real database and broker."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.bus.connection import linked
from shared.bus.topology import OFFERS_QUEUE, Topology, declare
from shared.contracts import AgentChanged, decode_offer
from shared.passwords import verify_password
from shared.store.agents import Agent, AgentStore, Claim
from shared.store.audit import COMMAND_LINE, AuditLog
from shared.store.driver import Database
from shared.store.logins import LoginStore
from shared.store.topology import agree_on_topology
from tests.cli.cli import Cli
from tests.cli.reading import read
from tests.support.waiting import eventually

SMALL = Topology(router_partitions=1, sender_partitions=1)
LINA = ("agents", "add", "lina", "--name", "李娜")


async def stored(database: Database, login: str = "lina") -> Agent:
    agent = await AgentStore(database).get(login)
    assert agent is not None
    return agent


async def test_a_made_password_is_told_once_and_is_the_right_one(cli: Cli, database: Database) -> None:
    made = (await cli.ok(*LINA, "--json")).json["password"]
    agent = await stored(database)
    assert verify_password(agent.password_hash, made)
    assert "argon2id" in agent.password_hash
    assert made not in (await cli.ok("agents", "list", "--json")).out
    assert (await cli.ok("agents", "add", "wei", "--name", "韦")).out.count("Password, shown only now: ") == 1


async def test_a_password_of_ones_own_is_not_shown(cli: Cli, database: Database, tmp_path: Path) -> None:
    ran = await cli.ok(*LINA, "--password", "-", "--json", stdin="correct horse battery\n")
    assert "password" not in ran.json
    assert verify_password((await stored(database)).password_hash, "correct horse battery")
    (tmp_path / "password").write_text("from a file\n")
    ran = await cli.ok("agents", "password", "lina", "--password", f"@{tmp_path / 'password'}")
    assert "from a file" not in ran.out
    assert verify_password((await stored(database)).password_hash, "from a file")


async def test_every_field_arrives(cli: Cli, database: Database) -> None:
    argv = ("--role", "supervisor", "--group", "vip", "--group", "售后", "--group", "vip", "--capacity", "0")
    await cli.ok(*LINA, *argv)
    agent = await stored(database)
    assert (agent.name, agent.role, agent.groups, agent.capacity) == ("李娜", "supervisor", ("vip", "售后"), 0)
    (listed,) = (await cli.ok("agents", "list", "--json")).json
    assert listed == {
        "login": "lina",
        "name": "李娜",
        "role": "supervisor",
        "groups": ["vip", "售后"],
        "enabled": True,
        "presence": "offline",
        "load": 0,
        "capacity": 0,
        "auto_accept": True,
        "away_after_seconds": None,
        "second_factor": False,
    }


REFUSED = [
    (("agents", "add", "Lina", "--name", "x"), "LOGIN must begin"),
    (("agents", "add", "li na", "--name", "x"), "LOGIN must begin"),
    (("agents", "add", "a" * 65, "--name", "x"), "LOGIN must begin"),
    (("agents", "add", "lina", "--name", " "), "must not be blank"),
    (("agents", "add", "lina", "--name", "x", "--group", ""), "must not be blank"),
    (("agents", "add", "lina", "--name", "x", "--capacity", "-1"), "--capacity must be from 0 to 200"),
    (("agents", "add", "lina", "--name", "x", "--capacity", "201"), "--capacity must be from 0 to 200"),
    (("agents", "add", "lina", "--name", "x", "--password", "short"), "--password must have 10"),
    (("agents", "add", "lina-li-na", "--name", "x", "--password", "Lina-Li-Na"), "--password must not be the login"),
    (("agents", "add", "lina", "--name", "x" * 61), "--name must have at most 60"),
    (("agents", "add", "lina", "--name", "x", "--password", "-"), "standard input has no line"),
    (("agents", "add", "lina", "--name", "x", "--password", "@/nowhere"), "cannot read /nowhere"),
]


@pytest.mark.parametrize(("argv", "said"), REFUSED)
async def test_what_cannot_be_an_agent_is_2(cut_off_cli: Cli, argv: tuple[str, ...], said: str) -> None:
    ran = await cut_off_cli(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


async def test_a_login_is_taken_once(cli: Cli, database: Database) -> None:
    await cli.ok(*LINA)
    before = await stored(database)
    ran = await cli(*LINA)
    assert ran.code == 1
    assert "exists already" in ran.err
    assert await stored(database) == before


async def test_what_is_named_changes_and_the_rest_stays(cli: Cli, database: Database) -> None:
    await cli.ok(*LINA, "--group", "vip", "--away-after", "600")
    before = await stored(database)
    assert before.away_after_seconds == 600
    changed = (await cli.ok("agents", "update", "lina", "--capacity", "9", "--group", "售后", "--json")).json
    assert (changed["capacity"], changed["groups"], changed["away_after_seconds"]) == (9, ["售后"], 600)
    assert (await cli.ok("agents", "update", "lina", "--away-after", "never")).out == "lina is changed.\n"
    after = await stored(database)
    assert after == before.but(capacity=9, groups=("售后",), away_after_seconds=None)


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("lina",), 2, "nothing to change"),
        (("lina", "--away-after", "59"), 2, "--away-after must be from 60 to 86400 seconds"),
        (("lina", "--capacity", "201"), 2, "--capacity must be from 0 to 200"),
        (("lina", "--name", " "), 2, "--name must not be blank"),
        (("nobody", "--name", "x"), 1, "there is no agent nobody"),
        (("root", "--role", "agent"), 1, "only administrator"),
    ],
)
async def test_what_cannot_be_changed_is_said(
    cli: Cli, database: Database, argv: tuple[str, ...], code: int, said: str
) -> None:
    await cli.ok(*LINA)
    await cli.ok("agents", "add", "root", "--name", "x", "--role", "admin")
    before = await stored(database)
    ran = await cli("agents", "update", *argv)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert await stored(database) == before


@pytest.mark.parametrize("verb", ["password", "disable", "enable"])
async def test_an_agent_who_is_not_there_is_1(cli: Cli, verb: str) -> None:
    ran = await cli("agents", verb, "nobody", "--json")
    assert ran.code == 1
    assert "there is no agent nobody" in json.loads(ran.err)["error"]


@pytest.mark.parametrize("verb", ["password", "disable"])
async def test_a_new_password_and_disabling_end_every_login(cli: Cli, database: Database, verb: str) -> None:
    await cli.ok(*LINA)
    logins = LoginStore(database)
    begun = [(await logins.begin(await stored(database), 60))[1].id for _ in range(2)]
    await cli.ok("agents", verb, "lina")
    assert await logins.several(begun) == {}


async def test_disabling_takes_offline_and_tells_assignment(cli: Cli, database: Database, amqp_url: str) -> None:
    await agree_on_topology(database, SMALL)
    await cli.ok(*LINA)
    await AgentStore(database).update("lina", presence="online")
    async with linked(amqp_url, "test") as link:
        await declare(link, SMALL)
        await cli.ok("agents", "disable", "lina")
        agent = await stored(database)
        assert (agent.enabled, agent.presence) == (False, "offline")
        await cli.ok("agents", "enable", "lina")
        assert (await stored(database)).enabled
        async with read(link, OFFERS_QUEUE) as bodies:
            await eventually(lambda: len(bodies) == 2)
    told = [decode_offer(body) for body in bodies]
    assert [(type(one), getattr(one, "agent_id", None)) for one in told] == [(AgentChanged, "lina")] * 2


async def test_the_last_administrator_stays(cli: Cli, database: Database) -> None:
    await cli.ok("agents", "add", "root", "--name", "x", "--role", "admin")
    ran = await cli("agents", "disable", "root")
    assert ran.code == 1
    assert "only administrator" in ran.err
    await cli.ok("agents", "add", "other", "--name", "x", "--role", "admin")
    await cli.ok("agents", "disable", "root")
    assert not (await stored(database, "root")).enabled


async def test_every_change_is_in_the_audit(cli: Cli, database: Database) -> None:
    password = (await cli.ok(*LINA, "--json")).json["password"]
    for verb in ("password", "disable", "enable"):
        await cli.ok("agents", verb, "lina")
    entries, _ = await AuditLog(database).page(target="lina")
    actions = ["agent.changed", "agent.changed", "agent.password_renewed", "agent.added"]
    assert [entry.action for entry in entries] == actions
    assert [change.field for change in entries[1].changes] == ["enabled"]
    assert {entry.by for entry in entries} == {COMMAND_LINE}
    stored_entries = str(await database["audit"].find({}))
    assert password not in stored_entries
    assert "argon2" not in stored_entries


async def test_conversations_left_behind_are_said(cli: Cli, database: Database) -> None:
    await cli.ok(*LINA)
    claim = Claim(id="c.1.1", conversation="c", app_id="wx", at=datetime.now(UTC))
    await AgentStore(database).claim("lina", claim)
    ran = await cli.ok("agents", "disable", "lina")
    assert "1 conversation goes back in line" in ran.err


async def test_a_hostile_name_stays_in_its_column(cli: Cli, database: Database) -> None:
    name = "\x1b[2J李娜\u202e\nroot  admin"
    refused = await cli("agents", "add", "lina", "--name", name)
    assert (refused.code, "control characters" in refused.err) == (2, True)
    # One that is there already.
    await AgentStore(database).add(Agent(id="lina", name=name))
    await cli.ok("agents", "disable", "lina")
    out = (await cli.ok("agents", "list")).out
    assert len(out.splitlines()) == 2
    assert not {"\x1b", "\u202e"} & set(out)
