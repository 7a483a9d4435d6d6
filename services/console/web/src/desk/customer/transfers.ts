/** To whom a session may be transferred, those who can take it now first. Pure. */
import type { AppSummary, Bridge, Colleague, Conversation, Group, Presence } from '@/api/shapes'
import type { Target } from '@/stores/actions'
import type { Choice } from '@/ui/UiPick.vue'

export interface TransferChoice extends Choice {
  target: Target
  /** Of an agent. */
  presence?: Presence
}

type Translate = (key: string, values?: Record<string, unknown>) => string

const ORDER: Record<Presence, number> = { online: 0, away: 1, offline: 2 }

export function transferChoices(
  conversation: Conversation,
  colleagues: Colleague[],
  groups: Group[],
  apps: AppSummary[],
  me: string,
  t: Translate,
  bridges: readonly Bridge[] = [],
): TransferChoice[] {
  const wanted = apps.find((app) => app.id === conversation.app.id)?.groups ?? []
  const holder = conversation.session?.state === 'agent' ? conversation.session.responder?.id : undefined
  const agents = colleagues
    .filter((one) => one.enabled && one.id !== holder && (one.id !== me || holder !== undefined) && serves(one, wanted))
    .sort((one, other) => rank(one) - rank(other) || one.load - other.load || one.name.localeCompare(other.name))
    .map((one) => agentChoice(one, t))
  const lines = groups
    .filter((group) => group.agents.length > 0)
    .map((group) => ({
      key: `group:${group.name}`,
      label: group.name,
      group: t('customer.transfer.groups'),
      hint: t('customer.transfer.online', { count: group.agents.filter((id) => isOnline(colleagues, id)).length }),
      target: { group: group.name },
    }))
  const state = conversation.session?.state
  const vendors = bridges.filter((one) => one.account !== conversation.session?.bridging?.account).map((one) => vendorChoice(one, t))
  const officially = apps.find((app) => app.id === conversation.app.id)?.official && state !== 'official' && !conversation.session?.to_official
  const official = { key: 'official', label: t('customer.where.official'), group: t('customer.transfer.others'), also: 'official wechat', hint: t('customer.transfer.next_message'), target: { official: true as const } }
  const bot = { key: 'bot', label: t('customer.transfer.bot'), group: t('customer.transfer.others'), target: { bot: true as const } }
  return [...agents, ...lines, ...vendors, ...(state === 'bot' ? [] : [bot]), ...(officially ? [official] : [])]
}

function agentChoice(one: Colleague, t: Translate): TransferChoice {
  const full = one.load >= one.capacity
  return {
    key: `agent:${one.id}`,
    label: one.name,
    also: [one.id, ...one.groups].join(' '),
    group: t('customer.transfer.agents'),
    hint: `${t(`shell.presence.${one.presence}`)} · ${full ? t('customer.transfer.full') : ''}${one.load}/${one.capacity}`,
    disabled: full,
    presence: one.presence,
    target: { agent: one.id },
  }
}

function vendorChoice(one: Bridge, t: Translate): TransferChoice {
  return {
    key: `vendor:${one.account}`,
    label: one.name,
    also: one.vendor,
    group: t('customer.transfer.vendors'),
    hint: t(one.down ? 'customer.transfer.vendor_down' : one.shows_replies ? 'customer.transfer.vendor' : 'customer.transfer.vendor_blind'),
    disabled: one.down,
    target: { vendor: one.account },
  }
}

function rank(one: Colleague): number {
  return ORDER[one.presence] + (one.load >= one.capacity ? 3 : 0)
}

function serves(one: Colleague, groups: string[]): boolean {
  return one.role !== 'agent' || groups.length === 0 || one.groups.some((group) => groups.includes(group))
}

function isOnline(colleagues: Colleague[], id: string): boolean {
  return colleagues.find((one) => one.id === id)?.presence === 'online'
}
