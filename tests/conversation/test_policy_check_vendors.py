"""Settings that lead to vendor accounts in vain, and fallbacks from vendors that help nobody."""

from typing import Any

import pytest

from shared.conversation.policy import Policy
from shared.conversation.policy_check import Member, mistakes
from shared.conversation.vendor_check import Account

STAFF = (Member("lina"),)
ACCOUNTS = (
    Account("qiyu"),
    Account("night"),
    Account("off", enabled=False),
    Account("lost", readable=False),
    Account("elsewhere", serves=False),
)


def found(accounts: tuple[Account, ...] = ACCOUNTS, **fields: Any) -> dict[str, str]:
    return {one.dotted: one.what for one in mistakes(Policy.model_validate(fields), STAFF, accounts)}


def vendor(name: str) -> dict[str, str]:
    return {"kind": "vendor", "name": name}


def down(to: dict[str, str]) -> dict[str, Any]:
    return {"when": "vendor_down", "to": to}


def test_accounts_that_serve_the_app_may_be_named_anywhere() -> None:
    assert found(entry="vendor:qiyu", fallbacks=[down(vendor("night")), down({"kind": "agents"})]) == {}
    assert found(after_bot=vendor("qiyu"), rules=[{"name": "夜里", "to": vendor("night")}]) == {}
    assert found(fallbacks=[{"when": "waiting_longer", "after_seconds": 60, "to": vendor("qiyu")}]) == {}


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("nobody", "there is no vendor account nobody"),
        ("off", "is disabled"),
        ("lost", "cannot be read"),
        ("elsewhere", "does not serve this app"),
    ],
)
def test_accounts_that_cannot_be_used_are_named_by_their_places(account: str, said: str) -> None:
    assert said in found(entry=f"vendor:{account}")["entry"]
    assert said in found(after_bot=vendor(account))["after_bot.name"]
    assert said in found(rules=[{"name": "夜里", "to": vendor(account)}])["rules.0.to.name"]
    assert said in found(entry="vendor:qiyu", fallbacks=[down(vendor(account))])["fallbacks.0.to.name"]


def test_the_bot_does_not_hand_off_to_itself_and_its_successor_is_looked_at() -> None:
    assert "just handed off" in found(after_bot={"kind": "bot"})["after_bot.kind"]
    assert "no agent has the login wei" in found(after_bot={"kind": "agent", "name": "wei"})["after_bot.name"]
    assert "nobody is in the group vip" in found(after_bot={"kind": "group", "name": "vip"})["after_bot.name"]
    assert found(after_bot={"kind": "agent", "name": "lina"}) == {}


def test_a_fallback_from_a_vendor_needs_a_vendor_to_fall_from() -> None:
    none = (Account("off", enabled=False), Account("elsewhere", serves=False))
    assert "never comes" in found(none, fallbacks=[down({"kind": "agents"})])["fallbacks.0.when"]
    assert "never comes" in found((), fallbacks=[down({"kind": "official"})])["fallbacks.0.when"]
    # Agents may give it to one by hand, so it can come.
    assert found((Account("qiyu"),), fallbacks=[down({"kind": "agents"})]) == {}


def test_a_vendor_that_is_down_is_not_helped_by_itself() -> None:
    alone = (Account("qiyu"),)
    assert "in a circle" in found(alone, entry="vendor:qiyu", fallbacks=[down(vendor("qiyu"))])["fallbacks.0.to"]
    assert "in a circle" in found(alone, fallbacks=[down(vendor("qiyu"))])["fallbacks.0.to"]
    # From the one to the other, and back: each is taken once.
    both = [down(vendor("night")), down(vendor("qiyu"))]
    assert found(entry="vendor:qiyu", fallbacks=both) == {}
    assert found(entry="vendor:night", fallbacks=[down(vendor("qiyu"))]) == {}


def test_the_bot_helps_a_vendors_customers_unless_it_sends_them_back() -> None:
    to_bot = [down({"kind": "bot"})]
    assert "hands off to qiyu again" in found(entry="vendor:qiyu", fallbacks=to_bot)["fallbacks.0.to"]
    assert "hands off to qiyu again" in found(after_bot=vendor("qiyu"), fallbacks=to_bot)["fallbacks.0.to"]
    assert found(entry="vendor:qiyu", fallbacks=to_bot, unmatched={"hand_off": False}) == {}
    assert found(entry="agents", rules=[{"name": "夜里", "to": vendor("night")}], fallbacks=to_bot) == {}


def test_the_same_fallback_from_a_vendor_twice_is_one_too_many() -> None:
    twice = [down({"kind": "agents"}), down({"kind": "agents"})]
    assert "leave one of the two out" in found(entry="vendor:qiyu", fallbacks=twice)["fallbacks.1.to"]
