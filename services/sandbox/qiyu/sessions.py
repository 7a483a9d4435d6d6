"""How sessions begin and end, with all that follows: the pushes, the line, what is left as word.

Source: Qiyu's message interface page (applyStaff, 留言, closeReason). Where it is silent: a customer in line leaves it
only by being served, by quitQueue or by `line_seconds`; who had a customer last has them again if there is room.
"""

from datetime import datetime, timedelta
from typing import Any

from services.sandbox.qiyu import telling
from services.sandbox.qiyu.codes import IN_LINE, NOBODY, NOBODY_LEAVE_WORD, Refused, malformed
from services.sandbox.qiyu.config import StaffConfig
from services.sandbox.qiyu.pushing import QiyuPusher
from services.sandbox.qiyu.state import (
    IDLE,
    STAFF_LEFT,
    TO_PERSON,
    Account,
    InLine,
    LeftWord,
    Session,
    Visitor,
    Wanted,
)
from shared.clock import Clock


class Sessions:
    def __init__(self, account: Account, clock: Clock, pusher: QiyuPusher) -> None:
        self.account = account
        self._clock = clock
        self._pusher = pusher

    def tick(self) -> None:
        """What time brings about."""
        now, config = self._clock.now(), self.account.config
        for session in self.open_sessions():
            if now - session.heard_at >= timedelta(seconds=config.idle_seconds):
                self.end(session, IDLE)
        for visitor in list(self.account.visitors.values()):
            word = visitor.left_word
            if word is not None and now - word.heard_at >= timedelta(seconds=config.leave_close_seconds):
                self.close_word(visitor)
        self._send_away(now)
        self.take_next()

    def staff_changed(self) -> None:
        there = {one.id for one in self.account.config.staff if one.online}
        for session in self.open_sessions():
            if session.staff is not None and session.staff.id not in there:
                self.end(session, STAFF_LEFT)
        self.take_next()

    def take_next(self) -> None:
        """Free places go to who stands in line, in order; then to who left word."""
        if not any(one.online and self.account.load(one.id) < one.max_sessions for one in self.account.config.staff):
            return
        leaving = (one.left_word for one in list(self.account.visitors.values()))
        waiting = [(one.uid, one.wanted) for one in self.account.line]
        waiting += [(word.uid, word.wanted) for word in leaving if word is not None]
        for uid, wanted in waiting:
            visitor = self.account.visitor(uid)
            staff = self.free(wanted, visitor)
            if staff is not None:
                self.tell_start(self.start(visitor, staff, wanted.group_id))

    def check_exists(self, wanted: Wanted) -> None:
        """Raises Refused (14004)."""
        if wanted != Wanted() and not any(wanted.is_met_by(one) for one in self.account.config.staff):
            raise malformed("staffId or groupId is nobody of the staff")

    def with_person(self, visitor: Visitor, wanted: Wanted, level: int = 0) -> Session:
        config = self.account.config
        if not any(one.online and wanted.is_met_by(one) for one in config.staff):
            if not config.leave_message:
                raise Refused(NOBODY, config.offline_text)
            self.leave_word(visitor, wanted)
            raise Refused(NOBODY_LEAVE_WORD, config.offline_text)
        staff = self.free(wanted, visitor)
        if staff is None:
            place = self.into_line(visitor, wanted, level)
            raise Refused(IN_LINE, config.queue_text, count=place)
        return self.start(visitor, staff, wanted.group_id)

    def start(self, visitor: Visitor, staff: StaffConfig | None, group_id: int | None = None) -> Session:
        """Wherever the customer stood before, they leave it."""
        self.to_person(visitor)
        self.out_of_line(visitor.uid)
        self.close_word(visitor)
        visitor.session = self.account.new_session(visitor.uid, staff, self._clock.now(), group_id)
        if staff is not None:
            visitor.last = visitor.session
        return visitor.session

    def end(self, session: Session, reason: int) -> None:
        session.ended_at, session.close_reason = self._clock.now(), reason
        if session.staff is not None:
            self.account.loads[session.staff.id] -= 1
        visitor = self.account.visitor(session.uid)
        if visitor.session is session:
            visitor.session = None
        self.push("SESSION_END", session.uid, telling.ended(session))

    def to_person(self, visitor: Visitor) -> None:
        if visitor.session is not None and visitor.session.staff is None:
            self.end(visitor.session, TO_PERSON)

    def into_line(self, visitor: Visitor, wanted: Wanted, level: int) -> int:
        """Who asks for somebody else stands at the end again."""
        self.to_person(visitor)
        self.close_word(visitor)
        if not any(one.uid == visitor.uid and one.wanted == wanted for one in self.account.line):
            self.out_of_line(visitor.uid)
            after = sum(1 for one in self.account.line if one.level >= level)
            self.account.line.insert(after, InLine(visitor.uid, wanted, self._clock.now(), level))
        return self.account.place(visitor.uid) or 0

    def out_of_line(self, uid: str) -> None:
        self.account.line = [one for one in self.account.line if one.uid != uid]

    def leave_word(self, visitor: Visitor, wanted: Wanted) -> None:
        self.to_person(visitor)
        self.out_of_line(visitor.uid)
        now = self._clock.now()
        if visitor.left_word is None:
            visitor.left_word = LeftWord(visitor.uid, wanted, now, now)
        visitor.left_word.wanted, visitor.left_word.heard_at = wanted, now

    def close_word(self, visitor: Visitor) -> None:
        if visitor.left_word is not None:
            self.account.words.append(visitor.left_word.view() | {"closed_at": self._clock.now()})
            visitor.left_word = None

    def free(self, wanted: Wanted, visitor: Visitor) -> StaffConfig | None:
        """Who has room: whoever had the customer last, else who has the fewest sessions."""
        former = visitor.last.staff.id if visitor.last is not None and visitor.last.staff is not None else None
        fit = [one for one in self.account.config.staff if one.online and wanted.is_met_by(one)]
        loads = {one.id: self.account.load(one.id) for one in fit}
        free = [one for one in fit if loads[one.id] < one.max_sessions]
        return min(free, key=lambda one: (one.id != former, loads[one.id]), default=None)

    def open_sessions(self) -> list[Session]:
        return [one.session for one in self.account.visitors.values() if one.session is not None]

    def tell_start(self, session: Session) -> None:
        minimal = self.account.faults.push.minimal_start
        self.push("SESSION_START", session.uid, telling.started(session, self.account.config.greeting, minimal=minimal))

    def push(self, event: str, uid: str, body: dict[str, Any]) -> None:
        self._pusher.submit(self.account, event, uid, body)

    def _send_away(self, now: datetime) -> None:
        seconds = self.account.config.line_seconds
        if seconds is None:
            return
        for one in [one for one in self.account.line if now - one.since >= timedelta(seconds=seconds)]:
            self.out_of_line(one.uid)
            self.push("QUEUE_TIMEOUT", one.uid, {"uid": one.uid})
