"""`/cgi-bin/message/custom/typing` and its twin under `/business/`: "typing" on the phone for 15 s.

Source: WeChat's page 下发客服当前输入状态 (setTyping). The pages disagree which path is a mini program's: both work.
"""

from datetime import timedelta
from typing import Final

from services.sandbox.wechat.api.call import OK, Answer, ApiCall, Endpoint
from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.state import TYPING_PERIOD
from services.sandbox.wechat.windows import WINDOW_CLOSED

_INTERACTION_PERIOD: Final = timedelta(seconds=30)


def typing(call: ApiCall) -> Answer:
    fields = call.json_object()
    customer = call.customer(fields)
    command = fields.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise Refused(45072)
    if not customer.window.is_open(call.now):
        raise Refused(WINDOW_CLOSED)
    last_at = customer.last_interaction_at
    if last_at is None or call.now - last_at > _INTERACTION_PERIOD:
        raise Refused(45080)
    if command == "Typing" and customer.is_shown_typing(call.now):
        raise Refused(45081)
    customer.typing_until = call.now + TYPING_PERIOD if command == "Typing" else None
    customer.phone.touch()
    call.delivered = True
    return OK


ENDPOINTS = {
    "/cgi-bin/message/custom/typing": Endpoint("POST", typing),
    "/cgi-bin/message/custom/business/typing": Endpoint("POST", typing),
}
