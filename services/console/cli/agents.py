"""`wxdesk agents`: the people who answer, and their passwords."""

import argparse
import asyncio
import secrets
from typing import Any, Final

from services.console.administering.agent_changes import AgentChanges, Changed, LastAdmin, NoSuchAgent
from services.console.administering.agent_fields import check_password, checked, made_password
from services.console.cli.environment import Environment
from services.console.cli.failures import Failed, Misused, Refused
from services.console.cli.option_names import options_named
from services.console.cli.output import Column, Output
from services.console.cli.secret_values import secret_value
from services.console.cli.servers import database_of, hinted, publisher_of
from shared.contracts import AgentChanged
from shared.contracts.hints import LiveHint, SettingsChanged
from shared.passwords import hash_password
from shared.settings import MongoSettings
from shared.store.agents import Agent, AgentExists, AgentStore
from shared.store.audit import COMMAND_LINE
from shared.store.driver import Database

_AGENTS: Final = SettingsChanged(what="agents")
_COLUMNS: Final = (
    Column("LOGIN", "login"),
    Column("NAME", "name", 24),
    Column("ROLE", "role"),
    Column("GROUPS", "groups", 30),
    Column("ENABLED", "enabled"),
    Column("PRESENCE", "presence"),
    Column("LOAD", "load"),
    Column("CAPACITY", "capacity"),
    Column("SECOND FACTOR", "second_factor"),
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    verbs = nouns.add_parser("agents", help="the people who answer").add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", parents=[as_json], help="make a login; without --password one is made, shown once")
    adding.add_argument("login", metavar="LOGIN", help="small letters, digits and . _ @ -; it never changes")
    adding.add_argument("--name", required=True, help="what customers' conversations show")
    adding.add_argument("--role", choices=("agent", "supervisor", "admin"), default="agent")
    adding.add_argument("--group", action="append", default=[], metavar="G", help="may be given several times")
    adding.add_argument("--capacity", type=int, default=5, metavar="N", help="conversations at once (5)")
    _add_away_after(adding)
    _add_password(adding)
    adding.set_defaults(run=add)
    listing = verbs.add_parser("list", parents=[as_json], help="all agents")
    listing.set_defaults(run=list_all)
    updating = verbs.add_parser("update", parents=[as_json], help="change what is named, leave the rest")
    updating.add_argument("login", metavar="LOGIN")
    updating.add_argument("--name")
    updating.add_argument("--role", choices=("agent", "supervisor", "admin"))
    updating.add_argument("--group", action="append", metavar="G", help="instead of those they have; several times")
    updating.add_argument("--capacity", type=int, metavar="N", help="conversations at once")
    _add_away_after(updating)
    updating.set_defaults(run=update)
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
    factor = verbs.add_parser("second-factor", parents=[as_json], help="for an agent who lost phone and recovery codes")
    factor.add_argument("login", metavar="LOGIN")
    factor.add_argument("--remove", action="store_true", required=True, help="let the password alone be enough again")
    factor.set_defaults(run=remove_second_factor)


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password", metavar="-", help="a password of your own; - reads it, @file takes it from there")


def _add_away_after(parser: argparse.ArgumentParser) -> None:
    about = "with no page open for so long they become away; never: they stay online"
    # Left out it is not there at all: `never` is a value, and None.
    parser.add_argument("--away-after", type=_seconds, default=argparse.SUPPRESS, metavar="SECONDS", help=about)


def _seconds(text: str) -> int | None:
    try:
        return None if text == "never" else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a number of seconds, or never") from None


async def add(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    with options_named():
        fields = {"name": args.name, "role": args.role, "groups": tuple(args.group)}
        # Its numbers are judged by the check, which names the option.
        away_after = getattr(args, "away_after", None)
        asked = checked(Agent(id=args.login, **fields).but(capacity=args.capacity, away_after_seconds=away_after))
    given = _given_password(args)
    password = given or made_password()
    agent = asked.but(password_hash=await asyncio.to_thread(hash_password, password))
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            await AgentChanges(database, COMMAND_LINE).add(agent)
        except AgentExists:
            how = f"choose another login, or give this one a new password with `wxdesk agents password {agent.id}`"
            raise Refused(f"{agent.id} exists already; {how}") from None
    await _announce(environment, output, _AGENTS)
    _tell_password(output, agent, f"{agent.id} ({agent.name}) can log in", None if given else password)


async def list_all(_: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        everyone = await AgentStore(database).everyone()
    nothing = "No agents yet. Make one with `wxdesk agents add LOGIN --name NAME`."
    output.table([summary(agent) for agent in everyone], _COLUMNS, nothing=nothing)


async def renew_password(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    given = _given_password(args)
    password = given or made_password()
    password_hash = await asyncio.to_thread(hash_password, password)
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            agent = await AgentChanges(database, COMMAND_LINE).renew_password(args.login, password_hash)
        except NoSuchAgent:
            raise _unknown(args.login) from None
    # `logins` makes the consoles look at their live sockets again: some may be over now.
    await _announce(environment, output, _AGENTS, SettingsChanged(what="logins"))
    _tell_password(output, agent, f"{agent.id} has a new password and is logged out", None if given else password)


async def update(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    named = {"name": args.name, "role": args.role, "capacity": args.capacity}
    fields: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
    if args.group is not None:
        fields["groups"] = tuple(args.group)
    if "away_after" in args:
        fields["away_after_seconds"] = args.away_after
    if not fields:
        raise Misused("nothing to change; name at least one field, as in --name. See `wxdesk agents update --help`")
    agent = await _changed(args.login, fields, environment, output)
    output.done(f"{agent.id} is changed.", summary(agent))


async def disable(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    agent = await _changed(args.login, {"enabled": False}, environment, output)
    if agent.load:
        waiting = "conversation goes" if agent.load == 1 else "conversations go"
        output.remark(f"{agent.load} {waiting} back in line for colleagues, as soon as a router runs.")
    output.done(f"{agent.id} is logged out and cannot log in any more.", summary(agent))


async def enable(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    agent = await _changed(args.login, {"enabled": True}, environment, output)
    output.done(f"{agent.id} can log in again, with the password as it was.", summary(agent))


async def remove_second_factor(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            removed = await AgentChanges(database, COMMAND_LINE).remove_second_factor(args.login)
        except NoSuchAgent:
            raise _unknown(args.login) from None
    if not removed:
        output.done(f"{args.login} has no second factor.", {"login": args.login, "second_factor": False})
        return
    await _announce(environment, output, _AGENTS)
    told = f"{args.login} can log in with the password alone, and should add a second factor again."
    output.done(told, {"login": args.login, "second_factor": False})


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
        "away_after_seconds": agent.away_after_seconds,
        "second_factor": agent.second_factor is not None,
    }


def _given_password(args: argparse.Namespace) -> str | None:
    password = secret_value("--password", args.password)
    if password is not None:
        with options_named():
            check_password(password, args.login)
    return password


def _tell_password(output: Output, agent: Agent, sentence: str, made: str | None) -> None:
    """A password that was made is shown this once and kept nowhere."""
    if made is None:
        output.done(f"{sentence}.", summary(agent))
    else:
        output.done(f"{sentence}. Password, shown only now: {made}", {**summary(agent), "password": made})


async def _changed(login: str, fields: dict[str, Any], environment: Environment, output: Output) -> Agent:
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            with options_named():
                changed: Changed = await AgentChanges(database, COMMAND_LINE).change(login, fields)
        except NoSuchAgent:
            raise _unknown(login) from None
        except LastAdmin:
            how = "make another with `wxdesk agents add LOGIN --name NAME --role admin` first"
            raise Refused(f"{login} is the only administrator; {how}") from None
        if changed.moves_assignment:
            await _tell_assignment(environment, database, changed.after, output)
    await _announce(environment, output, *changed.hints)
    return changed.after


def _unknown(login: str) -> Refused:
    return Refused(f"there is no agent {login}; see `wxdesk agents list`")


async def _tell_assignment(environment: Environment, database: Database, agent: Agent, output: Output) -> None:
    """Whoever assigns looks each second anyway: that it is not told is no failure."""
    try:
        async with publisher_of(environment, database) as publisher:
            await publisher.publish(AgentChanged(agent_id=agent.id, trace_id=f"cli-{secrets.token_hex(8)}"))
    except Failed as failed:
        output.remark(f"Assignment was not told and finds out by itself: {failed}")


async def _announce(environment: Environment, output: Output, *hints: LiveHint) -> None:
    if not await hinted(environment, *hints):
        output.remark("RabbitMQ was not told; the services find out by themselves within 10 s.")
