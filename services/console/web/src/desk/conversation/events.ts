/** What happened in a conversation, in words. Pure. */
import type { Message } from '@/api/shapes'
import { sourceLine } from '@/desk/customer/source'
import { CLOSED, RULES, WAITING } from '@/desk/reasons'

type Translate = (key: string, values: Record<string, unknown>) => string

export function eventWords(event: NonNullable<Message['event']>, t: Translate): string {
  const detail = event.detail
  switch (event.name) {
    case 'user_enter_tempsession': {
      const source = sourceLine(plain(detail.session_from))
      return source ? t('chat.event.entered_from', { source }) : t('chat.event.entered', {})
    }
    case 'session_waiting': {
      const reason = plain(detail.reason)
      return WAITING.has(reason) ? t(`chat.event.waiting.${reason}`, {}) : t('chat.event.waiting.other', {})
    }
    case 'session_assigned': {
      const rule = plain(detail.rule)
      return t(`chat.event.assigned.${RULES.has(rule) ? rule : 'other'}`, { to: plain(detail.to) || '?' })
    }
    case 'session_transferred':
      return t('chat.event.to_bot', { by: plain(detail.by) || '?' })
    case 'session_closed':
      return closedWords(plain(detail.reason), plain(detail.by), t)
    case 'bot_reply_skipped':
      return t('chat.event.skipped', { count: plain(detail.count) || '1' })
    case 'user_authorization_cancellation':
    case 'user_authorization_revoke':
      return t('chat.event.revoked', {})
    default:
      return t('chat.event.other', { name: event.name })
  }
}

/** An agent may close with words of their own for the reason. */
function closedWords(reason: string, by: string, t: Translate): string {
  const said = CLOSED.has(reason) ? '' : reason
  if (by && said) return t('chat.event.closed_by_for', { by, reason: said })
  if (by) return t('chat.event.closed_by', { by })
  if (reason === 'idle') return t('chat.event.closed_idle', {})
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
