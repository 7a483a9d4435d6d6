"""What docs/webhooks.md says a receiver should do is done here, with the code that stands there."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.console.outgoing.bodies import SESSION_EVENTS, Told
from services.console.outgoing.signing import new_secret, signature
from services.console.outgoing.waits import WEBHOOK_WAITS
from shared.store.webhooks import WEBHOOK_EVENTS
from tests.house.test_imports import ROOT
from tests.support.facts import NOON

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
BODY = '{"text":"你好"}'.encode()


@pytest.fixture
def is_genuine() -> Callable[..., bool]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/webhooks.md", "exec"), names)
    found: Callable[..., bool] = names["is_genuine"]
    return found


def test_the_pages_code_takes_what_we_sign(is_genuine: Callable[..., bool]) -> None:
    secret = new_secret()
    assert is_genuine(secret, signature(secret, BODY, NOON), BODY, now=NOON.timestamp() + 299)


def test_the_pages_code_refuses_everything_else(is_genuine: Callable[..., bool]) -> None:
    secret, now = new_secret(), NOON.timestamp()
    signed = signature(secret, BODY, NOON)
    assert not is_genuine(new_secret(), signed, BODY, now=now)
    assert not is_genuine(secret, signed, BODY + b" ", now=now)
    assert not is_genuine(secret, signed.replace("t=1", "t=2"), BODY, now=now)
    assert not is_genuine(secret, signed, BODY, now=now + 301)
    assert not is_genuine(secret, signature(secret, BODY, NOON + timedelta(hours=1)), BODY, now=now)
    for nonsense in ("", "t=,v1=", "v1=abc", "t=1", "t=1,v1=é", "=,=", "t=1;v1=a"):
        assert not is_genuine(secret, nonsense, BODY, now=now)


def test_every_event_and_member_is_on_the_page() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE))
    assert set(WEBHOOK_EVENTS) <= described
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    assert set(orjson.loads(example)) == set(Told.model_fields)
    assert set(SESSION_EVENTS.values()) < set(WEBHOOK_EVENTS)


def test_the_waits_on_the_page_are_those_that_are_kept() -> None:
    minutes = [60 * n for n in (1, 5, 15, 30)]
    assert list(WEBHOOK_WAITS) == [10, 30, *minutes, 3600, 7200, 14_400]
