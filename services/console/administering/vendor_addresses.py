"""The addresses of ours that are entered at a vendor. No secret is in them: where one belongs, its name stands."""

from typing import Final

from shared.store.vendor_accounts import VendorAccount
from shared.vendors.registry import VENDORS

_FETCHED_BY: Final = "{token_path_secret}"
_PUSH_END: Final = "{developer_key}"


def push_url(account: VendorAccount, base: str | None) -> str | None:
    """Where its pushes go; None where the gateway's public address is not known."""
    above = _above(account, base)
    return f"{above}/{_PUSH_END}" if above and _setting(account, "developer_auth") == "path_secret" else above


def token_url(account: VendorAccount, base: str | None) -> str | None:
    """Where it fetches tokens: WeChat's, or one for our own proxy; None for a vendor that needs none."""
    above = _above(account, base)
    return f"{above}/token/{_FETCHED_BY}" if above and _setting(account, "reply_path") else None


def proxy_url(account: VendorAccount, base: str | None) -> str | None:
    """What stands for WeChat's API, so that what it says goes through us; None where it speaks to WeChat itself."""
    above = _above(account, base)
    return f"{above}/wxproxy" if above and _setting(account, "reply_path") == "proxy" else None


def _above(account: VendorAccount, base: str | None) -> str | None:
    return f"{base.rstrip('/')}/vendors/{account.vendor}/{account.account_id}" if base else None


def _setting(account: VendorAccount, name: str) -> str | None:
    """What it is set to, or by default; None for vendors that have no such setting."""
    vendor = VENDORS.get(account.vendor)
    field = vendor.settings.model_fields.get(name) if vendor else None
    return None if field is None else str(account.settings.get(name, field.default))
