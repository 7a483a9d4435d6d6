"""What the calls of our side do for a customer."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.sandbox.qiyu import telling
from services.sandbox.qiyu.codes import IN_LINE, NEVER_APPLIED, NOBODY_LEAVE_WORD, Refused, malformed
from services.sandbox.qiyu.sessions import Sessions
from services.sandbox.qiyu.state import TRANSFERRED, MsgType, Session, Visitor, Wanted
from services.sandbox.qiyu.talk import Talk
from shared.clock import Clock

SERVED: Final = -1
"""In queryQueueStatus: the customer is with somebody."""


class Visits:
    def __init__(self, sessions: Sessions, talk: Talk, clock: Clock) -> None:
        self._sessions = sessions
        self._account = sessions.account
        self._talk = talk
        self._clock = clock

    def apply(self, uid: str, wanted: Wanted, level: int, *, robot: bool, robot_first: bool) -> dict[str, Any]:
        """Give the customer to somebody, and tell to whom; raises Refused (14005, 14006, 14010 among them).

        `level`: in line a higher one stands before lower ones.
        """
        self._sessions.check_exists(wanted)
        visitor = self._account.visitor(uid)
        held = visitor.session
        if wanted == Wanted():
            if held is not None and (robot or held.staff is not None or robot_first):
                return self._allocated(held)
            if self._account.config.robot and (robot or robot_first):
                return self._allocated(self._sessions.start(visitor, None))
            return self._allocated(self._sessions.with_person(visitor, wanted, level))
        if held is None or held.staff is None:
            return self._allocated(self._sessions.with_person(visitor, wanted, level))
        if wanted.is_met_by(held.staff):
            return self._allocated(held)
        self._sessions.end(held, TRANSFERRED)
        try:
            return self._allocated(self._sessions.with_person(visitor, wanted, level))
        finally:
            self._sessions.take_next()

    def hear(self, uid: str, kind: MsgType, text: str | None, file: dict[str, Any] | None) -> None:
        """Take what a customer says; raises Refused."""
        visitor, now = self._account.visitor(uid), self._clock.now()
        place = self._account.place(uid)
        if visitor.session is None and place is not None and not self._account.config.takes_in_line:
            raise Refused(IN_LINE, self._account.config.queue_text, count=place)
        session = visitor.session or self._just_ended(visitor, now)
        if session is None and place is None and visitor.left_word is None:
            session = self._unasked(visitor)
        self._talk.write(visitor, "customer", kind, session, text=text, file=file)
        if session is not None:
            session.heard_at = now
            if session.staff is None:
                self._robot_answers(visitor, session, text)
        elif visitor.left_word is not None:
            visitor.left_word.heard_at = now
            visitor.left_word.messages += 1

    def place(self, uid: str) -> int:
        """How many are before the customer in line, or SERVED; raises Refused (14007)."""
        visitor, place = self._account.visitors.get(uid), self._account.place(uid)
        if visitor is not None and visitor.session is not None:
            return SERVED
        if place is None:
            raise Refused(NEVER_APPLIED)
        return place

    def leave_line(self, uid: str) -> None:
        """Raises Refused (14007) for who is not in it."""
        if self._account.place(uid) is None:
            raise Refused(NEVER_APPLIED)
        self._sessions.out_of_line(uid)

    def evaluate(self, uid: str, session_id: int, value: int, remarks: str) -> None:
        session = self._account.sessions.get(session_id)
        if session is None or session.uid != uid:
            raise malformed("sessionId is no session of this uid")
        if value not in session.values:
            raise malformed("evaluation is not in the session's evaluationModel")
        session.evaluation = value
        self._account.evaluations.append(
            {"uid": uid, "session_id": session_id, "value": value, "remarks": remarks, "at": self._clock.now()}
        )

    def _unasked(self, visitor: Visitor) -> Session | None:
        """Whom a message finds that nobody was asked for; None where it waits. Raises Refused (14010)."""
        if self._account.config.robot:
            return self._sessions.start(visitor, None)
        try:
            session = self._sessions.with_person(visitor, Wanted())
        except Refused as refused:
            if refused.code == IN_LINE:
                told = {"uid": visitor.uid, "count": refused.answer["count"]}
                self._sessions.push("USER_JOIN_QUEUE", visitor.uid, told)
            elif refused.code != NOBODY_LEAVE_WORD:
                raise
            return None
        self._sessions.tell_start(session)
        return session

    def _just_ended(self, visitor: Visitor, now: datetime) -> Session | None:
        """The session that a message shortly after its end still belongs to."""
        last, grace = visitor.last, timedelta(seconds=self._account.config.end_grace_seconds)
        if last is None or last.ended_at is None or visitor.left_word is not None:
            return None
        return last if now - last.ended_at < grace and self._account.place(visitor.uid) is None else None

    def _robot_answers(self, visitor: Visitor, session: Session, text: str | None) -> None:
        answer = f"机器人：{text if text is not None else '[图片]'}"
        self._talk.speak(visitor, session, "TEXT", answer, text=answer)

    def _allocated(self, session: Session) -> dict[str, Any]:
        return telling.allocated(session, self._account.config.greeting)
