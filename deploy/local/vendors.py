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
ZHIMA: Final = "zhima-demo"
_QIYU_STAFF: Final = (
    {"id": 1001, "name": "小鱼", "groups": [1], "max_sessions": 3, "online": True},
    {"id": 1002, "name": "阿七", "groups": [1, 2], "max_sessions": 3, "online": True},
)
_ZHIMA_STAFF: Final = ({"id": 126, "name": "小芝"}, {"id": 127, "name": "阿麻"})
_ZHIMA_APP: Final = "211079"


@dataclass(frozen=True)
class SeededVendor:
    """`settings` and `secrets` are those of the vendor account; `access_key` is the end of Zhima's push address."""

    account: str
    vendor: str
    name: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    access_key: str = ""


def made_vendors(app_id: str, known: Iterable[SeededVendor] = ()) -> tuple[SeededVendor, ...]:
    """All demo accounts: those that are known as they are, the others with new secrets; Zhima's serves this app."""
    there = {one.account: one for one in known}
    qiyu = SeededVendor(QIYU, "qiyu", "网易七鱼（演示）", {"app_key": QIYU}, {"app_secret": secrets.token_hex(16)})
    return tuple(there.get(one.account, one) for one in (qiyu, _zhima(app_id)))


def _zhima(app_id: str) -> SeededVendor:
    settings = {
        "app_id": app_id,
        "reply_path": "proxy",
        "developer_auth": "wechat_sig",
        "wechatapp_id": _ZHIMA_APP,
    }
    proofs = {"token_path_secret": secrets.token_hex(16), "developer_token": secrets.token_hex(16)}
    return SeededVendor(ZHIMA, "zhima", "芝麻小客服（演示）", settings, proofs, access_key=secrets.token_hex(8))


async def save_vendors(store: VendorAccountStore, vendors: Sequence[SeededVendor], sandbox: str) -> None:
    """An account that is there keeps its settings and gets these secrets. Raises CannotStart."""
    for seeded in vendors:
        sealed = {name: SecretStr(value) for name, value in seeded.secrets.items()}
        if seeded.access_key:
            sealed["push_url"] = SecretStr(f"{sandbox}/push_pwd/mini_program/{seeded.access_key}")
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
    ours = f"{gateway}/vendors/{seeded.vendor}/{seeded.account}"
    if seeded.vendor == "zhima":
        return f"/zhima/products/{seeded.access_key}", _zhima_product(seeded, ours)
    return f"/qiyu/accounts/{seeded.settings['app_key']}", {
        "app_secret": seeded.secrets["app_secret"],
        "callback_url": ours,
        "robot": True,
        "staff": list(_QIYU_STAFF),
        "evaluation_type": 3,
    }


def _zhima_product(seeded: SeededVendor, ours: str) -> dict[str, Any]:
    return {
        "name": seeded.account,
        "app_id": seeded.settings["app_id"],
        "wechatapp_id": _ZHIMA_APP,
        "reply_mode": "proxy",
        "proxy_base": f"{ours}/wxproxy",
        "token_url": f"{ours}/token/{seeded.secrets['token_path_secret']}",
        "developer_url": ours,
        "developer_auth": "wechat_sig",
        "developer_token": seeded.secrets["developer_token"],
        "staff": list(_ZHIMA_STAFF),
        "keyword_replies": {"营业时间": "每天 9:00–21:00，节假日不休。"},
    }


def staff_page(sandbox: str, vendor: str) -> str:
    """Where people are that vendor's staff."""
    return f"{sandbox}/{vendor}"
