/** Why a session waits, ended, or is with whom it is; a reason an agent wrote stands as it is. Pure. */

type Translate = (key: string) => string

/** Our own reasons for a session to wait for an agent. */
export const WAITING = new Set(['agents_first', 'customer_asked', 'bot_silent', 'transferred', 'keyword', 'unmatched', 'agent_disabled', 'agent_elsewhere'])
/** Our own reasons for a session to end. */
export const CLOSED = new Set(['closed_by_agent', 'idle'])
/** By which a session comes to an agent. */
export const RULES = new Set(['least_loaded', 'wanted'])

export function reasonWords(reason: string | null | undefined, t: Translate): string {
  if (!reason) return t('customer.reason.none')
  return WAITING.has(reason) || CLOSED.has(reason) ? t(`customer.reason.${reason}`) : reason
}

export function ruleWords(rule: string | null, t: Translate): string {
  if (!rule) return ''
  return RULES.has(rule) ? t(`customer.rule.${rule}`) : rule
}
