"""What commands about vendors read and write, and whom they tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from services.console.administering.vendor_changes import VendorAccountChanges
from services.console.cli.environment import Environment
from services.console.cli.failures import Refused
from services.console.cli.output import Output
from services.console.cli.servers import SealedSettings, database_of, hinted
from shared.clock import real_now
from shared.contracts.hints import SettingsChanged
from shared.store.apps import AppStore
from shared.store.audit import COMMAND_LINE
from shared.store.clock import ClockStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore


class Kept(NamedTuple):
    database: Database
    apps: AppStore
    accounts: VendorAccountStore

    @property
    def changes(self) -> VendorAccountChanges:
        return VendorAccountChanges(self.database, self.accounts, self.apps, COMMAND_LINE)


@asynccontextmanager
async def stores(environment: Environment) -> AsyncIterator[Kept]:
    settings = environment.settings(SealedSettings)
    async with database_of(settings) as database:
        sealer = Sealer(settings.secret_keys)
        yield Kept(database, AppStore(database, sealer), VendorAccountStore(database, sealer))


async def existing(kept: Kept, account_id: str) -> VendorAccount:
    """Raises Refused."""
    account = await kept.accounts.get(account_id)
    if account is None:
        raise unknown(account_id)
    return account


def unknown(account_id: str) -> Refused:
    return Refused(f"there is no vendor account {account_id}; see `wxdesk vendors list`")


async def service_now(environment: Environment, database: Database) -> datetime:
    """What the services take the time to be: the sandbox's clock may be ahead."""
    if environment.variable("CLOCK") != "sandbox":
        return real_now()
    return real_now() + timedelta(seconds=await ClockStore(database).read_offset())


async def announce(environment: Environment, output: Output) -> None:
    if not await hinted(environment, SettingsChanged(what="vendors")):
        output.remark("RabbitMQ was not told; the services find out by themselves within 10 s.")
