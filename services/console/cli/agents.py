"""`wxdesk agents`: the people who answer, and their passwords."""

import argparse
import asyncio
import re
import secrets
import string
from typing import Any, Final

from services.console.cli.environment import Environment
from services.console.cli.failures import Failed, Misused, Refused
from services.console.cli.output import Column, Output
from services.console.cli.secret_values import secret_value
from services.console.cli.servers import database_of, hinted, publisher_of
from shared.contracts import AgentChanged
from shared.contracts.hints import PresenceChanged, SettingsChanged
from shared.passwords import hash_password
from shared.settings import MongoSettings
from shared.store.agents import Agent, AgentExists, AgentStore
from shared.store.driver import Database
from shared.store.logins import LoginStore

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 1024
MOST_CAPACITY: Final = 200

_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MADE_LENGTH: Final = 16
_UNMISTAKABLE: Final = "".join(sorted(set(string.ascii_letters + string.digits) - set("Il1O0o")))

_COLUMNS: Final = (
    Column("LOGIN", "login"),
    Column("NAME", "name", 24),
    Column("ROLE", "role"),
    Column("GROUPS", "groups", 30),
    Column("ENABLED", "enabled"),
    Column("PRESENCE", "presence"),
    Column("LOAD", "load"),
    Column("CAPACITY", "capacity"),
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    verbs = nouns.add_parser("agents", help="the people who answer").add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", parents=[as_json], help="make a login; without --password one is made, shown once")
    adding.add_argument("login", metavar="LOGIN", help="small letters, digits and . _ @ -; it never changes")
    adding.add_argument("--name", required=True, help="what customers' conversations show")
    adding.add_argument("--role", choices=("agent", "supervisor", "admin"), default="agent")
    adding.add_argument("--group", action="append", default=[], metavar="G", help="may be given several times")
    adding.add_argument("--capacity", type=int, default=5, metavar="N", help="conversations at once (5)")
    _add_password(adding)
    adding.set_defaults(run=add)
    listing = verbs.add_parser("list", parents=[as_json], help="all agents")
    listing.set_defaults(run=list_all)
    renewing = verbs.add_parser("password", parents=[as_json], help="set a new password; every login ends")
    renewing.add_argument("login", metavar="LOGIN")
    _add_password(renewing)
    renewing.set_defaults(run=renew_password)
    for verb, run, what in (
        ("disable", disable, "let the agent in no more; every login ends"),
        ("enable", enable, "let the agent in again"),
    ):
        switching = verbs.add_parser(verb, parents=[as_json], help=what)
        switching.add_argument("login", metavar="LOGIN")
        switching.set_defaults(run=run)


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password", metavar="-", help="a password of your own; - reads it, @file takes it from there")


async def add(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    if _LOGIN.fullmatch(args.login) is None:
        raise Misused(
            "LOGIN must begin with a small letter or digit; then small letters, digits and . _ @ - may follow"
        )
    if not 0 <= args.capacity <= MOST_CAPACITY:
        raise Misused(f"--capacity must be from 0 to {MOST_CAPACITY}")
    if not args.name.strip() or not all(group.strip() for group in args.group):
        raise Misused("--name and --group must not be blank")
    given = _given_password(args)
    password = given or made_password()
    agent = Agent(
        id=args.login,
        name=args.name.strip(),
        role=args.role,
        groups=tuple(dict.fromkeys(group.strip() for group in args.group)),
        capacity=args.capacity,
        password_hash=await asyncio.to_thread(hash_password, password),
    )
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            await AgentStore(database).add(agent)
        except AgentExists:
            raise Refused(f"{agent.id} exists already; choose another login, or see `wxdesk agents list`") from None
    await _announce(environment, output)
    _tell_password(output, agent, f"{agent.id} ({agent.name}) can log in", None if given else password)


async def list_all(_: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        everyone = await AgentStore(database).everyone()
    nothing = "No agents yet. Make one with `wxdesk agents add LOGIN --name NAME`."
    output.table([summary(agent) for agent in everyone], _COLUMNS, nothing=nothing)


async def renew_password(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    given = _given_password(args)
    password = given or made_password()
    async with database_of(environment.settings(MongoSettings)) as database:
        agent = await _updated(database, args.login, password_hash=await asyncio.to_thread(hash_password, password))
        await LoginStore(database).end_all_of(agent.id)
    await _announce(environment, output)
    _tell_password(output, agent, f"{agent.id} has a new password and is logged out", None if given else password)


async def disable(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        agent = await _updated(database, args.login, enabled=False, presence="offline")
        await LoginStore(database).end_all_of(agent.id)
        await _tell_assignment(environment, database, agent, output)
    await _announce(environment, output, agent)
    if agent.load:
        output.remark(f"{agent.id} still has {agent.load} of the conversations; a supervisor can move or close them.")
    output.done(f"{agent.id} is logged out and cannot log in any more.", summary(agent))


async def enable(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        agent = await _updated(database, args.login, enabled=True)
        await _tell_assignment(environment, database, agent, output)
    await _announce(environment, output)
    output.done(f"{agent.id} can log in again, with the password as it was.", summary(agent))


def summary(agent: Agent) -> dict[str, Any]:
    return {
        "login": agent.id,
        "name": agent.name,
        "role": agent.role,
        "groups": list(agent.groups),
        "enabled": agent.enabled,
        "presence": agent.presence,
        "load": agent.load,
        "capacity": agent.capacity,
        "auto_accept": agent.auto_accept,
    }


def made_password() -> str:
    """A password nobody has to guess at: some 90 bits, without characters that look alike."""
    return "".join(secrets.choice(_UNMISTAKABLE) for _ in range(_MADE_LENGTH))


def _given_password(args: argparse.Namespace) -> str | None:
    password = secret_value("--password", args.password)
    if password is not None and not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Misused(f"--password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return password


def _tell_password(output: Output, agent: Agent, sentence: str, made: str | None) -> None:
    """A password that was made is shown this once and kept nowhere."""
    if made is None:
        output.done(f"{sentence}.", summary(agent))
    else:
        output.done(f"{sentence}. Password, shown only now: {made}", {**summary(agent), "password": made})


async def _updated(database: Database, login: str, **fields: object) -> Agent:
    agent = await AgentStore(database).update(login, **fields)
    if agent is None:
        raise Refused(f"there is no agent {login}; see `wxdesk agents list`")
    return agent


async def _tell_assignment(environment: Environment, database: Database, agent: Agent, output: Output) -> None:
    """Whoever assigns looks each second anyway: that it is not told is no failure."""
    try:
        async with publisher_of(environment, database) as publisher:
            await publisher.publish(AgentChanged(agent_id=agent.id, trace_id=f"cli-{secrets.token_hex(8)}"))
    except Failed as failed:
        output.remark(f"Assignment was not told and finds out by itself: {failed}")


async def _announce(environment: Environment, output: Output, gone: Agent | None = None) -> None:
    hints = [SettingsChanged(what="agents"), SettingsChanged(what="logins")]
    presence = [PresenceChanged(agent_id=gone.id, name=gone.name, presence=gone.presence)] if gone else []
    # `logins` makes the consoles look at their live sockets again: some may be over now.
    if not await hinted(environment, *hints, *presence):
        output.remark("RabbitMQ was not told; the services find out by themselves within 10 s.")
