"""Groups are told of who waits: only while nobody who could answer has the desk open, and once."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from structlog.testing import capture_logs

from services.console.outgoing.notifying import Notifying
from services.console.outgoing.posting import Poster, poster
from services.console.outgoing.waits import NOTIFIER_WAITS
from shared.clock import FixedClock, real_now
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation, Session
from shared.conversation.policy import Assignment, Policy
from shared.store.agents import Agent, AgentStore
from shared.store.apps import App, AppCache, AppStore
from shared.store.conversations import Commit, ConversationStore
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.notifiers import QUIET_SECONDS, Notifier, NotifierStore
from shared.store.pages_open import BELIEVED_SECONDS, PagesOpen
from shared.store.sealing import Sealer
from tests.console.ear import Ear, ear
from tests.support.facts import NOON

SHOP, VIP = "wx0123456789abcdef", "wxfedcba9876543210"
LINK = "https://kf.example.com"
SAID = {"errcode": 0, "errmsg": "ok"}


class Night:
    """Customers, agents, a group's robot, and a clock that the test moves."""

    def __init__(self, database: Database, robot: Ear, post: Poster, apps: AppCache) -> None:
        self.database = database
        self.robot = robot
        self.post = post
        self.apps = apps
        self.clock = FixedClock(NOON)
        self.notifiers = NotifierStore(database, SEALER)
        self.agents = AgentStore(database)
        self.pages = PagesOpen(database)
        self._versions: dict[str, int] = {}

    def replica(self) -> Notifying:
        return Notifying(self.database, self.notifiers, self.post, self.apps, self.clock.now, lambda: 0.5, link=LINK)

    async def look(self, after_seconds: float = 0) -> int:
        self.clock.advance(after_seconds)
        return await self.replica().look()

    async def notifier(self, name: str = "group", **fields: Any) -> None:
        told = {"kind": "wecom", "after_seconds": 120, "created_at": NOON, **fields}
        self.robot.answers.setdefault(f"/{name}", SAID)
        await self.notifiers.add(Notifier(id=name, name=name, url=SecretStr(f"{self.robot.url}/{name}"), **told))

    async def customer(self, name: str, app: str = SHOP, state: Any = "waiting", since: datetime | None = None) -> None:
        conversation = conversation_id(app, name)
        version = self._versions.get(conversation, 0)
        at = since or self.clock.at
        session = Session(number=1, state=state, opened_at=at, active_at=at, waiting_since=at)
        stands = Conversation(id=conversation, app_id=app, openid=name, version=version + 1, session=session)
        assert await ConversationStore(self.database).commit([Commit(version, stands, ("f",), ())]) == []
        self._versions[conversation] = version + 1

    async def agent(self, name: str, **fields: Any) -> None:
        await self.agents.add(Agent(id=name, name=name, **fields))

    async def open_pages(self, *agents: str, replica: str = "console-1", at: datetime | None = None) -> None:
        await self.pages.say(replica, agents, at)

    def said(self, name: str = "group") -> list[Sequence[str]]:
        """The lines between greeting and link, of every message."""
        return [heard.json["text"]["content"].splitlines()[1:-1] for heard in self.robot.of(f"/{name}")]


SEALER = Sealer([Fernet.generate_key().decode()])


@pytest.fixture
async def night(database: Database) -> AsyncIterator[Night]:
    store, secret = AppStore(database, SEALER), SecretStr("s")
    await store.add(App(app_id=SHOP, name="店铺", secret=secret, token=secret))
    vip = Policy(assignment=Assignment(groups=("vip",)))
    await store.add(App(app_id=VIP, name="会员店", secret=secret, token=secret, policy=vip))
    apps = AppCache(store)
    await apps.refresh()
    async with ear() as robot, poster() as post:
        yield Night(database, robot, post, apps)


async def test_nobody_waits_and_nobody_is_told(night: Night) -> None:
    await night.notifier()
    await night.customer("o1", state="bot")
    await night.customer("o2", state="agent")
    assert await night.look(3600) == 0
    assert night.robot.heard == []


