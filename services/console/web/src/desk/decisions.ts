/** Why a session is where it is, one sentence for each turn it took. Pure. */
import type { Decision } from '@/api/shapes'
import { destinationWords, isFallback, ruleWords } from '@/desk/reasons'

type Translate = (key: string, values?: Record<string, unknown>) => string
type NameOf = (id: string, kind?: 'agent' | 'vendor') => string

export function decisionWords(decision: Decision, nameOf: NameOf, t: Translate): string {
  if (decision.kind === 'routed') return routedWords(decision, nameOf, t)
  const rule = ruleWords(decision.rule, t)
  if (decision.agent_id === null) return t('customer.decided.nobody', { rule })
  const agent = nameOf(decision.agent_id)
  if (decision.kind === 'offered') return t('customer.decided.offered', { agent, rule })
  return t(rule ? 'customer.decided.assigned' : 'customer.decided.assigned_plainly', { agent, rule })
}

/** Who could have had it, and how busy each was. */
export function candidateWords(decision: Decision, nameOf: NameOf, t: Translate): string {
  return decision.candidates.map((one) => `${nameOf(one.agent_id)} ${one.load}/${one.capacity}`).join(t('customer.and'))
}

/** Those of one session, oldest first; and how many the others are. */
export function ofSession(decisions: readonly Decision[], session: string | null): { own: Decision[]; others: number } {
  const own = decisions.filter((one) => one.session === session)
  return { own, others: decisions.length - own.length }
}

function routedWords(decision: Decision, nameOf: NameOf, t: Translate): string {
  const rule = decision.rule ?? ''
  const to = destinationWords(decision.to ?? '', nameOf, t)
  return isFallback(rule) ? t('customer.decided.fell_back', { when: t(`customer.when.${rule}`), to }) : t('customer.decided.routed', { rule, to })
}
