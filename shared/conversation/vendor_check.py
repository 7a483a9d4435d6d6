"""Vendor accounts that settings lead to in vain, and fallbacks from vendors that help nobody. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from shared.conversation.mistakes import Mistake, Place
from shared.conversation.policy import Policy
from shared.conversation.routes import Destination, Fallback

_BOT_AFTER_BOT: Final = "must not be the bot: it has just handed off; name agents, a group, a vendor or official"
_NEVER_DOWN: Final = (
    "never comes: nothing leads to a vendor, and no vendor account serves this app; leave this fallback out"
)
_SAME_VENDOR: Final = (
    "leads in a circle: this is the only vendor that sessions are with; fall back to another, to people or to the bot"
)
_BOT_TO_VENDOR: Final = (
    "leads in a circle: the bot hands off to {account} again; turn unmatched.hand_off off, or fall back to people"
)


class Account(NamedTuple):
    """A vendor account as far as an app's settings may name it. `serves`: it takes this app's sessions."""

    id: str
    enabled: bool = True
    readable: bool = True
    serves: bool = True

    @property
    def usable(self) -> bool:
        return self.enabled and self.readable and self.serves


def vendor_mistakes(policy: Policy, accounts: tuple[Account, ...]) -> Iterator[Mistake]:
    """Every one of them, in the order of the settings' fields."""
    if policy.starts_with.kind == "vendor":
        yield from _unusable(("entry",), policy.starts_with, accounts)
    if policy.after_bot.kind == "bot":
        yield Mistake(("after_bot", "kind"), _BOT_AFTER_BOT)
    yield from _unusable(("after_bot", "name"), policy.after_bot, accounts)
    for place, rule in enumerate(policy.rules):
        yield from _unusable(("rules", place, "to", "name"), rule.to, accounts)
    for place, fallback in enumerate(policy.fallbacks):
        yield from _unusable(("fallbacks", place, "to", "name"), fallback.to, accounts)
        if fallback.when == "vendor_down":
            yield from _in_vain(("fallbacks", place), fallback, policy, accounts)


def _unusable(where: Place, to: Destination, accounts: tuple[Account, ...]) -> Iterator[Mistake]:
    if to.kind != "vendor":
        return
    account = next((one for one in accounts if one.id == to.name), None)
    wrong = _account_fault(to.name or "", account)
    if wrong is not None:
        yield Mistake(where, wrong)


def _account_fault(name: str, account: Account | None) -> str | None:
    if account is None:
        return f"there is no vendor account {name}; add it first, or name another"
    if not account.enabled:
        return f"the vendor account {name} is disabled; enable it, or name another"
    if not account.readable:
        return f"a secret of the vendor account {name} cannot be read; enter it again, or name another"
    if not account.serves:
        return f"the vendor account {name} does not serve this app; see its settings, or name another"
    return None


def _in_vain(where: Place, fallback: Fallback, policy: Policy, accounts: tuple[Account, ...]) -> Iterator[Mistake]:
    """Agents may give a session to any vendor that serves the app, whatever the settings lead to."""
    before = {one for one in policy.destinations if one.kind == "vendor"} - _taken_for(fallback, policy)
    by_hand = {one.id for one in accounts if one.usable}
    if not by_hand and not any(one.kind == "vendor" for one in policy.destinations):
        yield Mistake((*where, "when"), _NEVER_DOWN)
    elif fallback.to.kind == "vendor" and not before - {fallback.to} and not by_hand - {fallback.to.name or ""}:
        yield Mistake((*where, "to"), _SAME_VENDOR)
    elif fallback.to.kind == "bot" and policy.unmatched.hand_off and after_bot(policy).kind == "vendor":
        yield Mistake((*where, "to"), _BOT_TO_VENDOR.format(account=after_bot(policy).name))


def _taken_for(fallback: Fallback, policy: Policy) -> set[Destination]:
    """Where only this fallback leads: nobody is there before it was taken."""
    others = (one.to for one in policy.fallbacks if one is not fallback)
    led = {policy.starts_with, policy.after_bot, *(rule.to for rule in policy.rules), *others}
    return {fallback.to} - led


def after_bot(policy: Policy) -> Destination:
    """Where the bot hands off to, where no rule says otherwise."""
    return policy.after_bot if policy.entry == "bot" else policy.starts_with
