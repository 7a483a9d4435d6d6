/** What happened in a conversation, in words. Pure. */
import type { Message } from '@/api/shapes'
import { sourceLine } from '@/desk/customer/source'
import { starsOf } from '@/desk/customer/ratings'
import { CLOSED, RULES, WAITING, destinationWords, isFallback } from '@/desk/reasons'

type Translate = (key: string, values?: Record<string, unknown>) => string

/** `nameOf` an agent by the login, or a vendor account by its id, where an event says no more. */
export function eventWords(event: NonNullable<Message['event']>, t: Translate, nameOf: (id: string, kind?: 'agent' | 'vendor') => string = (id) => id): string {
  const detail = event.detail
  switch (event.name) {
    case 'user_enter_tempsession': {
      const source = sourceLine(plain(detail.session_from))
      return source ? t('chat.event.entered_from', { source }) : t('chat.event.entered', {})
    }
    case 'session_waiting':
      return waitingWords(plain(detail.reason), plain(detail.rule), plain(detail.to), t)
    case 'session_offered':
      return t('chat.event.offered', { to: plain(detail.to) || '?' })
    case 'offer_passed':
      return t(`chat.event.passed.${detail.how === 'declined' ? 'declined' : 'lapsed'}`, { agent: plain(detail.agent) || '?' })
    case 'session_assigned': {
      const rule = plain(detail.rule)
      return t(`chat.event.assigned.${RULES.has(rule) ? rule : 'other'}`, { to: plain(detail.to) || '?' })
    }
    case 'session_fell_back': {
      const when = plain(detail.when)
      const to = destinationWords(plain(detail.to), nameOf, t)
      return t(`chat.event.fell_back.${isFallback(when) ? when : 'other'}`, { to })
    }
    case 'session_bridged':
      return bridgedWords(plain(detail.to), plain(detail.reason), plain(detail.rule), t)
    case 'session_unbridged': {
      const why = plain(detail.why)
      const words = t(`chat.event.unbridged.${UNBRIDGED.has(why) ? why : 'other'}`, { from: plain(detail.from) || t('chat.said.vendor', {}) })
      // A word of ours is no code of the vendor's.
      return /\d/.test(plain(detail.code)) ? t('chat.event.with_code', { words, code: plain(detail.code) }) : words
    }
    case 'vendor_line':
      return detail.ahead === undefined || detail.ahead === null ? t('chat.event.vendor.line', {}) : t('chat.event.vendor.line_ahead', { ahead: plain(detail.ahead) })
    case 'vendor_person':
      return plain(detail.staff) ? t('chat.event.vendor.person_named', { staff: plain(detail.staff) }) : t('chat.event.vendor.person', {})
    case 'vendor_machine':
    case 'vendor_word':
    case 'vendor_nobody':
    case 'vendor_invited':
      return t(`chat.event.vendor.${event.name.slice('vendor_'.length)}`, {})
    case 'vendor_graded':
      return t('chat.event.vendor.graded', { name: plain(detail.name) || '?' })
    case 'vendor_event': {
      const name = plain(detail.name)
      const from = nameOf(plain(detail.account), 'vendor') || t('chat.said.vendor', {})
      return t(`chat.event.vendor.told.${VENDOR_TOLD.has(name) ? name : 'other'}`, { from, name: name || '?' })
    }
    case 'session_handed_to_official':
      return t('chat.event.handed_to_official', {})
    case 'attention_needed': {
      const why = plain(detail.why)
      return t(`chat.event.attention.${ALARMS.has(why) ? why : 'other'}`, {})
    }
    case 'customer_flooding':
      return t('chat.event.flooding', { messages: plain(detail.messages) || '?', seconds: plain(detail.seconds) || '?' })
    case 'customer_blocked':
    case 'customer_unblocked':
      return t(`chat.event.${event.name}`, { by: plain(detail.by) || '?' })
    case 'session_rated': {
      const score = Number(plain(detail.score))
      return t('chat.event.rated', { stars: starsOf(score), score: plain(detail.score) || '?' })
    }
    case 'session_transferred':
      return t('chat.event.to_bot', { by: plain(detail.by) || '?' })
    case 'session_closed':
      return closedWords(plain(detail.reason), plain(detail.by), t)
    case 'bot_reply_skipped':
      return skippedWords(plain(detail.what), plain(detail.count) || '1', t)
    case 'user_authorization_cancellation':
    case 'user_authorization_revoke':
      return t('chat.event.revoked', {})
    default:
      return t('chat.event.other', { name: event.name })
  }
}

