/** How a customer's message was passed on to a vendor, in words. Pure. */
import type { Delivery } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

export type Passing = 'passing' | 'passed' | 'unknown' | 'not_passed'

export function passing(delivery: Pick<Delivery, 'state'>): Passing {
  switch (delivery.state) {
    case 'held':
    case 'sending':
      return 'passing'
    case 'sent':
      return 'passed'
    case 'unknown':
      return 'unknown'
    case 'refused':
    case 'expired':
    case 'discarded':
      return 'not_passed'
  }
}

/** Reasons of ours, which no vendor has words for. */
const OURS = new Set(['no_answer', 'breaker_open', 'account_unusable', 'expired'])

/** Why it is not known, or did not work. */
export function passedWords(delivery: Pick<Delivery, 'state' | 'code' | 'reason'>, t: Translate): string {
  const code = delivery.code ?? (delivery.state === 'expired' ? 'expired' : delivery.state === 'unknown' ? 'no_answer' : '')
  if (OURS.has(code)) return t(`chat.passed.why.${code}`)
  // A word of ours is no code of the vendor's.
  const theirs = /\d/.test(code) && !delivery.reason?.includes(code)
  if (delivery.reason) return theirs ? t('chat.event.with_code', { words: delivery.reason, code }) : delivery.reason
  return t('chat.passed.why.other', { code: code || '?' })
}

/** Why what a vendor's person wrote was not sent to the customer. */
export function lateWords(delivery: Pick<Delivery, 'code' | 'reason'>, vendor: string, t: Translate): string {
  if (delivery.code === 'elsewhere') return t('chat.late.elsewhere', { vendor })
  if (delivery.code === 'window_closed' || delivery.code === 'quota_used') return t(`chat.late.${delivery.code}`)
  return delivery.reason ?? t('chat.delivery.discarded')
}
