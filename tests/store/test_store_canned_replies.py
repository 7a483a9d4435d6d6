import asyncio

import pytest

from shared.store.canned_replies import CannedReply, CannedReplyStore, ShortcutTaken, new_reply_id
from shared.store.driver import Database
from shared.store.tags import Tag, TagStore


@pytest.fixture
def replies(either_database: Database) -> CannedReplyStore:
    return CannedReplyStore(either_database)


def reply(shortcut: str = "hi", owner: str | None = None, app_id: str | None = None) -> CannedReply:
    return CannedReply(id=new_reply_id(), shortcut=shortcut, title="招呼", text="您好", owner=owner, app_id=app_id)


async def test_one_has_ones_own_and_the_shared_ones_of_the_apps_one_sees(replies: CannedReplyStore) -> None:
    kept = [reply("a"), reply("b", app_id="wx1"), reply("c", app_id="wx2"), reply("d", "lina"), reply("e", "omar")]
    for one in kept:
        await replies.add(one)
    assert [one.shortcut for one in await replies.for_agent("lina", ["wx1"])] == ["a", "b", "d"]
    assert [one.shortcut for one in await replies.for_agent("lina", None)] == ["a", "b", "c", "d"]
    assert (await replies.count(None), await replies.count("lina")) == (3, 1)
    assert {one.scope for one in await replies.for_agent("omar", [])} == {"shared", "personal"}


async def test_a_shortcut_is_one_replys_for_one_owner_and_app(replies: CannedReplyStore) -> None:
    for one in (reply(), reply(owner="lina"), reply(owner="omar"), reply(app_id="wx1")):
        await replies.add(one)
    for again in (reply(), reply(owner="lina"), reply(app_id="wx1")):
        with pytest.raises(ShortcutTaken):
            await replies.add(again)
    other = reply("other", "lina")
    await replies.add(other)
    with pytest.raises(ShortcutTaken):
        await replies.change(other.id, 1, shortcut="hi")


async def test_of_many_who_change_one_version_one_succeeds(replies: CannedReplyStore) -> None:
    one = reply()
    await replies.add(one)
    changed = await asyncio.gather(*(replies.change(one.id, 1, title=f"t{number}") for number in range(8)))
    (winner,) = [found for found in changed if found is not None]
    assert winner.version == 2
    assert await replies.get(one.id) == winner
    assert await replies.remove(one.id) is True
    assert await replies.remove(one.id) is False
    assert await replies.change(one.id, 2, title="x") is None


async def test_tags_are_put_and_removed(either_database: Database) -> None:
    tags = TagStore(either_database)
    await tags.put(Tag(name="退款", color="red"))
    await tags.put(Tag(name="vip", color="blue"))
    await tags.put(Tag(name="退款", color="amber"))
    assert await tags.everything() == [Tag(name="vip", color="blue"), Tag(name="退款", color="amber")]
    assert [await tags.remove("退款"), await tags.remove("退款")] == [True, False]
