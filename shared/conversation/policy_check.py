"""What is wrong with an app's settings as a whole: asked when somebody changes them, never of what is stored. Pure.

Agents come and go after settings were stored, so what is asked of them here is not a promise: routing lives with it.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from shared.conversation.mistakes import Mistake, Place
from shared.conversation.moments import moments
from shared.conversation.overlaps import overlaps
from shared.conversation.policy import Policy
from shared.conversation.quota import GRANTS
from shared.conversation.routes import Destination, Fallback
from shared.conversation.rule_check import rule_mistakes
from shared.conversation.vendor_check import Account, vendor_mistakes

WINDOW_SECONDS: Final = int(GRANTS["message"][1].total_seconds())


class Member(NamedTuple):
    """An agent as far as settings may name them."""

    id: str
    groups: tuple[str, ...] = ()
    enabled: bool = True
    supervises: bool = False

    def serves(self, policy: Policy) -> bool:
        return self.enabled and (self.supervises or policy.assignment.served_by(self.groups))


def mistakes(policy: Policy, staff: Iterable[Member], accounts: Iterable[Account] = ()) -> tuple[Mistake, ...]:
    """Every one of them, in the order of the settings' fields."""
    everyone = tuple(staff)
    return (
        *vendor_mistakes(policy, tuple(accounts)),
        *rule_mistakes(policy.rules, policy.hours),
        *_destinations(policy, everyone),
        *_fallbacks(policy),
        *_targets(policy, everyone),
        *_reminder(policy),
        *(overlaps(policy.hours) if policy.hours else ()),
    )


def _destinations(policy: Policy, staff: tuple[Member, ...]) -> Iterator[Mistake]:
    yield from _unserved(("after_bot", "name"), policy.after_bot, policy, staff)
    for place, rule in enumerate(policy.rules):
        yield from _unserved(("rules", place, "to", "name"), rule.to, policy, staff)
    for place, fallback in enumerate(policy.fallbacks):
        yield from _unserved(("fallbacks", place, "to", "name"), fallback.to, policy, staff)


def _unserved(where: Place, to: Destination, policy: Policy, staff: tuple[Member, ...]) -> Iterator[Mistake]:
    wrong = None
    if to.kind == "agent":
        wrong = _agent_fault(to.name or "", policy, staff)
    elif to.kind == "group":
        wrong = _group_fault(to.name or "", policy, staff)
    if wrong is not None:
        yield Mistake(where, wrong)


def _agent_fault(login: str, policy: Policy, staff: tuple[Member, ...]) -> str | None:
    agent = next((member for member in staff if member.id == login), None)
    if agent is None:
        return f"no agent has the login {login}; name one that exists"
    if not agent.enabled:
        return f"{login} is disabled; enable them, or name somebody else"
    if not agent.serves(policy):
        return f"{login} does not serve this app; put them into one of its groups, or name somebody else"
    return None


def _group_fault(group: str, policy: Policy, staff: tuple[Member, ...]) -> str | None:
    members = [member for member in staff if group in member.groups]
    if not members:
        return f"nobody is in the group {group}; put agents into it first, or name another"
    if not any(member.enabled for member in members):
        return f"everybody in the group {group} is disabled; enable somebody, or name another"
    if not any(member.serves(policy) for member in members):
        return f"nobody in the group {group} serves this app; add it to the app's groups, or name another"
    return None


def _fallbacks(policy: Policy) -> Iterator[Mistake]:
    closes = any(not moment.open for moment in moments(policy.hours))
    taken: dict[tuple[str, str], int] = {}
    for place, fallback in enumerate(policy.fallbacks):
        where: Place = ("fallbacks", place)
        before = taken.setdefault((fallback.when, str(fallback.to)), place)
        if before != place:
            what = f"fallback {before} leads there for the same reason; leave one of the two out"
            yield Mistake((*where, "to"), what)
        if fallback.when == "out_of_hours" and not closes:
            reason = "the app has no hours" if policy.hours is None else "the app's hours are always open"
            yield Mistake((*where, "when"), f"never comes: {reason}; change them, or leave this fallback out")
        yield from _bot_loop(where, fallback, policy)


def _bot_loop(where: Place, fallback: Fallback, policy: Policy) -> Iterator[Mistake]:
    # From a vendor the bot leads on to whomever it hands off to, which is checked with the vendors.
    if fallback.to.kind == "bot" and policy.unmatched.hand_off and fallback.when != "vendor_down":
        what = (
            "leads in a circle: the bot puts whatever it has no answer to back in line; "
            "turn unmatched.hand_off off, or fall back to people"
        )
        yield Mistake((*where, "to"), what)


def _targets(policy: Policy, staff: tuple[Member, ...]) -> Iterator[Mistake]:
    targets = policy.targets
    if targets.answer_seconds is not None and targets.warn_seconds >= targets.answer_seconds:
        what = f"must be less than answer_seconds, {targets.answer_seconds}: everybody in line would be late at once"
        yield Mistake(("targets", "warn_seconds"), what)
    if targets.window_seconds >= WINDOW_SECONDS:
        what = f"must be less than the window itself, {WINDOW_SECONDS}: every message would need attention at once"
        yield Mistake(("targets", "window_seconds"), what)
    wrong = _group_fault(targets.escalate_to, policy, staff) if targets.escalate_to is not None else None
    if wrong is not None:
        yield Mistake(("targets", "escalate_to"), wrong)


def _reminder(policy: Policy) -> Iterator[Mistake]:
    idle = policy.idle_close_seconds.agent
    if policy.reminder.say is not None and policy.reminder.after_seconds >= idle:
        what = f"must be less than idle_close_seconds.agent, {idle}: the session is closed before anybody is reminded"
        yield Mistake(("reminder", "after_seconds"), what)
