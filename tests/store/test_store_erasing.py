from typing import Any

import pytest

from shared.store.driver import Database
from shared.store.erasing import HOLDING, Eraser
from tests.support.facts import CONVERSATION


async def removals(database: Database) -> dict[str, str]:
    """How MongoDB found what it was told to delete, by collection, as its own profile has it."""
    found = await database["system.profile"].find({"op": "remove"}, {"ns": 1, "planSummary": 1})
    return {str(one["ns"]).partition(".")[2]: str(one["planSummary"]) for one in found}


@pytest.mark.parametrize("last_seq", [None, 7])
async def test_everything_that_is_erased_is_found_by_an_index(either_database: Database, last_seq: int | None) -> None:
    """Without one, a deletion would read every send there ever was."""
    raw: Any = either_database._raw
    await raw.command("profile", 2)
    await Eraser(either_database).erase(CONVERSATION, last_seq)
    await raw.command("profile", 0)
    plans = await removals(either_database)
    assert plans.keys() == {*HOLDING, "dead"}
    assert [name for name, plan in plans.items() if not plan.startswith("IXSCAN")] == []
