"""A policy as it was stored: an older version may have let be what this one does not, and then most of it is good."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from shared.conversation.policy import Policy

_BOUNDS: Final = {"less_than_equal": "le", "greater_than_equal": "ge"}
"""By pydantic's name of a mistake: which bound was not kept."""


class Read(NamedTuple):
    """`faults` name what was not good, as `place: why`; none where all of it was."""

    policy: Policy
    faults: tuple[str, ...] = ()


def read_stored(document: Any) -> Read:
    """A number beyond its bounds becomes the nearest within; anything else that is wrong is left out.

    What is left out has its default: one bad setting neither stops an app nor takes the other settings along.
    """
    kept, faults = _copied(document), []
    if not isinstance(kept, dict):
        kept, faults = {}, ["not an object"]
    while True:
        try:
            return Read(Policy.model_validate(kept), tuple(faults))
        except ValidationError as refused:
            # The last one first: so the places of those before it, in the same list, stay what they are.
            error = refused.errors(include_url=False, include_input=False)[-1]
            place = _mended(kept, error)
            faults.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")


def _mended(document: dict[str, Any], error: Mapping[str, Any]) -> str:
    """Take away what is wrong, of a list the whole element, or put the bound there; where that was."""
    holder, place = _holder(document, error["loc"])
    if not place:
        document.clear()
    elif error["type"] in _BOUNDS and place == error["loc"]:
        holder[place[-1]] = error["ctx"][_BOUNDS[error["type"]]]
    else:
        del holder[place[-1]]
    return ".".join(map(str, place))


def _holder(document: dict[str, Any], place: tuple[str | int, ...]) -> tuple[Any, tuple[str | int, ...]]:
    """What holds the last step of the place that is there, and the place up to it."""
    holder: Any = document
    value: Any = document
    for depth, step in enumerate(place):
        there = step in value if isinstance(value, dict) else isinstance(value, list)
        if not there:
            return holder, place[:depth]
        holder, value = value, value[step]
        if isinstance(holder, list):
            return holder, place[: depth + 1]
    return holder, place


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list | tuple) else value
