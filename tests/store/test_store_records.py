import asyncio

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from structlog.testing import capture_logs

from shared.bus.topology import Topology, TopologyMismatch
from shared.clock import real_now
from shared.conversation.commands import RecordSession
from shared.conversation.model import Party, Session
from shared.conversation.policy import Policy
from shared.store.apps import App, AppCache, AppExists, AppStore
from shared.store.clock import ClockStore
from shared.store.dead import DeadMessage, DeadStore, dead_id
from shared.store.driver import Database
from shared.store.leases import Leases, slot_held, take_slot
from shared.store.records import SessionRecords
from shared.store.sealing import Sealer
from shared.store.topology import agree_on_topology
from tests.support.facts import CONVERSATION, NOON

KEY = Fernet.generate_key().decode()
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def app(app_id: str = "wx0123456789abcdef") -> App:
    return App(
        app_id=app_id,
        name="店",
        secret=SecretStr("very-secret"),
        token=SecretStr("push-token"),
        aes_key=SecretStr(AES_KEY),
        policy=Policy(welcome="欢迎"),
    )


async def test_an_apps_secrets_are_sealed_at_rest_and_open_again(either_database: Database) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    await store.add(app())
    doc = await either_database["apps"].find_one({})
    assert "very-secret" not in str(doc)
    assert AES_KEY not in str(doc)
    assert await store.get("wx0123456789abcdef") == app().but(version=1, policy=Policy(welcome="欢迎", version=1))


async def test_a_sealed_secret_cannot_be_moved_to_another_app_or_field(either_database: Database) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    await store.add(app())
    doc = await either_database["apps"].find_one({})
    assert doc is not None
    await either_database["apps"].update_one({}, {"$set": {"token": doc["secret"]}})
    found = await store.get("wx0123456789abcdef")
    assert found is not None
    assert (found.unreadable, found.readable) == (("token",), False)
    assert found.token.get_secret_value() not in {"very-secret", "push-token"}


async def test_keys_are_replaced_one_after_another(either_database: Database) -> None:
    new = Fernet.generate_key().decode()
    await AppStore(either_database, Sealer([KEY])).add(app())
    assert await AppStore(either_database, Sealer([new, KEY])).get("wx0123456789abcdef") is not None
    sealed = await AppStore(either_database, Sealer([new])).get("wx0123456789abcdef")
    assert sealed is not None
    assert sealed.unreadable == ("secret", "token", "aes_key")


async def test_an_app_sealed_with_a_lost_key_stops_nobody_and_can_be_entered_again(either_database: Database) -> None:
    new = Sealer([Fernet.generate_key().decode()])
    await AppStore(either_database, Sealer([KEY])).add(app())
    store = AppStore(either_database, new)
    await store.add(app().but(app_id="wx00000000000000aa"))
    cache = AppCache(store)
    with capture_logs() as logs:
        await cache.refresh()
        await cache.refresh()
    assert [(one.app_id, one.readable) for one in cache.all()] == [
        ("wx00000000000000aa", True),
        ("wx0123456789abcdef", False),
    ]
    assert cache.policy("wx0123456789abcdef").welcome == "欢迎"
    assert [log["app_id"] for log in logs if log["event"] == "app_unreadable"] == ["wx0123456789abcdef"]
    broken = cache.get("wx0123456789abcdef")
    assert broken is not None
    renamed = await store.save(broken.but(name="新名"))
    assert renamed is not None
    # What could not be read is as it was: who has the key still reads it.
    whole = await AppStore(either_database, Sealer([KEY])).get("wx0123456789abcdef")
    assert whole is not None
    assert (whole.name, whole.secret.get_secret_value(), whole.unreadable) == ("新名", "very-secret", ())


async def test_two_changes_of_one_app_do_not_overwrite_each_other(either_database: Database) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    await store.add(app())
    read = await store.get("wx0123456789abcdef")
    assert read is not None
    assert (await store.save(read.but(name="甲"))) is not None
    assert (await store.save(read.but(name="乙"))) is None
    with pytest.raises(AppExists):
        await store.add(app())


async def test_the_cache_knows_policies_and_has_a_default_for_apps_that_are_gone(either_database: Database) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    await store.add(app())
    cache = AppCache(store)
    await cache.refresh()
    assert cache.policy("wx0123456789abcdef").welcome == "欢迎"
    assert cache.policy("wxffffffffffffffff") == Policy()


