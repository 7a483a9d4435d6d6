import asyncio
import io
from datetime import datetime, timedelta

import pytest
from PIL import Image as PillowImage

from shared.clock import real_now
from shared.conversation.commands import CopyMedia
from shared.conversation.content import Card, Image, Sendable
from shared.conversation.fact import MediaSource
from shared.pictures import SHOWABLE, NoPicture, examine
from shared.store.driver import Collection, Database, StoreUnavailable
from shared.store.erasing import Eraser
from shared.store.media import COPY_SECONDS, UPLOAD_KEPT, MediaFile, MediaStore, Upload
from shared.store.media_access import MediaOwners

NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def picture(kind: str = "PNG", size: tuple[int, int] = (4, 3)) -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", size, "red").save(file, kind)
    return file.getvalue()


def copy(media_id: str = "m1", content: Sendable | None = None, conversation: str = "c1") -> CopyMedia:
    return CopyMedia(
        conversation_id=conversation,
        app_id="wx1",
        trace_id="t1",
        message_id=f"{conversation}:m:1:0",
        source=MediaSource(media_id=media_id, wechat_media_id="w1", url="http://mmbiz.qpic.cn/a/0"),
        content=content or Image(media_id=media_id),
    )


async def test_an_agents_picture_is_kept_as_its_bytes_say(either_database: Database) -> None:
    store = MediaStore(either_database)
    content = picture("JPEG", (40, 30))
    kept = await store.add("m1", content)
    assert (kept.content_type, kept.width, kept.height) == ("image/jpeg", 40, 30)
    assert await store.get("m1") == MediaFile("stored", "image/jpeg", content, 40, 30)
    assert await store.get("m2") is None


@pytest.mark.parametrize("content", [b"", b"<svg/>", picture("WEBP"), picture()[:40]])
async def test_what_wechat_would_not_take_is_not_kept(either_database: Database, content: bytes) -> None:
    store = MediaStore(either_database)
    with pytest.raises(NoPicture) as refused:
        await store.add("m1", content)
    assert refused.value.why == "not_a_picture"
    assert await store.get("m1") is None


async def test_a_file_over_two_megabytes_is_not_kept(either_database: Database) -> None:
    with pytest.raises(NoPicture) as refused:
        await MediaStore(either_database).add("m1", picture() + bytes(2 << 20))
    assert refused.value.why == "too_large"


async def test_a_wanted_file_is_claimed_by_one_at_a_time(either_database: Database) -> None:
    store = MediaStore(either_database)
    await store.want([copy("m1"), copy("m2", conversation="c2")], NOON)
    await store.want([copy("m1")], at(60))
    assert await store.get("m1") == MediaFile("wanted")
    claimed = await store.claim_due(at(60), 1)
    assert [(one.wanted, one.wanted_at, one.state) for one in claimed] == [(copy("m1"), NOON, "wanted")]
    assert [one.media_id for one in await store.claim_due(at(60), 10)] == ["m2"]
    assert await store.claim_due(at(60), 10) == []
    assert len(await store.claim_due(at(61 + COPY_SECONDS), 10)) == 2


async def test_a_copy_is_stored_whole_and_stands_until_it_is_told(either_database: Database) -> None:
    store = MediaStore(either_database)
    await store.want([copy()], NOON)
    [claimed] = await store.claim_due(NOON, 1)
    await store.store(claimed, examine(picture("WEBP"), SHOWABLE, 1 << 20), at(5))
    assert await store.get("m1") == MediaFile("stored", "image/webp", picture("WEBP"), 4, 3)
    [untold] = await store.claim_due(at(60), 10)
    assert (untold.state, untold.settled_at) == ("stored", at(5))
    assert untold.content == Image(media_id="m1", width=4, height=3)
    await store.told("m1")
    assert await store.claim_due(at(9999), 10) == []


async def test_a_lost_file_says_so_and_a_card_has_no_size(either_database: Database) -> None:
    store = MediaStore(either_database)
    card = Card(title="订单", path="pages/order", media_id="m1")
    await store.want([copy(content=card)], NOON)
    [claimed] = await store.claim_due(NOON, 1)
    await store.lose(claimed, "media/get: 40007", at(5))
    assert await store.get("m1") == MediaFile("lost")
    [untold] = await store.claim_due(at(60), 10)
    assert (untold.state, untold.content) == ("lost", card)


