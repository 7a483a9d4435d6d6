"""`wxdesk doctor`: everything that must be right, looked at one by one."""

import argparse
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from services.console.administering.checks.check import Check, Ways, fail
from services.console.administering.checks.one_app import PROBE, Addresses, app_checks, group_check
from services.console.administering.checks.vendor_account import (
    address_check,
    answer_check,
    breaker_checks,
    named_checks,
    settings_check,
    tried,
)
from services.console.administering.checks.wechat import public_check
from services.console.administering.vendor_fields import serves
from services.console.cli.calls import http_session
from services.console.cli.checks.broker import queue_checks, topology_check, version_check
from services.console.cli.checks.keys import key_checks
from services.console.cli.checks.replica_set import replica_set_checks
from services.console.cli.checks.replicas import replica_checks, schema_check
from services.console.cli.checks.services import readiness_check
from services.console.cli.checks.store import agent_check, dead_check, openable_apps, spool_check, store_checks
from services.console.cli.environment import Environment
from services.console.cli.failures import Failed, Refused
from services.console.cli.output import Output
from services.console.cli.servers import SealedSettings, database_of, place
from services.console.cli.terminal import one_line
from services.console.cli.vendor_stores import service_now
from shared.bus.connection import BrokerUnavailable
from shared.bus.inspection import BrokerRefused, inspected
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.settings import RabbitSettings, VendorAddressSettings, WeChatSettings, is_loopback
from shared.store.agents import AgentStore
from shared.store.apps import App, AppStore
from shared.store.driver import Database
from shared.store.sealing import Keyring, Sealer
from shared.store.topology import stored_topology
from shared.store.vendor_accounts import Breaker, BreakerStore, VendorAccount, VendorAccountStore

