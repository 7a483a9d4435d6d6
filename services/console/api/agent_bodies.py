"""What may be said about an agent where null is a value of its own."""

from typing import Annotated, Any, Final

from pydantic import Field

from services.console.operations import Input

AwayAfter = Annotated[
    int | None,
    Field(ge=60, le=86_400, description="with no page open for so long they become away; null: never"),
]

NULL_IS_A_VALUE: Final = frozenset({"away_after_seconds"})


def given(body: Input) -> dict[str, Any]:
    """By the fields of Agent: what is left out stays, and so does what is null, but where that means never."""
    fields = body.model_dump(exclude_unset=True)
    return {name: value for name, value in fields.items() if value is not None or name in NULL_IS_A_VALUE}
