import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from shared.conversation.bridges import BridgeSettings
from shared.vendors.port import parsed
from shared.vendors.qiyu.adapter import QIYU
from shared.vendors.qiyu.settings import QiyuSettings
from tests.vendors.qiyu_house import APP_KEY, SECRET, qiyu_account

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "qiyu.md").read_text()
TABLED: dict[str, str] = dict(re.findall(r"^\| `([a-z_]+)` \|.*\| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))


def default_of(field: FieldInfo) -> str:
    """As the page writes it."""
    if field.is_required():
        return "needed"
    return {"None": "none", "": "empty", "()": "empty", "False": "false"}.get(str(field.default), str(field.default))


def test_the_page_names_every_setting_and_its_default() -> None:
    told = {name: default.strip("`") for name, default in TABLED.items()}
    assert told == {name: default_of(field) for name, field in QiyuSettings.model_fields.items()}


def test_the_secret_is_never_shown() -> None:
    settings = parsed(QIYU, qiyu_account())
    assert settings.app_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"app_key": " "},
        {"api_base": "qiyukf.com"},
        {"api_base": "ftp://qiyukf.com"},
        {"api_base": "https://qiyukf.com/?a=1"},
        {"api_base": "https://me:pw@qiyukf.com"},
        {"api_base": "https://qiyukf.com:99999"},
        {"api_base": "https://[qiyukf.com"},
        {"checksum_algorithm": "md5"},
        {"poll_seconds": 14},
        {"vip_level": 12},
        {"group_id": 0},
        {"staff_id": 5, "staff_type": "machine"},
        {"quit_line_path": "https://elsewhere.example"},
        {"media_hosts": ["*"]},
        {"media_hosts": ["a*b.example"]},
        {"calls_per_second": 0},
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parsed(QIYU, qiyu_account(**wrong))


def test_an_account_needs_its_secret() -> None:
    with pytest.raises(ValidationError):
        QIYU.bridge(qiyu_account().but(secrets={"app_secret": SecretStr("")}), "wx1", down=False)


def test_what_decisions_know_of_it() -> None:
    limits = BridgeSettings(patience_seconds=7)
    bridge = QIYU.bridge(qiyu_account(limits, relay_in_line=True, poll_seconds=30, word_seconds=90), "wx1", down=True)
    assert bridge is not None
    assert (bridge.account, bridge.vendor, bridge.name) == ("qiyu-1", "qiyu", "七鱼")
    assert (bridge.answers_calls, bridge.shows_replies, bridge.rates, bridge.down) == (True, True, True, True)
    assert (bridge.takes_in_line, bridge.takes_events) == (True, False)
    assert (bridge.line_poll_seconds, bridge.word_seconds, bridge.settings) == (30, 90, limits)


def test_its_limits() -> None:
    assert QIYU.limits(qiyu_account()) == (20, 5)
    assert QIYU.limits(qiyu_account(calls_per_second=50, calls_per_endpoint=12.5)) == (50, 12.5)


def test_where_its_pictures_may_come_from() -> None:
    assert QIYU.media_hosts(qiyu_account())[0] == "ysf.nosdn.127.net"
    assert "qiyu.example:8443" in QIYU.media_hosts(qiyu_account(api_base="https://qiyu.example:8443/x"))
    assert QIYU.media_hosts(qiyu_account(media_hosts=[" Files.Example "])) == ("files.example",)


def test_it_is_answered_by_nothing() -> None:
    assert QIYU.acknowledge() == (200, "")


def test_the_key_is_no_secret_and_the_secret_no_setting() -> None:
    secret = {name for name, field in QiyuSettings.model_fields.items() if field.annotation is SecretStr}
    assert secret == {"app_secret"}
    assert parsed(QIYU, qiyu_account()).app_key == APP_KEY
