"""What is said: kept with the customer, and pushed if it is said to them."""

from typing import Any

from services.sandbox.chance import Chance
from services.sandbox.qiyu import telling
from services.sandbox.qiyu.sessions import Sessions
from services.sandbox.qiyu.signing import md5_of
from services.sandbox.qiyu.state import Message, MsgType, Session, Speaker, Visitor
from shared.clock import Clock


class Talk:
    def __init__(self, sessions: Sessions, clock: Clock, chance: Chance) -> None:
        self._sessions = sessions
        self._account = sessions.account
        self._clock = clock
        self._chance = chance

    def speak(
        self,
        visitor: Visitor,
        session: Session,
        kind: MsgType,
        content: Any,
        *,
        text: str | None = None,
        file: dict[str, Any] | None = None,
    ) -> Message:
        speaker: Speaker = "robot" if session.staff is None else "staff"
        message = self.write(visitor, speaker, kind, session, text=text, file=file)
        session.heard_at = message.at
        faults = self._account.faults.push
        told = telling.said(visitor.uid, session, message, content, as_string=faults.string_content)
        self._sessions.push("MSG", visitor.uid, told)
        if faults.unknown_type:
            self._sessions.push("SANDBOX_UNHEARD_OF", visitor.uid, {"uid": visitor.uid, "about": message.msg_id})
        return message

    def write(
        self,
        visitor: Visitor,
        speaker: Speaker,
        kind: MsgType,
        session: Session | None,
        *,
        text: str | None,
        file: dict[str, Any] | None,
    ) -> Message:
        visitor.said += 1
        by_customer = speaker == "customer"
        message = Message(
            n=visitor.said,
            at=self._clock.now(),
            speaker=speaker,
            kind=kind,
            session_id=session.id if session is not None else None,
            text=text,
            file=file,
            msg_id=None if by_customer else md5_of(self._chance.random_bytes(16)),
            staff_id=session.staff.id
            if session is not None and session.staff is not None and not by_customer
            else None,
        )
        visitor.messages.append(message)
        return message