const ALARMS = new Set(['answer_late', 'window_closing', 'agent_silent', 'not_passed_on'])
/** Why a vendor does not have a session any more, or never had it. */
const UNBRIDGED = new Set(['vendor_down', 'vendor_nobody', 'vendor_waited_too_long', 'customer_asked'])
/** What vendors tell of that changed nothing here. */
const VENDOR_TOLD = new Set(['started', 'ended', 'invited', 'lined_up', 'waited_too_long'])
/** What machines say, each of which may be left out for want of room. */
const SAID_BY_MACHINES = new Set(['welcome', 'keyword', 'unmatched', 'out_of_hours', 'waiting', 'fallback', 'closing', 'rating', 'thanks', 'reminder', 'official', 'vendor_greeting', 'vendor_line', 'vendor_rating'])
const ENDED_BY_ITSELF = new Set(['idle', 'gave_up', 'official_done', 'vendor_closed', 'vendor_idle'])

function waitingWords(reason: string, rule: string, to: string, t: Translate): string {
  const known = WAITING.has(reason) ? reason : 'other'
  if (to === 'official') return t('chat.event.to_official', { reason: known === 'other' ? '' : t('chat.event.because', { reason: t(`customer.reason.${known}`) }) })
  const words = t(`chat.event.waiting.${known}`, {})
  return rule ? t('chat.event.by_rule', { words, rule }) : words
}

function bridgedWords(to: string, reason: string, rule: string, t: Translate): string {
  const words = t('chat.event.bridged', { to: to || '?' })
  if (rule) return t('chat.event.by_rule', { words, rule })
  return WAITING.has(reason) && reason !== 'vendor_first' ? words + t('chat.event.because', { reason: t(`customer.reason.${reason}`, {}) }) : words
}

function skippedWords(what: string, count: string, t: Translate): string {
  if (!SAID_BY_MACHINES.has(what)) return t('chat.event.skipped', { count })
  return t(count === '1' ? 'chat.event.skipped_what' : 'chat.event.skipped_several', { what: t(`chat.machine_words.${what}`), count })
}

/** An agent may close with words of their own for the reason. */
function closedWords(reason: string, by: string, t: Translate): string {
  if (reason === 'blocked') return t('chat.event.closed_blocked', {})
  const said = CLOSED.has(reason) ? '' : reason
  if (reason === 'vendor_closed') return t('chat.event.closed_vendor_closed', { by: by || t('chat.said.vendor', {}) })
  if (by && said) return t('chat.event.closed_by_for', { by, reason: said })
  if (by) return t('chat.event.closed_by', { by })
  if (ENDED_BY_ITSELF.has(reason)) return t(`chat.event.closed_${reason}`, {})
  return said ? t('chat.event.closed_for', { reason: said }) : t('chat.event.closed', {})
}

const UNSUPPORTED = new Set(['voice', 'video', 'shortvideo', 'location', 'image', 'file', 'unreadable'])

/** A message that cannot be shown: what it is, as far as that is known. */
export function unsupportedWords(name: string | null, t: Translate): string {
  return name && UNSUPPORTED.has(name) ? t(`chat.unsupported.${name}`, {}) : t('chat.unsupported.other', { name: name ?? '?' })
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
