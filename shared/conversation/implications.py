"""Whether the conditions of one rule hold whenever those of another do, as far as that can be seen from them alone."""

from typing import Final, NamedTuple

from shared.conversation.routes import Conditions, ProfileTest, SourceTest
from shared.conversation.texts import normal

_STRICTER: Final[dict[str, frozenset[str]]] = {
    "equals": frozenset({"equals"}),
    "begins": frozenset({"begins", "equals"}),
    "contains": frozenset({"contains", "begins", "equals"}),
}
"""By how a test matches: the ways whose matches are matches of it, too, where its own words are in theirs."""


class Test(NamedTuple):
    """One thing the session's source says, or a field of the customer's profile; values as they are compared."""

    about: str | None
    match: str
    values: tuple[str, ...]


class Wanted(NamedTuple):
    """Everything but time that conditions ask for, as it is compared."""

    source: tuple[Test, ...]
    profile: tuple[Test, ...]
    words: tuple[str, ...]
    tags: frozenset[str]
    customers: frozenset[str]

    @classmethod
    def by(cls, when: Conditions) -> "Wanted":
        return cls(
            source=tuple(map(_source_test, when.source)),
            profile=tuple(map(_profile_test, when.profile)),
            words=tuple(map(normal, when.words)),
            tags=frozenset(when.tags),
            customers=frozenset(when.customers),
        )

    def implies(self, other: "Wanted") -> bool:
        """Whether `other` holds in every situation in which this does. False where that cannot be seen."""
        return (
            (not other.tags or (bool(self.tags) and self.tags <= other.tags))
            and (not other.customers or (bool(self.customers) and self.customers <= other.customers))
            and (
                not other.words
                or (bool(self.words) and all(_has(word, "contains", other.words) for word in self.words))
            )
            and all(any(_test_implies(mine, theirs) for mine in self.source) for theirs in other.source)
            and all(any(_test_implies(mine, theirs) for mine in self.profile) for theirs in other.profile)
        )


def contradict(one: Test, other: Test) -> bool:
    """Whether nothing can pass both."""
    if one.about != other.about:
        return False
    return not any(_together(one.match, a, other.match, b) for a in one.values for b in other.values)


def _source_test(test: SourceTest) -> Test:
    return Test(test.field, test.match, tuple(map(normal, test.values)))


def _profile_test(test: ProfileTest) -> Test:
    return Test(test.name, "equals", tuple(map(normal, test.values)))


def _test_implies(mine: Test, theirs: Test) -> bool:
    if mine.about != theirs.about or mine.match not in _STRICTER[theirs.match]:
        return False
    return all(_has(value, theirs.match, theirs.values) for value in mine.values)


def _has(said: str, match: str, values: tuple[str, ...]) -> bool:
    match match:
        case "equals":
            return said in values
        case "begins":
            return said.startswith(values)
        case _:
            return any(value in said for value in values)


def _together(match: str, value: str, other_match: str, other: str) -> bool:
    """Whether one text can match both."""
    if match == "equals":
        return _has(value, other_match, (other,))
    if other_match == "equals":
        return _has(other, match, (value,))
    if match == other_match == "begins":
        return value.startswith(other) or other.startswith(value)
    return True
