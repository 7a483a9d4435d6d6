/** Short names for the generated shapes of the console's OpenAPI document. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Me = Schemas['Agent']
export type Conversation = Schemas['Conversation']
export type Session = NonNullable<Conversation['session']>
export type SessionState = Session['state']
export type Quota = NonNullable<Conversation['quota']>
export type Message = Schemas['Message']
export type Delivery = NonNullable<Message['delivery']>
export type DeliveryState = Delivery['state']
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
export interface AppSummary {
  id: string
  name: string
  enabled: boolean
  verified_at: string | null
  groups: string[]
}
export interface Colleague {
  id: string
  name: string
  role: Me['role']
  groups: string[]
  presence: Presence
  capacity: number
  load: number
  auto_accept: boolean
  enabled: boolean
  second_factor: boolean
}
export interface Group {
  name: string
  agents: string[]
  apps: string[]
}
export type TagColor = 'grey' | 'red' | 'amber' | 'green' | 'blue' | 'purple'
export interface Tag {
  name: string
  color: TagColor
}
export interface CannedReply {
  id: string
  shortcut: string
  title: string
  text: string
  scope: 'shared' | 'personal'
  app_id: string | null
  version: number
}

export type AssignmentDecision = Schemas['AssignmentDecision']
export type SessionRecord = Schemas['SessionRecord']