WAYS: Final = Ways(
    renewal="copy the AppSecret again: `wxdesk apps update {app_id} --secret -`",
    enable="`wxdesk apps update {app_id} --enable` brings it back",
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "look at everything that must be right; exit code 1 if something fails"
    looking = nouns.add_parser("doctor", parents=[as_json], help=about, description=about)
    looking.add_argument("--app", metavar="A", help="of the apps, only this one")
    looking.set_defaults(run=look)


async def look(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    doctor = Doctor(environment, output)
    await doctor.look(args.app)
    if output.as_json:
        output.value([check._asdict() for check in doctor.found], [])
    failed = sum(check.status == "fail" for check in doctor.found)
    if failed:
        raise Refused(f"{failed} of {len(doctor.found)} checks failed; each says what to do")


class Doctor:
    """Looks at one thing after another and says at once what it found; what a failure hides is left out."""

    def __init__(self, environment: Environment, output: Output) -> None:
        self.found: list[Check] = []
        self._environment = environment
        self._output = output
        self._sealed = environment.settings(SealedSettings)
        self._rabbit = environment.settings(RabbitSettings)
        self._wechat = environment.settings(WeChatSettings)
        self._topology: Topology | None = None
        self._apps: list[App] = []
        self._accounts: list[VendorAccount] = []
        self._breakers: list[Breaker] = []
        self._service_now = real_now()

    async def look(self, app_id: str | None) -> None:
        try:
            async with database_of(self._sealed) as database:
                await self._look_at_mongodb(database, app_id)
        except Refused:
            raise
        except Failed as failure:
            what, _, do = str(failure).partition("; ")
            self._say(fail(what, do))
        await self._look_at_rabbitmq()
        async with http_session() as session:
            await self._look_at_services(session)
            for app in self._apps:
                await self._look_at_app(session, app)
            await self._look_at_vendors(session, app_id)

    async def _look_at_mongodb(self, database: Database, app_id: str | None) -> None:
        async for check in store_checks(database):
            self._say(check)
        await self._look_at_what_it_can(database)
        self._topology = await stored_topology(database)
        self._say(topology_check(self._topology, self._rabbit))
        self._say(await dead_check(database))
        self._say(await spool_check(database))
        agents = await AgentStore(database).everyone()
        self._say(agent_check(agents))
        apps, check = await openable_apps(AppStore(database, Sealer(self._sealed.secret_keys)))
        self._say(check)
        self._apps = [app for app in apps if app_id in {None, app.app_id}]
        await self._read_vendors(database)
        if app_id is not None and not await database["apps"].count({"_id": app_id}, limit=1):
            raise Refused(f"there is no app {app_id}; see `wxdesk apps list`")
        for app in self._apps:
            for found in group_check(app, agents):
                self._say(found)

    async def _look_at_what_it_can(self, database: Database) -> None:
        """What only a replica set can be asked; that MongoDB is none was said."""
        if await database.replica_set() is not None:
            for check in await replica_set_checks(database):
                self._say(check)
        self._say(await schema_check(database))
        for check in await replica_checks(database):
            self._say(check)
        for check in await key_checks(database, Keyring(self._sealed.secret_keys)):
            self._say(check)

    async def _look_at_rabbitmq(self) -> None:
        where = place(self._rabbit.amqp_url)
        try:
            async with inspected(self._rabbit.amqp_url.get_secret_value()) as inspection:
                self._say(version_check(inspection.version))
                if self._topology is not None:
                    async for check in queue_checks(inspection, self._topology):
                        self._say(check)
        except BrokerUnavailable as outage:
            self._say(fail(f"RabbitMQ at {where} does not answer ({outage})", "start it, or correct AMQP_URL"))
        except BrokerRefused as refused:
            self._say(fail(str(refused), "correct AMQP_URL"))

    async def _look_at_services(self, session: aiohttp.ClientSession) -> None:
        for name, addresses in self._environment.ops.items():
            for address in addresses:
                self._say(await readiness_check(session, name, address, PROBE))

    async def _look_at_app(self, session: aiohttp.ClientSession, app: App) -> None:
        addresses = Addresses(
            wechat=self._wechat.wechat_api_base,
            public=self._environment.variable("PUBLIC_BASE_URL"),
            gateway=self._environment.address_if_known("gateway"),
        )
        async for check in app_checks(session, app, addresses, WAYS, real_now()):
            self._say(check)
        others = addresses.gateway and addresses.public and addresses.gateway != addresses.public.rstrip("/")
        if others and addresses.public and app.enabled and app.readable and not self._at_sandbox:
            self._say(await public_check(session, app, addresses.public, PROBE))

    async def _read_vendors(self, database: Database) -> None:
        self._accounts = await VendorAccountStore(database, Sealer(self._sealed.secret_keys)).everything()
        self._breakers = await BreakerStore(database).everything()
        self._service_now = await service_now(self._environment, database)

    async def _look_at_vendors(self, session: aiohttp.ClientSession, app_id: str | None) -> None:
        public = self._environment.variable("PUBLIC_BASE_URL")
        api_bases = self._environment.settings(VendorAddressSettings).vendor_api_bases
        for app in self._apps:
            for check in named_checks(app, self._accounts):
                self._say(check)
        for account in self._accounts:
            if app_id is not None and not serves(account, app_id):
                continue
            if (wrong := settings_check(account)) is not None:
                self._say(wrong)
                continue
            self._say(answer_check(account, await tried(session, account, api_bases.get(account.vendor))))
            self._say(address_check(account, public, at_sandbox=self._at_sandbox))
            for check in breaker_checks(account, self._breakers, self._service_now):
                self._say(check)

    @property
    def _at_sandbox(self) -> bool:
        return is_loopback(urlsplit(self._wechat.wechat_api_base).hostname or "")

    def _say(self, check: Check) -> None:
        self.found.append(check)
        if not self._output.as_json:
            self._output.value(None, [check_line(check)])


def check_line(check: Check) -> str:
    """`ok`, `warn` or `fail`; what; what to do."""
    return f"{check.status:<4}  {one_line(f'{check.what} → {check.do}' if check.do else check.what)}"
