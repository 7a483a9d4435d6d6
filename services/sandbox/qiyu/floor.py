"""One account put together: who has which customer, what our calls do, what its people do."""

from services.sandbox.chance import Chance
from services.sandbox.qiyu.hands import Hands
from services.sandbox.qiyu.pushing import QiyuPusher
from services.sandbox.qiyu.sessions import Sessions
from services.sandbox.qiyu.state import Account
from services.sandbox.qiyu.talk import Talk
from services.sandbox.qiyu.visits import Visits
from shared.clock import Clock


class Floor:
    def __init__(self, account: Account, clock: Clock, chance: Chance, pusher: QiyuPusher) -> None:
        self.account = account
        self.sessions = Sessions(account, clock, pusher)
        talk = Talk(self.sessions, clock, chance)
        self.visits = Visits(self.sessions, talk, clock)
        self.hands = Hands(self.sessions, talk, clock)
