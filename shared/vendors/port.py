"""What wxdesk asks of a vendor, whichever it is. Everything above this page speaks our words, below it the vendor's.

A vendor is a folder beside this module that offers one `Vendor`; `registry.py` names them all. `docs/vendors.md` says
how to add one, and `tests/vendors/` holds the suite that every adapter passes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, Protocol

import aiohttp
from pydantic import StringConstraints

from shared.conversation.bridges import Bridge
from shared.conversation.content import Frozen
from shared.conversation.model import Message, ProfileField
from shared.conversation.vendor_facts import Stood, VendorEvent
from shared.pictures import Picture
from shared.store.vendor_accounts import VendorAccount

Pace = Callable[[str], Awaitable[None]]
"""Awaited before each request with the name of its endpoint: it returns once the vendor's limits allow one more.
Raises `shared.failures.Unavailable` where that would take too long."""


class Customer(Frozen):
    """Who writes. `uid` is our conversation id, which is all that a vendor learns of their identity."""

    uid: str
    app_id: str
    app_name: str
    openid: str
    name: str | None = None
    source: str | None = None
    profile: tuple[ProfileField, ...] = ()
    tags: tuple[str, ...] = ()


class Relayed(NamedTuple):
    """One message of a customer to be passed on; `picture` is the file of an image, or None where it is lost.

    `context`: what was said before, where nobody could be told of it when the customer was introduced, since they had
    to stand in line.
    """

    message: Message
    picture: Picture | None = None
    context: tuple[Message, ...] = ()


class Port(Protocol):
    """One vendor account in use. What goes wrong is raised as one of `shared.failures`.

    `OutcomeUnknown` only where the request was written, no answer was read, and repeating it could show the customer's
    message twice; a call that may be repeated without harm raises `Unavailable` instead.
    """

    async def introduce(self, customer: Customer, context: tuple[Message, ...], *, wants_person: bool) -> Stood:
        """Tell who comes, with the last messages said so far, and ask for somebody. Safe to repeat."""
        ...

    async def relay(self, customer: Customer, relayed: Relayed) -> None:
        """Give the vendor one message, or, where its content is an event, that the customer entered.

        Refused with the code `never_introduced`: nobody at the vendor has the customer, or not any more.
        """
        ...

    async def ask_place(self, customer: Customer) -> Stood:
        """Where the customer stands: still in line with `ahead`, or with somebody."""
        ...

    async def leave_line(self, customer: Customer) -> None: ...

    async def grade(self, customer: Customer, vendor_session: str, value: int) -> None: ...

    async def probe(self) -> str:
        """Find out, without any customer noticing, whether the account works; what the vendor said, for an operator."""
        ...


class PushRequest(NamedTuple):
    """A vendor's POST to us, as it came. Header names are lower-case; `query` holds the first value of each name.

    `path_secret` is what stands in the address behind the account, for vendors that can prove themselves by that only.
    """

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    remote: str | None = None
    path_secret: str | None = None


class Pushed(NamedTuple):
    """One thing a push tells. `id` is the same however often the vendor repeats it: repeats are one fact.

    `uid` is the conversation, None where the push names nobody of ours: it is kept beside the conversations then.
    `app_id` is the app of that conversation where the account serves only one; else it is looked up.
    """

    id: str
    uid: str | None
    at: datetime
    event: VendorEvent
    app_id: str | None = None


class Vendor(Protocol):
    """One kind of vendor: what is to be known of its accounts, and how to speak to them. Stateless."""

    kind: str
    """As in addresses and lanes: `qiyu`."""
    settings: type["VendorSettings"]

    def bridge(self, account: VendorAccount, app_id: str, *, down: bool) -> Bridge | None:
        """What this app's decisions are to know of the account; None where it does not serve the app."""
        ...

    def connect(self, account: VendorAccount, http: aiohttp.ClientSession, parts: "Connection") -> Port: ...

    def limits(self, account: VendorAccount) -> "VendorLimits": ...

    def read_push(self, account: VendorAccount, request: PushRequest) -> tuple[Pushed, ...]:
        """Prove and read a push. Raises `shared.refusals.Forged` or `Unreadable`."""
        ...

    def acknowledge(self) -> tuple[int, str]:
        """Status and body by which this vendor knows that its push was taken."""
        ...

    def media_hosts(self, account: VendorAccount) -> tuple[str, ...]:
        """Patterns of the hosts that pictures in its pushes may be fetched from, as in MEDIA_HOSTS."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """What a port stands on besides its HTTP session. `api_base` takes the place of the vendor's own address."""

    now: Callable[[], datetime]
    pace: Pace
    answer_seconds: float
    api_base: str | None = None


class VendorLimits(NamedTuple):
    """How many requests per second the vendor takes: from the whole account, and of one endpoint."""

    account_per_second: float
    endpoint_per_second: float


_HOST: Final = r"^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?$"
HostPattern = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=_HOST, max_length=253)]
"""A host, or `*.` and a domain, whose pictures may be fetched; with its port it may have a private address."""


class VendorSettings(Frozen):
    """Ancestor of each vendor's own settings. Fields of type SecretStr are sealed at rest and never shown again."""


def parsed(vendor: Vendor, account: VendorAccount) -> Any:
    """The account's own settings, with its secrets, as the vendor's model; raises pydantic's ValidationError."""
    secrets = {name: secret.get_secret_value() for name, secret in account.secrets.items()}
    return vendor.settings.model_validate({**account.settings, **secrets})
