"""Rules that can never hold, or never come to their turn: an administrator would wait for them in vain."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from shared.conversation.hours import Hours
from shared.conversation.implications import Wanted, contradict
from shared.conversation.mistakes import Mistake, Place
from shared.conversation.moments import Moment, held, moments
from shared.conversation.routes import Conditions, Rule

_NAMED_BEFORE = "rule {place} has this name, too; give each its own, so that whoever asks why can tell them apart"
_NO_HOURS = "never holds: the app has no hours; set them, or leave this out"
_NO_HOLIDAYS = "never holds: the app's hours name no holidays; name some, or leave this out"
_NEVER_CLOSED = "never holds: the app's hours are always open; change them, or leave this out"
_NEVER_SO = "never holds: the app's hours have no such time; change them, or what this rule asks of time"
_NEVER_BOTH = "never holds together with {other}: nothing passes both; put the values into one of them"
_SHADOWED = "never comes to its turn: {names} before it {hold} whenever it does; move this one up, or narrow {them}"


class _Known(NamedTuple):
    """A rule as it is compared with others."""

    rule: Rule
    wanted: Wanted
    at: frozenset[Moment]

    @classmethod
    def of(cls, rule: Rule, hours: Hours | None, calendar: frozenset[Moment]) -> "_Known":
        return cls(rule, Wanted.by(rule.when), held(rule.when, hours, calendar))


def rule_mistakes(rules: Sequence[Rule], hours: Hours | None) -> Iterator[Mistake]:
    calendar = moments(hours)
    known = [_Known.of(rule, hours, calendar) for rule in rules]
    yield from _same_names(rules)
    for place, one in enumerate(known):
        where: Place = ("rules", place, "when")
        never = [*_never_in_time(where, one, hours, calendar), *_never_at_all(where, one.wanted)]
        yield from never or _shadowed(where, one, known[:place])


def _same_names(rules: Sequence[Rule]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for place, rule in enumerate(rules):
        before = first.setdefault(rule.name.strip().casefold(), place)
        if before != place:
            yield Mistake(("rules", place, "name"), _NAMED_BEFORE.format(place=before))


def _never_in_time(where: Place, one: _Known, hours: Hours | None, calendar: frozenset[Moment]) -> Iterator[Mistake]:
    if one.at:
        return
    when = one.rule.when
    asked = [field for field in ("hours", "weekdays", "holiday") if getattr(when, field) is not None]
    alone = [field for field in asked if not held(Conditions(**{field: getattr(when, field)}), hours, calendar)]
    for field in alone:
        reason = _NO_HOURS if hours is None else {"holiday": _NO_HOLIDAYS, "hours": _NEVER_CLOSED}[field]
        yield Mistake((*where, field), reason)
    if not alone:
        yield Mistake((*where, asked[0]), _NEVER_SO)


def _never_at_all(where: Place, wanted: Wanted) -> Iterator[Mistake]:
    for list_name, tests in (("source", wanted.source), ("profile", wanted.profile)):
        for (before, one), (place, other) in combinations(enumerate(tests), 2):
            if contradict(one, other):
                yield Mistake((*where, list_name, place), _NEVER_BOTH.format(other=f"{list_name}.{before}"))


def _shadowed(where: Place, one: _Known, before: Sequence[_Known]) -> Iterator[Mistake]:
    """By one earlier rule, or by several that share its hours among them."""
    left, shadows = one.at, list[str]()
    for earlier in before:
        # Once the bot is through with a session, rules that send to the bot are passed over.
        passed_over = earlier.rule.to.kind == "bot" and one.rule.to.kind != "bot"
        if not passed_over and left & earlier.at and one.wanted.implies(earlier.wanted):
            left -= earlier.at
            shadows.append(earlier.rule.name)
    if not left:
        several = len(shadows) > 1
        names = f"rule{'s' if several else ''} {' and '.join(f'“{name}”' for name in shadows)}"
        words = {"hold": "hold" if several else "holds", "them": "those" if several else "that one"}
        yield Mistake(where, _SHADOWED.format(names=names, **words))
