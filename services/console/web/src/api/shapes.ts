/** Short names for the generated shapes of the console's OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Me = Schemas['Agent']
export type Conversation = Schemas['Conversation']
export type Session = NonNullable<Conversation['session']>
/** A session's stay with a vendor. */
export type Bridging = NonNullable<Session['bridging']>
export type Quota = NonNullable<Conversation['quota']>
export type Message = Schemas['Message']
export type Delivery = NonNullable<Message['delivery']>
export type Party = Message['from']
export type ConversationList = Schemas['ConversationList']
export type Counts = ConversationList['counts']
export type MessageList = Schemas['MessageList']
export type LoggedIn = Schemas['LoggedIn']
export type View = keyof Counts
export type Presence = Me['presence']

export type Frame =
  | Schemas['ReadyFrame']
  | Schemas['ResetFrame']
  | Schemas['PongFrame']
  | Schemas['ConversationFrame']
  | Schemas['MessageFrame']
  | Schemas['CommandFrame']
  | Schemas['PresenceFrame']
  | Schemas['SeenFrame']
  | Schemas['SettingsFrame']

/** What a conversation's reply may carry; `ReplyBody` of the console. */
export type Reply =
  | { type: 'text'; text: string; split?: boolean }
  | { type: 'image'; image: { media_id: string } }
  | { type: 'card'; card: { title: string; path: string; app_id?: string | null; media_id: string } }
  | { type: 'link'; link: { title: string; description: string; url: string; media_id?: string | null } }

/** Lists that administrators keep. */
export type AppSummary = Schemas['AppSummary']
export type Colleague = Schemas['Colleague']
export type Group = Schemas['Group']
export type Tag = Schemas['Tag']
export type TagColor = Tag['color']
export type CannedReply = Schemas['CannedReply']

/** An app as its settings page sees it. The console tells every field of the settings; only those who write may leave some out. */
export type AppDetail = Omit<Schemas['AppDetail'], 'settings'> & { settings: AppSettings }
export type AppSettings = Omit<
  Required<Schemas['AppSettings']>,
  'after_bot' | 'rules' | 'fallbacks' | 'official' | 'keyword_rules' | 'unmatched' | 'assignment' | 'waiting' | 'targets' | 'reminder' | 'rating' | 'flood' | 'idle_close_seconds' | 'hours'
> & {
  after_bot: Destination
  rules: RoutingRule[]
  fallbacks: Fallback[]
  official: Required<Schemas['OfficialConsole']>
  keyword_rules: KeywordRule[]
  unmatched: Required<Schemas['Unmatched']>
  assignment: Required<Schemas['Assignment']>
  waiting: Required<Schemas['WaitingWords']>
  targets: Required<Schemas['Targets']>
  reminder: Required<Schemas['Reminder']>
  rating: Required<Schemas['Rating']>
  flood: Required<Schemas['Flood']> | null
  idle_close_seconds: Required<Schemas['IdleLimits']>
  hours: Hours | null
}
/** One of the app's rules by which its sessions are routed. */
export type RoutingRule = Omit<Schemas['Rule'], 'when' | 'to'> & { when: Conditions; to: Destination }
export type Conditions = Omit<Required<Schemas['Conditions']>, 'source'> & { source: SourceTest[] }
export type SourceTest = Required<Schemas['SourceTest']>
export type Destination = Required<Schemas['Destination']>
export type Fallback = Omit<Required<Schemas['Fallback']>, 'to'> & { to: Destination }
/** Where settings that are not saved yet would send a customer. */
export type TriedSettings = Schemas['TriedSettings']
export type KeywordRule = Required<Schemas['KeywordRule']>
export type Hours = Omit<Required<Schemas['Hours']>, 'holidays'> & { holidays: Required<Schemas['Holiday']>[] }
export type AppCheck = Schemas['AppCheck']

/** A vendor account that an app's sessions can be given to, as everybody sees it. */
export type Bridge = Schemas['BridgeSummary']
/** A vendor account as its settings page sees it. */
export type VendorAccount = Schemas['VendorAccount']
export type VendorBreaker = Schemas['VendorBreaker']
export type VendorKind = Schemas['VendorKind']
export type VendorTest = Schemas['VendorTest']
/** What became of an app's open sessions when it was switched. */
export type Switched = Schemas['Switched']
export type SwitchTarget = Schemas['SwitchTarget']
export type MadeAgent = Schemas['MadeAgent']

export type Decision = Schemas['Decision']
export type SessionRecord = Schemas['SessionRecord']

export type Notifier = Schemas['Notifier']
export type NotifierKind = Notifier['kind']
export type Webhook = Schemas['Webhook']
export type MadeWebhook = Schemas['MadeWebhook']
export type WebhookEvent = Webhook['events'][number]
export type WebhookDelivery = Schemas['WebhookDelivery']
/** How one call to another system, or to a group's robot, went. */
export type Trial = Schemas['Trial']
export type LastCall = Schemas['LastCall']
export type Token = Schemas['Token']
export type MadeToken = Schemas['MadeToken']
export type TokenScope = Token['scopes'][number]
export type AuditEntry = Schemas['AuditEntry']
export type AuditPage = Schemas['AuditPage']
/** How sessions went over some time. */
export type Report = Schemas['ReportAnswer']
export type ReportFigures = Schemas['ReportFigures']
export type ReportRow = Schemas['ReportRow']
