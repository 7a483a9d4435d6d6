import pytest

from shared.conversation.content import Text
from shared.conversation.facts import AnyFact, CustomerDeleted
from shared.conversation.policy import Policy
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import (
    CONVERSATION,
    OPENID,
    accept,
    answered,
    claimed,
    close,
    entered,
    origin,
    received,
    reply,
    settled,
)

STEPS = ["decided", "committed", "inserted", "changed", "published"]


async def test_a_batch_of_many_conversations_is_in_the_history_once_and_in_order(shop: Workshop) -> None:
    facts = [received(f"{n}", openid=f"o{n % 7}") for n in range(100)]
    await shop.batch().settle(facts)
    for name in {fact.conversation_id for fact in facts}:
        expected = [f.content for f in facts if f.conversation_id == name]
        history = await shop.history(name)
        assert [m.content for m in history if m.direction == "inbound"] == expected


async def test_the_same_batch_again_changes_nothing(shop: Workshop) -> None:
    facts: list[AnyFact] = [entered(), received("一"), received("二")]
    await shop.batch().settle(facts)
    before = await shop.conversation(CONVERSATION)
    await shop.batch().settle(facts)
    assert await shop.conversation(CONVERSATION) == before
    await shop.history(CONVERSATION)


async def test_a_push_repeated_long_after_the_last_four_commits_is_known_by_its_message(shop: Workshop) -> None:
    first = received("一")
    await shop.batch().settle([first])
    for _ in range(6):
        await shop.batch().settle([received("x")])
    before = await shop.conversation(CONVERSATION)
    assert not before.knows(first.id)
    await shop.batch().settle([first])
    assert (await shop.conversation(CONVERSATION)).version == before.version


async def test_more_facts_than_one_commit_takes_go_in_pieces(shop: Workshop) -> None:
    facts = [received(f"{n}", seconds=5 * n - 400) for n in range(80)]
    await shop.batch().settle(facts)
    assert (await shop.conversation(CONVERSATION)).version == 80
    assert len(await shop.history(CONVERSATION)) == 80


async def test_a_writer_that_comes_too_late_loses_and_decides_again(shop: Workshop) -> None:
    await shop.batch().settle([received("一")])

    async def another_writes_first(name: str) -> None:
        if name == "decided" and not done:
            done.append(name)
            await shop.batch().settle([received("二")])

    done: list[str] = []
    await shop.batch(another_writes_first).settle([received("三")])
    texts = [m.content for m in await shop.history(CONVERSATION) if isinstance(m.content, Text)]
    assert texts == [Text(text="一"), Text(text="二"), Text(text="三")]


@pytest.mark.parametrize("step", STEPS)
async def test_stopped_anywhere_and_started_again_nothing_is_lost_or_doubled(shop: Workshop, step: str) -> None:
    """The whole life of a conversation, the process ending at the same step of each batch once."""
    shop.policy = Policy(welcome="欢迎", bot_turn_seconds=300)
    await shop.create_agent("lina")
    story: list[list[AnyFact]] = [
        [entered(), received("你好")],
        [answered("您好", turn=1), received("人工")],
        [claimed("lina"), accept("lina", key="k1")],
        [reply("在的", key="k2"), reply("请讲", key="k3")],
        [close("lina", key="k4")],
        [received("还在吗")],
    ]
    for facts in story:
        with pytest.raises(Stopped):
            await shop.batch(StopAt(step)).settle(facts)
        await shop.batch().settle(facts)
    conversation = await shop.conversation(CONVERSATION)
    history = await shop.history(CONVERSATION)
    assert conversation.last_seq == len(history)
    assert [m.content.text for m in history if isinstance(m.content, Text)] == [
        "你好", "您好", "人工", "在的", "请讲", "还在吗",
    ]  # fmt: skip
    assert [v.command_id for v in conversation.verdicts] == ["k1", "k2", "k3", "k4"]
    agent = await shop.agents.get("lina")
    assert agent is not None
    assert agent.claims == ()


@pytest.mark.parametrize("step", STEPS)
async def test_redelivered_together_with_new_facts_the_old_entry_goes_out_first(shop: Workshop, step: str) -> None:
    first, second = received("一"), received("二")
    with pytest.raises(Stopped):
        await shop.batch(StopAt(step)).settle([first])
    await shop.batch().settle([first, second])
    assert [m.content for m in await shop.history(CONVERSATION)] == [Text(text="一"), Text(text="二")]


async def test_a_late_unknown_never_hides_what_is_known(shop: Workshop) -> None:
    shop.policy = Policy(entry="agents")
    await shop.create_agent("lina")
    said = reply("您好")
    await shop.batch().settle([received(), claimed("lina"), said])
    sent = next(m for m in await shop.history(CONVERSATION) if m.direction == "outbound")
    await shop.batch().settle([settled(sent.id, "sent")])
    await shop.batch().settle([settled(sent.id, "unknown")])
    message = await shop.messages.by_id(sent.id)
    assert message is not None
    assert message.delivery is not None
    assert message.delivery.state == "sent"


async def test_a_fact_for_a_conversation_nobody_heard_of_decides_nothing(shop: Workshop) -> None:
    await shop.batch().settle([reply("？")])
    assert await shop.conversations.get(CONVERSATION) is None
    assert OPENID


async def test_what_a_customer_wrote_after_being_forgotten_survives_a_late_erasure(shop: Workshop) -> None:
    """The process ends between the deletion's commit and its carrying out; the next batch has both facts."""
    gone = CustomerDeleted(**origin("gdpr", 50))
    await shop.batch().settle([received("旧")])
    with pytest.raises(Stopped):
        await shop.batch(StopAt("committed")).settle([gone])
    await shop.batch().settle([gone, received("新", seconds=60)])
    page = await shop.messages.page(CONVERSATION, after_seq=0)
    assert [m.content for m in page] == [Text(text="新")]
