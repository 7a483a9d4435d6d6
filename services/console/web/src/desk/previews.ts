/** The one line a list shows of a conversation. Pure. */
import type { Conversation } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

const EVENTS = new Set([
  'user_enter_tempsession',
  'session_waiting',
  'session_offered',
  'offer_passed',
  'session_assigned',
  'session_fell_back',
  'session_transferred',
  'session_bridged',
  'session_unbridged',
  'session_handed_to_official',
  'vendor_line',
  'vendor_machine',
  'vendor_person',
  'vendor_word',
  'vendor_nobody',
  'vendor_invited',
  'vendor_graded',
  'vendor_event',
  'session_closed',
  'session_rated',
  'attention_needed',
  'customer_flooding',
  'customer_blocked',
  'customer_unblocked',
  'bot_reply_skipped',
])

export function previewWords(preview: Conversation['preview'], t: Translate): string {
  if (!preview) return ''
  const words = said(preview, t)
  return preview.direction === 'outbound' ? `${t('lists.preview.mine')}${words}` : words
}

function said(preview: NonNullable<Conversation['preview']>, t: Translate): string {
  switch (preview.type) {
    case 'image':
      return t('lists.preview.image')
    case 'card':
      return t('lists.preview.card', { title: preview.text })
    case 'link':
      return t('lists.preview.link', { title: preview.text })
    case 'unsupported':
      return t('lists.preview.unsupported')
    case 'event':
      return EVENTS.has(preview.text) ? t(`chat.event_short.${preview.text}`) : t('lists.preview.event')
    default:
      // A list row is one line, whatever the message was.
      return preview.text.replace(/\s+/g, ' ')
  }
}
