from datetime import datetime

from cryptography.fernet import Fernet

from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.tokens import MongoTokenStore
from shared.wechat.tokens import StoredToken

EXPIRES_AT = datetime.fromisoformat("2026-11-22T14:00:00+00:00")
FORCED_AT = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
KEY = Fernet.generate_key().decode()


async def leased(store: MongoTokenStore, holder: str = "me") -> int:
    fence = await store.lease("wx1", holder, 30)
    assert fence is not None
    return fence


async def test_a_token_is_shared_and_sealed(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    assert await store.read("wx1") is None
    fence = await leased(store)
    assert await store.save("wx1", fence, "the-token", EXPIRES_AT, FORCED_AT)
    assert await store.read("wx1") == StoredToken("the-token", EXPIRES_AT, fence, FORCED_AT)
    assert "the-token" not in str(await either_database["tokens"].find_one({}))


async def test_one_holds_the_lease_until_it_ends_and_may_take_it_again(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    first = await leased(store)
    assert await store.lease("wx1", "another", 30) is None
    assert await leased(store) > first
    assert await store.lease("wx2", "another", 30) is not None


async def test_a_lease_that_ended_is_for_whoever_comes(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    first = await store.lease("wx1", "me", -1)
    second = await store.lease("wx1", "another", 30)
    assert first is not None
    assert second is not None
    assert second > first


async def test_who_lost_the_lease_cannot_save(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    late = await store.lease("wx1", "late", -1)
    assert late is not None
    fence = await leased(store)
    assert not await store.save("wx1", late, "stale", EXPIRES_AT, None)
    assert await store.save("wx1", fence, "theirs", EXPIRES_AT, None)
    assert not await store.save("wx1", late, "stale", EXPIRES_AT, None)
    assert await store.read("wx1") == StoredToken("theirs", EXPIRES_AT, fence, None)


async def test_a_token_whose_seal_cannot_be_opened_is_none(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    await store.save("wx1", await leased(store), "the-token", EXPIRES_AT, None)
    assert await MongoTokenStore(either_database, Sealer([Fernet.generate_key().decode()])).read("wx1") is None
    doc = await either_database["tokens"].find_one({"_id": "wx1"})
    assert doc is not None
    await either_database["tokens"].replace_one({"_id": "wx2"}, {**doc, "_id": "wx2"}, upsert=True)
    assert await store.read("wx2") is None


async def test_a_new_token_ends_the_lease_and_the_same_one_does_not(either_database: Database) -> None:
    store = MongoTokenStore(either_database, Sealer([KEY]))
    await store.save("wx1", await leased(store), "the-token", EXPIRES_AT, None)
    fence = await leased(store, "another")
    assert await store.save("wx1", fence, "the-token", EXPIRES_AT, FORCED_AT)
    assert await store.lease("wx1", "me", 30) is None
    assert await store.save("wx1", fence, "forced", EXPIRES_AT, FORCED_AT)
    assert await store.lease("wx1", "me", 30) is not None
