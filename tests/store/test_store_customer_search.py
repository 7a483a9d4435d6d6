from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation
from shared.store import customer_search
from shared.store.conversations import Commit, ConversationStore
from shared.store.customer_search import CustomerSearch
from shared.store.driver import Database
from tests.support.facts import APP, NOON


async def add(database: Database, openid: str, *, app: str = APP, minute: int = 0, **fields: Any) -> None:
    told = {"updated_at": NOON + timedelta(minutes=minute), **fields}
    conversation = Conversation(id=conversation_id(app, openid), app_id=app, openid=openid, version=1, **told)
    await ConversationStore(database).commit([Commit(0, conversation, (), ())])


async def openids(database: Database, query: str, apps: list[str] | None = None, limit: int = 20) -> list[str]:
    return [one.openid for one in await CustomerSearch(database).find(query, apps, limit)]


@pytest.fixture
async def town(either_database: Database) -> Database:
    await add(either_database, "oAbC-1", name="张三丰", tags=("VIP", "老客户"), minute=1)
    await add(either_database, "oAbC-2", name="张小姐", minute=2)
    await add(either_database, "oAbC-3", app="wx2", name="Anna Zhang", tags=("vip",), minute=3)
    await add(either_database, "oXyZ-4", minute=4)
    return either_database


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("张", ["oAbC-2", "oAbC-1"]),
        ("三丰", ["oAbC-1"]),
        ("丰", ["oAbC-1"]),
        ("Vip", ["oAbC-3", "oAbC-1"]),
        ("客户", ["oAbC-1"]),
        ("zhang", ["oAbC-3"]),
        ("na zh", ["oAbC-3"]),
        ("oAbC", ["oAbC-3", "oAbC-2", "oAbC-1"]),
        ("oabc", []),
        (" oXyZ-4 ", ["oXyZ-4"]),
        ("oXy", []),
        ("小丰", []),
        (".*", []),
    ],
)
async def test_customers_are_found_by_name_tag_and_start_of_the_openid(
    town: Database, query: str, found: list[str]
) -> None:
    assert await openids(town, query) == found


async def test_only_of_the_apps_given_and_only_so_many(town: Database) -> None:
    assert await openids(town, "vip", [APP]) == ["oAbC-1"]
    assert await openids(town, "oAbC", ["wx2"]) == ["oAbC-3"]
    assert await openids(town, "vip", []) == []
    assert await openids(town, "oAbC", limit=2) == ["oAbC-3", "oAbC-2"]


async def test_one_whose_name_and_tag_only_together_hold_the_grams_is_no_hit(database: Database) -> None:
    await add(database, "o-1", name="张三", tags=("三丰",))
    assert await openids(database, "张三丰") == []


async def test_forgotten_customers_are_not_found(database: Database) -> None:
    await add(database, "o-gone", name="张三", deleted_at=NOON)
    await add(database, "o-silent", name="张四", updated_at=None)
    assert await openids(database, "张") == []
    assert await openids(database, "o-gone") == []


async def test_customers_of_other_apps_hide_none_of_mine(
    either_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_search, "CONSIDERED", 3)
    monkeypatch.setattr(customer_search, "COUNTED", 4)
    for number in range(5):
        await add(either_database, f"oAll-{number}", app="wx2", name="张三", tags=("vip",))
    await add(either_database, "oAll-mine", name="张三丰", tags=("vip",))
    for query in ("vip", "张三", "张", "oAll"):
        assert await openids(either_database, query, [APP]) == ["oAll-mine"], query
