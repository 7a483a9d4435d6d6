"""What its people do in their workbench. Each raises NotNow where it cannot be done."""

from typing import Any

from services.sandbox.qiyu import telling
from services.sandbox.qiyu.config import StaffConfig
from services.sandbox.qiyu.sessions import Sessions
from services.sandbox.qiyu.state import CLOSED_BY_STAFF, TRANSFERRED, Message, Session, Visitor
from services.sandbox.qiyu.talk import Talk
from services.sandbox.wechat.console import NotNow
from shared.clock import Clock


class Hands:
    def __init__(self, sessions: Sessions, talk: Talk, clock: Clock) -> None:
        self._sessions = sessions
        self._account = sessions.account
        self._talk = talk
        self._clock = clock

    def say(self, uid: str, text: str, *, content: str | None = None, staff_id: int | None = None) -> Message:
        """`content`: what is pushed instead of the text, e.g. HTML."""
        visitor, session = self._spoken_with(uid, staff_id)
        return self._talk.speak(visitor, session, "TEXT", content or text, text=text)

    def show(self, uid: str, file: dict[str, Any], staff_id: int | None = None) -> Message:
        visitor, session = self._spoken_with(uid, staff_id)
        return self._talk.speak(visitor, session, "PICTURE", file, file=file)

    def invite(self, uid: str) -> Session:
        visitor = self._known(uid)
        session = visitor.session if visitor.session is not None and visitor.session.staff is not None else visitor.last
        if session is None:
            raise NotNow("no person has spoken with this customer: there is nothing to evaluate")
        session.invited_at = self._clock.now()
        self._sessions.push("EVA_INVITATION", uid, telling.invited(session))
        return session

    def close(self, uid: str) -> Session:
        _, session = self._spoken_with(uid, None)
        self._sessions.end(session, CLOSED_BY_STAFF)
        self._sessions.take_next()
        return session

    def transfer(self, uid: str, staff_id: int) -> Session:
        """To another of its people, who must be there."""
        visitor, old = self._spoken_with(uid, None)
        if old.staff is None or old.staff.id == staff_id:
            raise NotNow("only a session with another of its people can be transferred; use accept for the robot's")
        new = self._account.new_session(uid, self._there(staff_id), self._clock.now())
        new.transfer_from, old.transfer_to = old.id, new.id
        if self._account.faults.push.reverse_transfer:
            self._sessions.tell_start(new)
            self._sessions.end(old, TRANSFERRED)
        else:
            self._sessions.end(old, TRANSFERRED)
            self._sessions.tell_start(new)
        visitor.session = new
        visitor.last = new
        self._sessions.take_next()
        return new

    def take(self, uid: str, staff_id: int | None, *, waiting: bool) -> Session:
        """One of its people begins to speak with a customer; `waiting`: only who waits or has the robot."""
        visitor = self._account.visitor(uid)
        if visitor.session is not None and visitor.session.staff is not None:
            raise NotNow("the customer is with one of its people already; transfer them")
        if waiting and visitor.session is None and visitor.left_word is None and self._account.place(uid) is None:
            raise NotNow("the customer neither waits nor left word; use begin")
        session = self._sessions.start(
            visitor, self._there(staff_id) if staff_id is not None else self._anybody_there()
        )
        self._sessions.tell_start(session)
        return session

    def set_online(self, staff_id: int, *, online: bool) -> None:
        """Who leaves ends their sessions; who comes takes those who wait."""
        config = self._account.config
        staff = [one.model_copy(update={"online": online}) if one.id == staff_id else one for one in config.staff]
        self._account.config = config.model_copy(update={"staff": staff})
        self._sessions.staff_changed()

    def _spoken_with(self, uid: str, staff_id: int | None) -> tuple[Visitor, Session]:
        """The customer and their open session; `staff_id`: it must be with this person."""
        visitor = self._known(uid)
        session = visitor.session
        if session is None:
            raise NotNow("nobody has this customer; accept who waits, or begin a session")
        if staff_id is not None and (session.staff is None or session.staff.id != staff_id):
            raise NotNow("somebody else has this customer")
        return visitor, session

    def _known(self, uid: str) -> Visitor:
        visitor = self._account.visitors.get(uid)
        if visitor is None:
            raise NotNow("Qiyu has never heard of this uid")
        return visitor

    def _there(self, staff_id: int) -> StaffConfig:
        staff = self._account.staff(staff_id)
        if staff is None or not staff.online:
            raise NotNow(f"{staff_id} is nobody of the staff, or not online")
        return staff

    def _anybody_there(self) -> StaffConfig:
        there = [one for one in self._account.config.staff if one.online]
        if not there:
            raise NotNow("nobody of the staff is online")
        return min(there, key=lambda one: self._account.load(one.id))
