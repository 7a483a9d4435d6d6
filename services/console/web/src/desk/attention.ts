/** Why somebody should look at a session, in words that count with the clock. Pure. */
import type { Conversation } from '@/api/shapes'
import { answerLeft, deadlineUrgency, left } from '@/desk/deadlines'
import type { Urgency } from '@/desk/deadlines'
import { span } from '@/desk/times'

type Translate = (key: string, values?: Record<string, unknown>) => string

export interface Alarm {
  readonly urgency: Exclude<Urgency, 'calm'>
  /** For a chip. */
  readonly short: string
  /** A sentence, with who has it. */
  readonly long: string
}

export function alarmOf(conversation: Conversation, now: number, t: Translate): Alarm | null {
  const session = conversation.session
  if (!session?.attention) return null
  switch (session.attention.why) {
    case 'answer_late':
      return answerLate(conversation, now, t)
    case 'window_closing':
      return windowClosing(conversation, now, t)
    case 'agent_silent':
      return agentSilent(conversation, now, t)
    case 'not_passed_on':
      return { urgency: 'urgent', ...words('not_passed_on', { name: nameOf(conversation) }, t) }
  }
}

function answerLate(conversation: Conversation, now: number, t: Translate): Alarm {
  const ms = answerLeft(conversation, now)
  if (ms === null) return { urgency: 'soon', short: t('lists.attention_short.late_soon'), long: t('lists.attention_long.late_soon') }
  const which = ms > 0 ? 'late_in' : 'late_by'
  return { urgency: urgent(ms <= 0), ...words(which, { span: span(Math.abs(ms), t) }, t) }
}

function windowClosing(conversation: Conversation, now: number, t: Translate): Alarm {
  const ms = left(conversation.quota, now)
  const name = nameOf(conversation)
  if (ms === null) return { urgency: 'urgent', ...words('window_closed', { name }, t) }
  return { urgency: urgent(deadlineUrgency(conversation.quota, now) === 'urgent'), ...words('window', { span: span(ms, t), name }, t) }
}

function agentSilent(conversation: Conversation, now: number, t: Translate): Alarm {
  const since = conversation.session?.unanswered_since ?? conversation.session?.attention?.since
  const ms = since ? Math.max(0, now - Date.parse(since)) : 0
  return { urgency: 'soon', ...words('silent', { span: span(ms, t), name: nameOf(conversation) }, t) }
}

function words(which: string, values: Record<string, unknown>, t: Translate): { short: string; long: string } {
  return { short: t(`lists.attention_short.${which}`, values), long: t(`lists.attention_long.${which}`, values) }
}

function nameOf(conversation: Conversation): string {
  const responder = conversation.session?.responder
  return responder?.name ?? responder?.id ?? '?'
}

const urgent = (is: boolean): 'soon' | 'urgent' => (is ? 'urgent' : 'soon')
