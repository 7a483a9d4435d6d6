/** Why a session waits, ended, or is with whom it is; a reason an agent wrote stands as it is. Pure. */

type Translate = (key: string, values?: Record<string, unknown>) => string

/** Our own reasons for a session to wait for an agent. */
export const WAITING = new Set([
  'agents_first',
  'official_first',
  'official_missed',
  'rule',
  'reopened',
  'customer_asked',
  'keyword',
  'unmatched',
  'bot_silent',
  'transferred',
  'agent_disabled',
  'agent_elsewhere',
  'agent_offline',
  'nobody_online',
  'waiting_longer',
  'out_of_hours',
  'vendor_first',
  'vendor_began',
  'vendor_down',
  'vendor_nobody',
  'vendor_waited_too_long',
])
/** Our own reasons for a session to end. */
export const CLOSED = new Set(['closed_by_agent', 'idle', 'gave_up', 'official_done', 'vendor_closed', 'vendor_idle', 'blocked'])
/** By which a session comes to an agent. */
export const RULES = new Set(['least_loaded', 'longest_idle', 'last_agent', 'named', 'wanted', 'accepted'])
/** When the app's settings send a session in line, or one that a vendor cannot have, elsewhere. */
const FALLBACKS = new Set(['nobody_online', 'waiting_longer', 'out_of_hours', 'vendor_down'])

export function reasonWords(reason: string | null | undefined, t: Translate): string {
  if (!reason) return t('customer.reason.none')
  return WAITING.has(reason) || CLOSED.has(reason) ? t(`customer.reason.${reason}`) : reason
}

export function ruleWords(rule: string | null, t: Translate): string {
  if (!rule) return ''
  return RULES.has(rule) ? t(`customer.rule.${rule}`) : rule
}

export const isFallback = (rule: string): boolean => FALLBACKS.has(rule)

/** `agents`, `group:vip`, `agent:lina`, `vendor:qiyu`, `bot`, `official`: as decisions and the history name where a session goes. */
export function destinationWords(to: string, nameOf: (id: string, kind?: 'agent' | 'vendor') => string, t: Translate): string {
  const [kind, name = ''] = parted(to)
  switch (kind) {
    case 'agents':
    case 'bot':
    case 'official':
      return t(`customer.where.${kind}`)
    case 'group':
      return t('customer.where.group', { name })
    case 'agent':
      return nameOf(name)
    case 'vendor':
      return t('customer.where.vendor', { name: nameOf(name, 'vendor') })
    default:
      return to || '?'
  }
}

/** Names may have colons of their own. */
function parted(to: string): [string, string?] {
  const at = to.indexOf(':')
  return at < 0 ? [to] : [to.slice(0, at), to.slice(at + 1)]
}
