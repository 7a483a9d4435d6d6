"""What KEDA's scaler `rabbitmq` with `protocol: http` asks of the management API, and what it makes of the answer."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import aiohttp
from yarl import URL

from tests.deploy.manifests import Document


class Login(NamedTuple):
    username: str
    password: str

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"}


class ScalerFailed(Exception):
    """The scaler has no number: the operator falls back to `fallback.replicas`."""


def question(host: str, trigger: Mapping[str, str]) -> URL:
    """The address that is asked; `host` is that of the Secret, which ends with the virtual host."""
    server, _, vhost = host.rpartition("/")
    queues = f"{server}/api/queues/{vhost}"
    name = quote_plus(trigger["queueName"])
    if trigger.get("useRegex") != "true":
        return URL(f"{queues}/{name}", encoded=True)
    size = trigger.get("pageSize", "100")
    asked = f"page=1&use_regex=true&pagination=false&name={name}&page_size={size}"
    return URL(f"{queues}?{asked}", encoded=True)


async def waiting(host: str, login: Login, trigger: Mapping[str, str]) -> int:
    """How many messages the trigger sees, taken ones among them; raises ScalerFailed."""
    asked = question(host, trigger)
    async with aiohttp.ClientSession(headers=login.headers()) as session, session.get(asked) as answer:
        if answer.status != 200:
            raise ScalerFailed(f"{answer.status}: {await answer.text()}")
        said: Document = await answer.json()
    if trigger.get("useRegex") != "true":
        return int(said.get("messages", 0))
    if said["page_count"] > 1:
        raise ScalerFailed("regex matches more queues than can be recovered at once")
    return _composed([int(queue.get("messages", 0)) for queue in said["items"]], trigger)


def _composed(lengths: list[int], trigger: Mapping[str, Any]) -> int:
    match trigger.get("operation", "sum"):
        case "sum":
            return sum(lengths)
        case "max":
            return max(lengths, default=0)
        case other:
            raise ScalerFailed(f"operation {other} is not what our manifests use")