async def test_a_failed_copy_is_tried_again_when_it_is_due(either_database: Database) -> None:
    store = MediaStore(either_database)
    await store.want([copy()], NOON)
    [claimed] = await store.claim_due(NOON, 1)
    await store.retry(claimed, at(30))
    assert await store.claim_due(at(29), 1) == []
    [again] = await store.claim_due(at(30), 1)
    assert (again.tries, again.wanted_at) == (1, NOON)


async def test_an_erased_file_is_not_brought_back(either_database: Database) -> None:
    store = MediaStore(either_database)
    await store.want([copy()], NOON)
    [claimed] = await store.claim_due(NOON, 1)
    await either_database["media"].delete_many({"conversation": "c1"})
    await store.store(claimed, examine(picture(), SHOWABLE, 1 << 20), NOON)
    await store.retry(claimed, NOON)
    assert await store.get("m1") is None


async def test_an_upload_is_known_until_wechat_may_forget_it(either_database: Database) -> None:
    store = MediaStore(either_database)
    await store.note_uploaded("wx1", "m1", Upload("w1", NOON + UPLOAD_KEPT))
    assert await store.uploaded("wx1", "m1", NOON) == Upload("w1", NOON + UPLOAD_KEPT)
    assert await store.uploaded("wx2", "m1", NOON) is None
    assert await store.uploaded("wx1", "m1", NOON + UPLOAD_KEPT) is None
    await store.forget_uploaded("wx1", "m1", "another")
    assert await store.uploaded("wx1", "m1", NOON) is not None
    await store.forget_uploaded("wx1", "m1", "w1")
    assert await store.uploaded("wx1", "m1", NOON) is None


async def test_an_upload_goes_with_the_last_conversation_that_has_it(either_database: Database) -> None:
    media, owners, eraser = MediaStore(either_database), MediaOwners(either_database), Eraser(either_database)
    for name in ("both", "unsent", "third"):
        await media.add(name, picture())
        await owners.note_upload(name, "lina")
    for conversation, app_id in (("c1", "wx1"), ("c2", "wx2"), ("c2", "wx2")):
        await owners.note_sent("both", conversation, app_id)
    await owners.note_sent("third", "c3", "wx3")
    await eraser.erase("c1")
    owner = await owners.of("both")
    assert owner is not None
    assert owner.app_ids == {"wx2"}
    await eraser.erase("c1")
    await eraser.erase("c2")
    assert [await media.get(name) is not None for name in ("both", "unsent", "third")] == [False, True, True]


async def test_an_upload_that_two_erasures_leave_at_once_goes(either_database: Database) -> None:
    media, owners, eraser = MediaStore(either_database), MediaOwners(either_database), Eraser(either_database)
    for number in range(10):
        await media.add(f"m{number}", picture())
        await owners.note_upload(f"m{number}", "lina")
        await owners.note_sent(f"m{number}", "c1", "wx1")
        await owners.note_sent(f"m{number}", "c2", "wx1")
    await asyncio.gather(eraser.erase("c1"), eraser.erase("c2"))
    assert await either_database["media"].count({}) == 0


async def test_an_erasure_broken_off_in_the_middle_is_finished_by_mongodb(
    either_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    media, owners = MediaStore(either_database), MediaOwners(either_database)
    await media.add("m1", picture())
    await owners.note_upload("m1", "lina")
    await owners.note_sent("m1", "c1", "wx1")

    async def lost(*_: object) -> int:
        raise StoreUnavailable("lost")

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "delete_many", lost)
        with pytest.raises(StoreUnavailable):
            await owners.forget_sent("c1")
    doc = await either_database["media"].find_one({"_id": "m1"})
    assert doc is not None
    # By the index on this field, once the instant is past.
    assert doc["unsent_until"] <= real_now()
    await owners.note_sent("m1", "c2", "wx1")
    doc = await either_database["media"].find_one({"_id": "m1"})
    assert doc is not None
    assert "unsent_until" not in doc
