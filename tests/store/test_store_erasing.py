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


async def test_what_is_kept_of_an_app_or_a_vendor_account_goes_with_it(database: Database) -> None:
    eraser, gone, stays = Eraser(database), "wx0123456789abcdef", "wxfedcba9876543210"
    for app in (gone, stays):
        await database["tokens"].insert_one({"_id": app})
        await database["lanes"].insert_one({"_id": f"wechat:{app}"})
        for account in ("qiyu", "zhima"):
            await database["breakers"].insert_one({"_id": f"{app}|{account}", "app_id": app, "account": account})
    await database["lanes"].insert_one({"_id": "zhima:zhima"})
    for collection in ("bridge_tokens", "vendor_pushes"):
        await database[collection].insert_many([{"_id": name, "account": name} for name in ("qiyu", "zhima")])
    await eraser.forget_app(gone)
    await eraser.forget_vendor_account("zhima", "zhima")
    found = {name: {doc["_id"] for doc in await database[name].find({})} for name in ("tokens", "lanes", "breakers")}
    assert found == {"tokens": {stays}, "lanes": {f"wechat:{stays}"}, "breakers": {f"{stays}|qiyu"}}
    for collection in ("bridge_tokens", "vendor_pushes"):
        assert [doc["_id"] for doc in await database[collection].find({})] == ["qiyu"]
