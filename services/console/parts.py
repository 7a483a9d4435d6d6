"""What the handlers of the console stand on."""

from dataclasses import dataclass

from aiohttp import web

from services.console.api import shapes
from services.console.feed import Feed
from services.console.login import Logins
from services.console.outgoing.outgoing import Outgoing
from services.console.proving import Proofs
from services.console.roster import Roster
from services.console.settings import ConsoleSettings
from shared.backbone import Backbone
from shared.bus.commands import Verdicts
from shared.conversation.model import Conversation
from shared.store.agents import AgentStore
from shared.store.api_tokens import ApiTokenStore
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.canned_replies import CannedReplyStore
from shared.store.conversation_lists import ConversationLists
from shared.store.conversations import ConversationStore
from shared.store.customer_search import CustomerSearch
from shared.store.history import History
from shared.store.media import MediaStore
from shared.store.media_access import MediaOwners
from shared.store.records import DecisionRecords, SessionRecords
from shared.store.reports import Reports
from shared.store.search import MessageSearch
from shared.store.second_factors import SecondFactors
from shared.store.tags import TagStore
from shared.store.unsettled import UnsettledCommands
from shared.store.vendor_accounts import BreakerStore, VendorAccountStore


@dataclass(frozen=True, slots=True)
class Parts:
    settings: ConsoleSettings
    backbone: Backbone
    logins: Logins
    agents: AgentStore
    roster: Roster
    apps: AppStore
    vendor_accounts: VendorAccountStore
    breakers: BreakerStore
    audit: AuditLog
    canned_replies: CannedReplyStore
    tags: TagStore
    api_tokens: ApiTokenStore
    proofs: Proofs
    second_factors: SecondFactors
    message_search: MessageSearch
    customer_search: CustomerSearch
    conversations: ConversationStore
    lists: ConversationLists
    history: History
    media: MediaStore
    media_owners: MediaOwners
    decisions: DecisionRecords
    sessions: SessionRecords
    reports: Reports
    verdicts: Verdicts
    unsettled: UnsettledCommands
    feed: Feed
    outgoing: Outgoing

    def app_name(self, app_id: str) -> str:
        """What people call the app; its id, once it was removed."""
        app = self.backbone.apps.get(app_id)
        return app.name if app else app_id

    def shown(self, conversation: Conversation) -> shapes.Conversation:
        """As it stands at this instant, by the app's settings."""
        app_id, base = conversation.app_id, self.backbone
        return shapes.Conversation.of(conversation, self.app_name(app_id), base.apps.policy(app_id), base.clock.now())


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)