async def test_an_app_whose_stored_settings_are_not_good_any_more_is_served_and_takes_no_other_down(
    either_database: Database,
) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    await store.add(app())
    await store.add(app().but(app_id="wxfedcba9876543210"))
    bad = {"policy.idle_close_seconds.bot": 10**12, "policy.assignment.groups": ["vip"]}
    await either_database["apps"].update_one({"_id": "wx0123456789abcdef"}, {"$set": bad})
    cache = AppCache(store)
    with capture_logs() as logs:
        await cache.refresh()
        await cache.refresh()
    assert [(one["event"], one["app_id"]) for one in logs] == [("app_settings_mended", "wx0123456789abcdef")]
    mended = cache.policy("wx0123456789abcdef")
    assert (mended.welcome, mended.idle_close_seconds.bot, mended.assignment.groups) == ("欢迎", 31_536_000, ("vip",))
    assert len(cache.all()) == 2
    read = await store.get("wx0123456789abcdef")
    assert read is not None
    assert "idle_close_seconds.bot" in read.policy_faults[0]
    saved = await store.save(read)
    assert saved is not None
    assert saved.policy_faults == ()
    assert (await store.get("wx0123456789abcdef")) == saved


async def test_hours_are_stored_as_written_and_served_in_the_installations_time_zone(
    either_database: Database,
) -> None:
    store = AppStore(either_database, Sealer([KEY]))
    written = {
        "weekly": [{"days": [1, 2], "from": "22:00", "to": "02:00"}],
        "holidays": [{"date": "2026-10-01", "name": "国庆节"}],
        "extra_days": [{"date": "2026-10-10", "from": "09:00", "to": "24:00"}],
    }
    policy = Policy.model_validate({"hours": written, "out_of_hours": "下班了", "retention_days": 90}, extra="forbid")
    await store.add(app().but(policy=policy))
    stored = await store.get("wx0123456789abcdef")
    assert stored is not None
    assert stored.policy == policy.but(version=1)
    cache = AppCache(store, time_zone="UTC")
    await cache.refresh()
    served = cache.policy("wx0123456789abcdef")
    assert served == policy.in_time_zone("UTC").but(version=1)
    assert (await store.get("wx0123456789abcdef")) == stored


async def test_ended_sessions_are_read_back_newest_first(either_database: Database) -> None:
    records = SessionRecords(either_database)
    ended = [
        Session(
            number=number,
            state="closed",
            opened_at=NOON,
            active_at=NOON,
            closed_at=NOON,
            reason="idle",
            responder=Party(kind="agent", id="lina", name="李娜"),
        )
        for number in (1, 2)
    ]
    for session in (*ended, ended[0]):
        await records.save(RecordSession(conversation_id=CONVERSATION, app_id="wx1", trace_id="t", session=session))
    assert await records.ended(CONVERSATION) == ended[::-1]
    assert await records.ended("another") == []


async def test_the_topology_is_agreed_once_and_refused_when_told_otherwise(either_database: Database) -> None:
    await agree_on_topology(either_database, Topology(router_partitions=4))
    assert (await agree_on_topology(either_database, Topology(router_partitions=4))).router_partitions == 4
    with pytest.raises(TopologyMismatch, match="router_partitions: stored 4, this process was told 8"):
        await agree_on_topology(either_database, Topology(router_partitions=8))


async def test_each_replica_gets_its_own_lowest_slot(either_database: Database) -> None:
    one, two, three = (Leases(either_database) for _ in range(3))
    slots = await asyncio.gather(*(take_slot(leases, "router") for leases in (one, two, three)))
    assert sorted(slots) == [0, 1, 2]
    await one.give_up(f"slot:router:{slots[0]}")
    async with slot_held(Leases(either_database), "router") as slot:
        assert slot == slots[0]


async def test_a_lease_that_ran_out_is_anyones(either_database: Database) -> None:
    one, two = Leases(either_database), Leases(either_database)
    assert await one.take("sweep", seconds=60)
    assert await one.take("sweep", seconds=-1)
    assert await two.take("sweep", seconds=60)
    assert not await one.take("sweep", seconds=60)


async def test_the_same_message_condemned_twice_is_one_document(either_database: Database) -> None:
    dead = DeadStore(either_database)
    name = dead_id("router.v1.p00", b"\x00x")
    one = DeadMessage(id=name, queue="router.v1.p00", body=b"\x00x", kind="k", reason="r", at=real_now())
    await dead.condemn(one)
    await dead.condemn(one.but(reason="another"))
    assert [d.reason for d in await dead.in_state()] == ["r"]
    assert await dead.mark(name, "dropped") is True
    assert await dead.mark(name, "replayed") is False
    assert await dead.count() == 0


async def test_notes_count_until_they_are_cleared(either_database: Database) -> None:
    dead = DeadStore(either_database)
    assert [await dead.note_taking("x") for _ in range(3)] == [1, 2, 3]
    await dead.clear_note("x")
    assert await dead.note_taking("x") == 1


async def test_the_sandboxs_clock_offset_is_read_back(either_database: Database) -> None:
    clock = ClockStore(either_database)
    assert await clock.read_offset() == 0.0
    await clock.save_offset(3600.5)
    assert await clock.read_offset() == 3600.5
