from shared.conversation.commands import AskBot, CopyMedia, EraseCustomer, ReleaseClaim, SendMessage, SessionWaiting
from shared.conversation.content import Event, Image
from shared.conversation.fact import MediaSource
from shared.conversation.facts import CustomerDeleted, EventReceived
from shared.conversation.policy import Policy
from tests.support.facts import (
    Story,
    answered,
    at,
    claimed,
    close,
    deleted,
    described,
    entered,
    origin,
    received,
    reply,
    settled,
)

WELCOMING = Policy(welcome="欢迎光临")


def test_a_first_message_opens_a_session_with_the_bot_and_asks_it() -> None:
    story = Story()
    decision = story.tell(received("在吗"))
    assert story.state == "bot"
    (ask,) = decision.commands
    assert isinstance(ask, AskBot)
    assert (ask.turn, ask.inputs) == (1, ("在吗",))
    (message,) = decision.messages
    assert (message.seq, message.direction, message.session_id) == (1, "inbound", f"{story.conversation.id}.1")


def test_the_version_counts_facts_and_seq_has_no_gap() -> None:
    story = Story()
    story.tell(received("一"), received("二"), received("三"))
    assert story.conversation.version == 3
    assert [m.seq for d in story.decisions for m in d.messages] == [1, 2, 3]


def test_entering_is_welcomed_once_in_a_session() -> None:
    story = Story(WELCOMING)
    first = story.tell(entered(session_from="商品页"))
    assert [type(c) for c in first.commands] == [AskBot]
    assert story.conversation.source == "商品页"
    story.tell(answered("欢迎光临"))
    assert story.tell(entered(seconds=5)).commands == ()


def test_the_welcome_must_leave_within_its_minute() -> None:
    story = Story(WELCOMING)
    decision = story.tell(entered(), answered("欢迎光临", seconds=1))
    (send,) = decision.commands
    assert isinstance(send, SendMessage)
    assert send.expires_at == at(60)


def test_entering_without_a_welcome_asks_nobody() -> None:
    story = Story()
    assert story.tell(entered()).commands == ()
    assert story.state == "bot"


def test_hand_off_words_put_the_customer_in_line_at_once() -> None:
    story = Story()
    decision = story.tell(received("我要 转人工"))
    assert story.state == "waiting"
    assert [type(c) for c in decision.commands] == [SessionWaiting]
    assert [m.content for m in decision.messages][1:] == [
        Event(name="session_waiting", detail={"reason": "customer_asked"})
    ]


def test_agents_first_skips_the_bot() -> None:
    story = Story(Policy(entry="agents"))
    story.tell(received("你好"))
    assert story.state == "waiting"


def test_a_customer_who_writes_after_the_close_opens_the_next_session() -> None:
    story = Story().with_agent()
    story.tell(close(), received("还有一个问题"))
    session = story.conversation.session
    assert session is not None
    assert (session.number, session.state) == (2, "waiting")


def test_an_image_is_copied_at_once() -> None:
    story = Story()
    source = MediaSource(media_id="ours", wechat_media_id="theirs", url="http://mmbiz.qpic.cn/1")
    decision = story.tell(received(content=Image(media_id="ours"), media=source))
    copies = [c for c in decision.commands if isinstance(c, CopyMedia)]
    assert [(c.source, c.message_id) for c in copies] == [(source, decision.messages[0].id)]


def test_other_platform_events_are_kept_and_nothing_follows() -> None:
    story = Story()
    event = Event(name="debug_demo", detail={"debug_str": "hello"})
    decision = story.tell(EventReceived(**origin("e:1"), openid="o", event=event))
    assert decision.commands == ()
    assert decision.messages[0].content == event
    assert story.conversation.session is None


def test_held_messages_leave_when_the_customer_writes_before_anything_new() -> None:
    story = Story().with_agent()
    for number in range(5):
        story.tell(reply(f"{number}", seconds=1))
        story.tell(settled(story.decisions[-1].messages[0].id, seconds=1))
    story.tell(reply("等您回复", seconds=2, if_closed="hold"))
    assert len(story.conversation.held) == 1
    decision = story.tell(received("我回来了", seconds=100))
    sends = [c for c in decision.commands if isinstance(c, SendMessage)]
    assert [(c.content.model_dump()["text"], c.expires_at) for c in sends] == [("等您回复", at(100 + 48 * 3600))]
    assert [c.delivery.state for c in decision.changes if c.delivery] == ["sending"]
    assert not story.conversation.held


def test_held_messages_wait_for_the_places_of_unsettled_sends() -> None:
    story = Story().with_agent()
    story.tell(*(reply(f"{n}", seconds=1) for n in range(5)), reply("等您回复", seconds=2, if_closed="hold"))
    first = next(m for d in story.decisions for m in d.messages if m.delivery and m.delivery.state == "sending")
    assert story.tell(received("我回来了", seconds=100)).commands == ()
    released = story.tell(settled(first.id, seconds=3))
    assert [type(c) for c in released.commands] == [SendMessage]


def test_nothing_held_leaves_before_the_customer_wrote_even_if_a_place_is_given_back() -> None:
    story = Story().with_agent()
    story.tell(*(reply(f"{n}", seconds=1) for n in range(5)), reply("等您回复", seconds=2, if_closed="hold"))
    first = next(m for d in story.decisions for m in d.messages if m.delivery and m.delivery.state == "sending")
    assert story.tell(settled(first.id, "refused", seconds=3)).commands == ()


