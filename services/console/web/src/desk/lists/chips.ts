/** The one mark at the end of a row: of all that could be said of a conversation, what matters first. Pure. */
import type { Conversation } from '@/api/shapes'
import { alarmOf } from '@/desk/attention'
import { answerLeft, answerUrgency, deadlineUrgency, left, waitUrgency, waitedFor } from '@/desk/deadlines'
import type { Urgency } from '@/desk/deadlines'
import { offerOf } from '@/desk/offers'
import { standingWords } from '@/desk/standings'
import { span } from '@/desk/times'

type Translate = (key: string, values?: Record<string, unknown>) => string

export interface Chip {
  readonly words: string
  readonly title: string
  /** `asked`: this agent is to accept it. */
  readonly tone: Urgency | 'asked'
  /** Somebody was called to look. */
  readonly alarm: boolean
}

export function chipOf(conversation: Conversation, agentId: string | undefined, now: number, t: Translate): Chip | null {
  if (conversation.session?.state === 'closed') return null
  const offer = offerOf(conversation, agentId, now)
  if (offer?.toMe) return chip(t('lists.offered_me', { seconds: offer.seconds }), offer.hurry ? 'soon' : 'asked')
  const alarm = alarmOf(conversation, now, t)
  if (alarm) return { words: alarm.short, title: alarm.long, tone: alarm.urgency, alarm: true }
  if (offer) return chip(t('lists.offered_to', { name: offer.name, seconds: offer.seconds }), 'calm')
  return waitingChip(conversation, now, t) ?? vendorChip(conversation, t) ?? windowChip(conversation, now, t)
}

/** How long is left of what was promised; where nothing was, how long it has taken. */
function waitingChip(conversation: Conversation, now: number, t: Translate): Chip | null {
  const waited = waitedFor(conversation, now)
  if (waited === null) return null
  if (conversation.session?.to_official) return chip(t('lists.to_official'), 'calm')
  const soFar = t('lists.waited', { span: span(waited, t) })
  const answer = answerLeft(conversation, now)
  if (answer === null) return chip(soFar, waitUrgency(waited))
  const words = t(answer > 0 ? 'lists.answer_in' : 'lists.answer_late', { span: span(Math.abs(answer), t) })
  return chip(words, answerUrgency(answer), soFar)
}

/** Who has it instead of us. */
function vendorChip({ session }: Conversation, t: Translate): Chip | null {
  const bridging = session?.bridging
  return bridging ? chip(bridging.vendor_name, 'calm', standingWords(bridging, t)) : null
}

function windowChip(conversation: Conversation, now: number, t: Translate): Chip | null {
  const urgency = deadlineUrgency(conversation.quota, now)
  if (urgency === 'calm') return null
  const ms = left(conversation.quota, now)
  return ms === null
    ? chip(t('lists.window_closed_short'), urgency, t('lists.window_closed'))
    : chip(span(ms, t), urgency, t('lists.deadline', { span: span(ms, t) }))
}

function chip(words: string, tone: Chip['tone'], title = ''): Chip {
  return { words, title, tone, alarm: false }
}
