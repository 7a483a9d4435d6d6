"""The demo accounts with other service systems, known to wxdesk's store and to the sandbox, which stands for them.

No app's policy leads to them: whoever wants to try one switches to it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from deploy.local.failures import CannotStart
from deploy.local.plan import url_of
from shared.store.vendor_accounts import AccountExists, VendorAccount, VendorAccountStore

QIYU: Final = "qiyu-demo"
_QIYU_STAFF: Final = (
    {"id": 1001, "name": "小鱼", "groups": [1], "max_sessions": 3, "online": True},
    {"id": 1002, "name": "阿七", "groups": [1, 2], "max_sessions": 3, "online": True},
)


@dataclass(frozen=True)
class SeededVendor:
    """`settings` and `secrets` are those of the vendor account."""

    account: str
    vendor: str
    name: str
    settings: dict[str, Any]
    secrets: dict[str, str]


def made_vendors(known: Iterable[SeededVendor] = ()) -> tuple[SeededVendor, ...]:
    """All demo accounts: those that are known as they are, the others with new secrets."""
    there = {one.account: one for one in known}
    qiyu = SeededVendor(QIYU, "qiyu", "网易七鱼（演示）", {"app_key": QIYU}, {"app_secret": secrets.token_hex(16)})
    return tuple(there.get(one.account, one) for one in (qiyu,))


async def save_vendors(store: VendorAccountStore, vendors: Sequence[SeededVendor]) -> None:
    """An account that is there keeps its settings and gets these secrets. Raises CannotStart."""
    for seeded in vendors:
        sealed = {name: SecretStr(value) for name, value in seeded.secrets.items()}
        account = VendorAccount(
            account_id=seeded.account, vendor=seeded.vendor, name=seeded.name, settings=seeded.settings, secrets=sealed
        )
        try:
            await store.add(account)
        except AccountExists:
            await _renew(store, account)


async def _renew(store: VendorAccountStore, seeded: VendorAccount) -> None:
    known = await store.get(seeded.account_id)
    if known is None or known.vendor != seeded.vendor:
        return
    if known.unreadable:
        raise CannotStart(f"the account {known.account_id} was written with other keys; WXDESK_SECRET_KEYS lacks them")
    if any(known.secrets.get(name) != value for name, value in seeded.secrets.items()):
        await store.save(known.but(secrets={**known.secrets, **seeded.secrets}))


def at_the_sandbox(environment: Mapping[str, str], seeded: SeededVendor) -> tuple[str, dict[str, Any]]:
    """Where below /sandbox/api the vendor's side of this account is put, and what it is."""
    gateway = url_of(environment["HOST"], int(environment["GATEWAY_PORT"]))
    return f"/qiyu/accounts/{seeded.settings['app_key']}", {
        "app_secret": seeded.secrets["app_secret"],
        "callback_url": f"{gateway}/vendors/{seeded.vendor}/{seeded.account}",
        "robot": True,
        "staff": list(_QIYU_STAFF),
        "evaluation_type": 3,
    }


def staff_page(sandbox: str, vendor: str) -> str:
    """Where people are that vendor's staff."""
    return f"{sandbox}/{vendor}"
