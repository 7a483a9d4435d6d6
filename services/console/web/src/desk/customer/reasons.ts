/** Why a session ended, or waits, in words; a reason an agent wrote stands as it is. Pure. */

type Translate = (key: string) => string

const KNOWN = new Set([
  'closed_by_agent', 'idle', 'agents_first', 'customer_asked', 'transferred', 'bot_silent', 'keyword', 'unmatched',
  'agent_disabled', 'agent_elsewhere',
])

export function reasonWords(reason: string | null | undefined, t: Translate): string {
  if (!reason) return t('customer.reason.none')
  return KNOWN.has(reason) ? t(`customer.reason.${reason}`) : reason
}
