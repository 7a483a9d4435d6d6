/** How much time and how many messages are left, and how loudly to say so. Pure. */
import type { Conversation, Quota } from '@/api/shapes'

export type Urgency = 'calm' | 'soon' | 'urgent'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Milliseconds until the window closes; null: it is closed. */
export function left(quota: Quota | null, now: number): number | null {
  if (!quota) return null
  const ms = Date.parse(quota.deadline) - now
  return ms > 0 ? ms : null
}

/** Of a row's chip: calm above two hours, urgent under a quarter of one or when nothing can be sent any more. */
export function deadlineUrgency(quota: Quota | null, now: number): Urgency {
  const ms = left(quota, now)
  if (ms === null || ms < 15 * MINUTE) return 'urgent'
  return ms < 2 * HOUR ? 'soon' : 'calm'
}

/** Of the composer's bar: the number of messages counts as well. */
export function quotaUrgency(quota: Quota | null, now: number): Urgency {
  const ms = left(quota, now)
  if (ms === null || !quota || quota.remaining <= 0) return 'urgent'
  return quota.remaining === 1 || ms < 2 * HOUR ? 'soon' : 'calm'
}

/** How long someone has been waiting for an agent; null: nobody waits. */
export function waitedFor(conversation: Conversation, now: number): number | null {
  const since = conversation.session?.waiting_since
  return since ? Math.max(0, now - Date.parse(since)) : null
}

/**
 * Milliseconds until the app's promised answer is late, negative once it is; null: nothing is promised to this customer,
 * or WeChat's window closes before.
 */
export function answerLeft(conversation: Conversation, now: number): number | null {
  const by = conversation.session?.state === 'waiting' ? conversation.session.answer_by : null
  if (!by) return null
  const ms = Date.parse(by) - now
  const window = left(conversation.quota, now)
  return window !== null && window < ms ? null : ms
}

export function answerUrgency(ms: number): Urgency {
  if (ms <= 0) return 'urgent'
  return ms <= MINUTE ? 'soon' : 'calm'
}

export function waitUrgency(ms: number): Urgency {
  if (ms >= 10 * MINUTE) return 'urgent'
  return ms >= 3 * MINUTE ? 'soon' : 'calm'
}

/** What WeChat grants at most with each kind of grant; the quota's `remaining` counts down from it. */
export function granted(quota: Quota): number {
  return quota.grant === 'entering' ? 2 : 5
}