async def test_one_who_waits_long_enough_is_told_of_once(night: Night) -> None:
    await night.notifier()
    await night.customer("o1")
    assert await night.look(119) == 0
    assert await night.look(1) == 1
    assert night.said() == [["店铺：1 位，最久 2 分钟"]]
    assert night.robot.heard[0].json["text"]["content"].endswith(LINK)
    assert [await night.look(600) for _ in range(5)] == [0] * 5
    assert len(night.robot.heard) == 1


async def test_whoever_has_the_desk_open_makes_it_unneeded(night: Night) -> None:
    await night.notifier()
    await night.agent("lina", presence="online")
    await night.customer("o1")
    await night.open_pages("lina")
    assert await night.look(600) == 0
    await night.open_pages()
    assert await night.look() == 1


async def test_an_open_page_counts_on_any_replica_and_for_a_short_while(night: Night) -> None:
    await night.notifier()
    await night.agent("lina")
    await night.customer("o1")
    await night.open_pages("lina", replica="console-2")
    await night.open_pages(replica="console-1")
    assert await night.look(600) == 0
    await night.open_pages("lina", replica="console-2", at=real_now() - timedelta(seconds=BELIEVED_SECONDS + 1))
    assert await night.look() == 1


async def test_only_who_may_see_the_app_counts(night: Night) -> None:
    await night.notifier()
    await night.agent("lina", groups=("shop",))
    await night.agent("boss", role="supervisor", enabled=False)
    await night.customer("o1", VIP)
    await night.customer("o2", SHOP)
    await night.open_pages("lina", "boss", "gone")
    assert await night.look(600) == 1
    assert night.said() == [["会员店：1 位，最久 10 分钟"]]


async def test_those_who_wait_are_summed_up_at_most_once_a_minute(night: Night) -> None:
    await night.notifier()
    await night.customer("o1")
    assert await night.look(120) == 1
    for number in range(2, 6):
        await night.customer(f"o{number}", since=night.clock.at - timedelta(seconds=120))
        assert await night.look(10) == 0
    await night.customer("v1", VIP, since=night.clock.at - timedelta(seconds=130))
    assert await night.look(QUIET_SECONDS - 40) == 1
    assert night.said()[1:] == [["店铺：5 位，最久 3 分钟", "会员店：1 位，最久 2 分钟"]]
    assert await night.look(600) == 0


async def test_one_who_waits_again_later_is_told_of_again(night: Night) -> None:
    await night.notifier()
    await night.customer("o1")
    await night.look(120)
    await night.customer("o1", state="agent")
    assert await night.look(600) == 0
    await night.customer("o1")
    assert await night.look(60) == 0
    assert await night.look(60) == 1
    assert len(night.robot.heard) == 2


async def test_a_notifier_hears_of_its_apps_after_its_time_while_it_is_enabled(night: Night) -> None:
    await night.notifier("vips", app_ids=(VIP,))
    await night.notifier("late", after_seconds=600)
    await night.notifier("off", enabled=False)
    await night.customer("o1", SHOP)
    await night.customer("v1", VIP)
    await night.look(120)
    assert (night.said("vips"), night.said("late")) == ([["会员店：1 位，最久 2 分钟"]], [])
    await night.look(480)
    assert [sorted(lines) for lines in night.said("late")] == [
        ["会员店：1 位，最久 10 分钟", "店铺：1 位，最久 10 分钟"]
    ]
    assert night.said("off") == []


async def test_what_was_not_said_is_said_later_with_growing_waits(night: Night) -> None:
    await night.notifier()
    night.robot.answers["/group"] = {"errcode": 93000, "errmsg": "invalid webhook url"}
    await night.customer("o1")
    assert await night.look(120) == 0
    for wait in (*NOTIFIER_WAITS, NOTIFIER_WAITS[-1]):
        heard = len(night.robot.heard)
        await night.look(wait - 1)
        assert len(night.robot.heard) == heard
        await night.look(1)
        assert len(night.robot.heard) == heard + 1
    last = (await night.notifiers.everything())[0].last
    assert last is not None
    assert last.failure == "93000: the address is wrong, or the robot was removed"
    night.robot.answers["/group"] = SAID
    assert await night.look(NOTIFIER_WAITS[-1]) == 1
    stands = (await night.notifiers.everything())[0]
    assert (stands.failures, stands.last and stands.last.failure) == (0, None)
    assert await night.look(3600) == 0