def test_a_deleted_customer_leaves_a_tombstone_on_which_late_facts_decide_nothing() -> None:
    story = Story().with_agent()
    story.tell(CustomerDeleted(**origin("gdpr", 50)))
    assert (story.conversation.openid, story.conversation.preview, story.state) == ("", None, "closed")
    version = story.conversation.version
    story.tell(received("迟到", seconds=10), reply("？", seconds=60))
    assert story.conversation.version == version
    story.tell(received("新的", seconds=70))
    assert story.conversation.deleted_at is None
    assert story.conversation.openid == "o-customer-1"


def test_a_tombstone_gives_back_a_claim_that_came_too_late_and_stays_one() -> None:
    story = Story(Policy(entry="agents"))
    story.tell(received(), CustomerDeleted(**origin("gdpr", 50)))
    released = story.tell(claimed("lina"))
    assert [type(c) for c in released.commands] == [ReleaseClaim]
    assert story.conversation.deleted_at is not None


def test_after_a_deletion_no_turn_or_claim_has_a_name_that_was() -> None:
    story = Story()
    story.tell(received("一"), CustomerDeleted(**origin("gdpr", 50)), received("二", seconds=60))
    session = story.conversation.session
    assert session is not None
    assert (session.number, session.state) == (2, "bot")


def profile(story: Story) -> dict[str, str]:
    return {field.name: field.value for field in story.conversation.profile}


def test_a_customer_may_be_described_before_they_ever_wrote() -> None:
    story = Story()
    decision = story.tell(described("王女士", fields={"会员": "金", "城市": "杭州"}))
    assert (story.conversation.name, list(profile(story))) == ("王女士", ["会员", "城市"])
    assert (decision.messages, decision.commands) == ((), ())
    assert (story.conversation.session, story.conversation.updated_at) == (None, None)
    story.tell(received(seconds=5))
    assert (story.conversation.name, story.state) == ("王女士", "bot")


def test_a_description_changes_what_it_names_and_empty_takes_away() -> None:
    story = Story()
    story.tell(described("王女士", fields={"会员": "金"}), described(fields={"会员": "银"}, seconds=1))
    assert (story.conversation.name, profile(story)) == ("王女士", {"会员": "银"})
    story.tell(described("", seconds=2))
    assert (story.conversation.name, profile(story)) == (None, {"会员": "银"})
    story.tell(described(fields={}, seconds=3))
    assert profile(story) == {}


def test_an_older_description_and_the_same_one_again_change_nothing() -> None:
    story = Story()
    first = described("旧", seconds=1)
    story.tell(first, described("新", seconds=2))
    version = story.conversation.version
    story.tell(first, described("更旧", seconds=0.5))
    assert (story.conversation.name, story.conversation.version) == ("新", version)


def test_a_description_told_again_is_the_same_though_mongodb_keeps_only_milliseconds() -> None:
    story = Story()
    told = described("王女士", seconds=1.0009)
    story.tell(told)
    assert story.conversation.described_at == at(1)
    version = story.conversation.version
    story.tell(told)
    assert story.conversation.version == version


def test_a_deleted_customer_may_be_described_anew_but_not_with_what_was() -> None:
    story = Story()
    old, gone = described("旧", seconds=1), deleted(seconds=50)
    story.tell(received(), old, gone, old)
    assert story.conversation.deleted_at == at(50)
    story.tell(described("新", seconds=60), old)
    back = story.conversation
    assert (back.name, back.deleted_at, back.updated_at) == ("新", None, None)


def test_a_deletion_told_again_does_not_delete_who_came_back() -> None:
    story = Story()
    gone = deleted(seconds=50)
    story.tell(received(), gone, received("我又来了", seconds=60))
    version = story.conversation.version
    story.tell(gone)
    assert story.conversation.version == version
    story.tell(deleted(seconds=70))
    assert story.conversation.deleted_at == at(70)


def test_what_was_said_before_the_deletion_stays_forgotten_after_the_customer_came_back() -> None:
    """Told again, when its message is not in the history any more and its commit long past."""
    story = Story()
    old = received("旧")
    story.tell(old, deleted(seconds=50), received("新", seconds=60))
    version = story.conversation.version
    story.tell(old)
    assert story.conversation.version == version


def test_a_quiet_conversation_is_deleted_only_if_it_still_is() -> None:
    story = Story()
    story.tell(received(seconds=100))
    story.tell(deleted(seconds=900, quiet_since=100))
    assert story.conversation.deleted_at is None
    decision = story.tell(deleted(seconds=900, quiet_since=101))
    assert [(c.why, c.last_seq) for c in decision.commands if isinstance(c, EraseCustomer)] == [("quiet", 1)]


def test_a_message_on_its_way_while_a_quiet_conversation_is_deleted_is_not_lost() -> None:
    story = Story()
    story.tell(received("旧"), deleted(seconds=900, quiet_since=500))
    story.tell(received("我在等", seconds=899))
    assert story.conversation.deleted_at is None
    assert story.decisions[-1].messages[0].seq == 2


def test_who_never_wrote_is_quiet_since_they_were_described() -> None:
    story = Story()
    story.tell(described("王女士", seconds=100))
    story.tell(deleted(seconds=900, quiet_since=99))
    assert story.conversation.name == "王女士"
    story.tell(deleted(seconds=900, quiet_since=101))
    gone = story.conversation
    assert (gone.name, gone.described_at) == (None, None)
