import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.vendors.port import parsed
from shared.vendors.registry import VENDORS
from shared.vendors.zhima.settings import ZhimaSettings
from tests.vendors.zhima_receiver import zhima_account

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "zhima.md").read_text()
TABLED: dict[str, str] = dict(re.findall(r"^\| `([a-z_]+)` \|.*\| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))
LONG = "k" * 32


def default_of(field: FieldInfo) -> str:
    """As the page writes it."""
    if field.is_required():
        return "needed"
    if isinstance(field.default, tuple):
        return ", ".join(field.default) or "empty"
    shown = getattr(field.default, "get_secret_value", lambda: field.default)()
    return "none" if shown is None else str(shown)


def settings(**changes: Any) -> ZhimaSettings:
    account = zhima_account(changes.pop("push_url", "https://xiaokefu.com.cn/push"))
    whole: ZhimaSettings = parsed(VENDORS["zhima"], account.but(settings={**account.settings, **changes}))
    return whole


def test_the_page_names_every_setting_and_its_default() -> None:
    told = {name: default.replace("`", "") for name, default in TABLED.items()}
    assert told == {name: default_of(field) for name, field in ZhimaSettings.model_fields.items()}


def test_no_secret_is_ever_shown() -> None:
    whole = settings(token_path_secret="t" * 32, developer_key=LONG)
    shown = repr(whole) + whole.model_dump_json()
    for secret in ("t" * 32, LONG, "xiaokefu.com.cn/push"):
        assert secret not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"app_id": ""},
        {"push_url": "xiaokefu.com.cn/push"},
        {"push_url": "ftp://xiaokefu.com.cn/push"},
        {"push_url": "https://me:pw@xiaokefu.com.cn/push"},
        {"push_url": "https://xiaokefu.com.cn/push#here"},
        {"push_url": "https://xiaokefu.com.cn:99999/push"},
        {"push_url": "https://xiaokefu.com.cn/芝麻"},
        {"push_token": ""},
        {"format": "csv"},
        {"reply_path": "pigeon"},
        {"token_path_secret": "s" * 31},
        {"token_path_secret": "s" * 31 + "/"},
        {"ip_allow": ["203.0.113.300"]},
        {"ip_allow": ["example.com"]},
        {"developer_auth": "wechat_sig"},
        {"developer_auth": "hmac"},
        {"developer_auth": "hmac", "developer_key": "short"},
        {"developer_auth": "path_secret", "developer_key": LONG},
        {"developer_auth": "path_secret", "developer_key": "k" * 31, "ip_allow": ["10.0.0.0/8"]},
        {"developer_auth": "path_secret", "developer_key": "k/" * 20, "ip_allow": ["10.0.0.0/8"]},
        {"developer_tolerance_seconds": 1},
        {"media_hosts": ["*"]},
        {"media_hosts": ["a*b.example"]},
        {"calls_per_second": 0},
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize(
    ("networks", "remote", "allowed"),
    [
        ([], None, True),
        ([], "192.0.2.1", True),
        (["192.0.2.0/24"], "192.0.2.9", True),
        (["192.0.2.7/24"], "192.0.2.9", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["192.0.2.1", "2001:db8::/32"], "2001:db8::5", True),
        (["192.0.2.1"], "::ffff:192.0.2.1", True),
        (["192.0.2.1"], "unknown", False),
        (["192.0.2.1"], "", False),
        (["192.0.2.1"], None, False),
    ],
)
def test_who_is_allowed(networks: list[str], remote: str | None, allowed: bool) -> None:  # noqa: FBT001 - of a table
    assert settings(ip_allow=networks).allows(remote) is allowed