async def test_a_robot_that_fails_keeps_no_other_from_speaking(night: Night) -> None:
    await night.notifier("broken")
    await night.notifier("whole")
    night.robot.answers["/broken"] = 500
    await night.customer("o1")
    assert await night.look(120) == 1
    assert night.said("whole") == [["店铺：1 位，最久 2 分钟"]]


async def test_several_replicas_that_look_at_once_say_it_once(night: Night) -> None:
    await night.notifier()
    await night.customer("o1")
    night.clock.advance(120)
    assert await night.notifiers.take_turn("group", night.clock.at)
    assert not await night.notifiers.take_turn("group", night.clock.at)
    assert await night.look() == 0
    assert await night.look(QUIET_SECONDS) == 1


async def test_only_one_replica_looks_at_a_time(night: Night) -> None:
    first, second = Leases(night.database), Leases(night.database)
    assert await first.take("notifiers")
    assert not await second.take("notifiers")


async def test_a_removed_app_is_nobodys_concern(night: Night) -> None:
    await night.notifier()
    await night.customer("o1", "wx00000000000000aa")
    assert await night.look(600) == 0


async def test_address_and_secret_are_sealed_and_what_was_told_goes_with_its_notifier(night: Night) -> None:
    await night.notifier(kind="dingtalk", secret=SecretStr("SECRET"))
    stored = await night.database["notifiers"].find_one({})
    assert night.robot.url not in str(stored)
    assert "SECRET" not in str(stored)
    await night.customer("o1")
    await night.look(120)
    assert {"timestamp", "sign"} <= night.robot.heard[0].query.keys()
    assert await night.database["notified"].count({}) == 1
    await night.notifiers.remove("group")
    assert await night.database["notified"].count({}) == 0


async def test_a_supervisor_counts_for_what_they_serve(night: Night) -> None:
    """They see every app; but who looks after no group of the app's is no reason for silence."""
    await night.notifier()
    await night.agent("boss", role="supervisor")
    await night.agent("chief", role="admin", groups=("vip",))
    await night.customer("o1", VIP)
    await night.customer("o2", SHOP)
    await night.open_pages("boss")
    assert await night.look(600) == 1
    assert night.said() == [["会员店：1 位，最久 10 分钟"]]
    await night.customer("o3", VIP)
    await night.open_pages("boss", "chief")
    assert await night.look(600) == 0


async def test_a_robots_own_words_are_not_logged(night: Night) -> None:
    await night.notifier()
    night.robot.answers["/group"] = {"errcode": 7, "errmsg": "token=abcdef"}
    await night.customer("o1")
    with capture_logs() as logs:
        await night.look(600)
    assert [log["reason"] for log in logs if log["event"] == "notifier_failed"] == ["7"]
    assert "abcdef" not in str(logs)
    last = (await night.notifiers.everything())[0].last
    assert last is not None
    assert last.failure == "7: token=abcdef"


async def test_a_notifier_that_cannot_be_read_keeps_no_other_from_speaking(night: Night) -> None:
    await night.notifier("lost")
    await night.notifier("whole")
    other = Sealer([Fernet.generate_key().decode()])
    await night.database["notifiers"].update_one({"_id": "lost"}, {"$set": {"url": other.seal("x", "lost", "url")}})
    await night.customer("o1")
    with capture_logs() as logs:
        assert await night.look(600) == 1
        # Said once in a while, however often it is looked at.
        assert [one.id for one in await night.notifiers.enabled()] == ["whole"]
    assert len(night.said("whole")) == 1
    assert [log["notifier_id"] for log in logs if log["event"] == "notifier_unreadable"] == ["lost"]
