"""One vendor account: whether its settings are good, whether the vendor answers, and whether it may be called."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

import aiohttp
from pydantic import ValidationError

from services.console.administering.app_fields import callback_fault
from services.console.administering.checks.check import Check, fail, ok, warn
from services.console.administering.faults import FieldsRefused
from services.console.administering.members import as_named
from services.console.administering.vendor_addresses import push_url
from services.console.administering.vendor_fields import account_faults
from shared.clock import real_now
from shared.conversation.vendor_check import vendor_mistakes
from shared.failures import Misconfigured, OutcomeUnknown, SendFailure
from shared.store.apps import App
from shared.store.vendor_accounts import Breaker, VendorAccount
from shared.vendors.port import Connection
from shared.vendors.registry import VENDORS

ANSWER_SECONDS: Final = 10.0
CLOCK_CODE: Final = "14003"
"""Qiyu's word for a signature whose time is too far from its own clock."""
LOST_KEY: Final = "secret_unreadable"


class Tried(NamedTuple):
    """What came of one probe. `said` is the vendor's, `what` says what to do about it."""

    ok: bool
    said: str | None
    what: str
    code: str | None = None


async def tried(http: aiohttp.ClientSession, account: VendorAccount, api_base: str | None = None) -> Tried:
    """Ask the vendor, in a way that no customer notices, whether the account works.

    `api_base` takes the place of the vendor's own address.
    """
    if account.unreadable:
        names = ", ".join(account.unreadable)
        return Tried(False, None, f"{names}: sealed with a lost key; enter them again", LOST_KEY)
    if faults := _faults_of(account):
        return Tried(False, None, "; ".join(faults), "settings_invalid")
    vendor = VENDORS[account.vendor]
    parts = Connection(now=real_now, pace=_at_once, answer_seconds=ANSWER_SECONDS, api_base=api_base)
    try:
        said = await vendor.connect(account, http, parts).probe()
    except SendFailure as failure:
        return Tried(False, failure.reason, advice(failure), failure.code)
    return Tried(True, said, "the vendor answers")


def advice(failure: SendFailure) -> str:
    if failure.code == CLOCK_CODE:
        return "this machine's clock and the vendor's differ too much; set it by NTP"
    if isinstance(failure, Misconfigured):
        return f"{failure.words.en} Compare the settings with the vendor's pages"
    if isinstance(failure, OutcomeUnknown):
        return "it took the call and did not answer; try again, and see whether its address is right"
    return failure.words.en


def settings_check(account: VendorAccount) -> Check | None:
    """What keeps it from being used at all; None: nothing does."""
    name = f"vendor account {account.account_id}"
    if not account.enabled:
        do = f"`wxdesk vendors update {account.account_id} --enable` brings it back"
        return warn(f"{name} is disabled: no session goes there", do)
    if account.unreadable:
        do = "put the key back into WXDESK_SECRET_KEYS, or enter them again"
        return fail(f"{name}: {', '.join(account.unreadable)} cannot be read: sealed with a lost key", do)
    if faults := _faults_of(account):
        do = f"correct them with `wxdesk vendors update {account.account_id} …`"
        return fail(f"{name}: some settings are not good, so it is not used: {'; '.join(faults)}", do)
    return None


def answer_check(account: VendorAccount, found: Tried) -> Check:
    name = f"vendor account {account.account_id}"
    if found.ok:
        return ok(f"{name}: {account.vendor} answers{f': {found.said}' if found.said else ''}")
    code = f" ({found.code})" if found.code else ""
    return fail(f"{name}: {account.vendor} refuses{code}{f': {found.said}' if found.said else ''}", found.what)


def address_check(account: VendorAccount, base: str | None, *, at_sandbox: bool) -> Check:
    """Where its pushes go."""
    name, url = f"vendor account {account.account_id}", push_url(account, base)
    if at_sandbox:
        return ok(f"{name}: the sandbox pushes to the gateway itself, no public address is needed")
    if url is None:
        return warn(f"{name}: its push address is not known here", "set PUBLIC_BASE_URL to the gateway's address")
    if fault := callback_fault(url):
        return warn(f"{name}: the vendor may not take the push address {url}: {fault}", "correct PUBLIC_BASE_URL")
    return ok(f"{name}: push address {url}")


def breaker_checks(account: VendorAccount, breakers: Iterable[Breaker], now: datetime) -> Iterator[Check]:
    for breaker in breakers:
        if breaker.account != account.account_id or not breaker.down:
            continue
        seconds = max(0, round((now - breaker.since).total_seconds()))
        what = f"vendor account {account.account_id}: its breaker is {breaker.state} for {breaker.app_id}"
        why = f"{breaker.reason or 'calls failed'}{f' ({breaker.code})' if breaker.code else ''}, since {seconds} s"
        if breaker.drill:
            do = f"close it with `wxdesk vendors drill {account.account_id} --app {breaker.app_id} --end`"
            yield warn(f"{what}, on purpose, since {seconds} s", do)
        else:
            yield fail(f"{what}: {why}", "see what the vendor answers; it is tried again by itself")


def named_checks(app: App, accounts: Iterable[VendorAccount]) -> Iterator[Check]:
    """Vendor accounts that the app's stored settings lead to in vain: its sessions fall back at once."""
    for mistake in vendor_mistakes(app.policy, tuple(as_named(account, app.app_id) for account in accounts)):
        yield warn(f"{app.app_id}: {mistake.dotted}: {mistake.what}", "its customers go elsewhere meanwhile")


def _faults_of(account: VendorAccount) -> list[str]:
    try:
        faults = account_faults(account)
    except FieldsRefused as refused:
        faults = list(refused.faults)
    except ValidationError:
        return ["its settings cannot be read"]
    return [f"{fault.dotted}: {fault.what}" for fault in faults]


async def _at_once(_: str) -> None:
    """One call by hand waits for no limit of the account's."""
