/** Which conversations a list shows, and in which order. Pure. */
import type { Conversation, View } from '@/api/shapes'
import { isOfferedTo } from '@/desk/offers'

export const VIEWS: readonly View[] = ['waiting', 'mine', 'attention', 'all', 'closed']

/** Pressed after G. */
export const VIEW_KEYS: Record<View, string> = { waiting: 'W', mine: 'M', attention: 'N', all: 'A', closed: 'C' }

/** Those an agent has a list of; who needs attention is for supervisors to see to. */
export function viewsOf(supervises: boolean): readonly View[] {
  return VIEWS.filter((view) => supervises || view !== 'attention')
}

export function belongs(conversation: Conversation, view: View, agentId: string): boolean {
  const session = conversation.session
  switch (view) {
    case 'waiting':
      return session?.state === 'waiting'
    case 'mine':
      return session?.state === 'agent' && session.responder?.id === agentId
    case 'attention':
      return Boolean(session?.attention)
    case 'closed':
      return session?.state === 'closed'
    case 'all':
      return conversation.updated_at !== null
  }
}

/** By whom a list is looked at matters to the line alone: what is offered to them comes first. */
export function order(view: View, agentId: string): (one: Conversation, other: Conversation) => number {
  switch (view) {
    case 'waiting':
      return byUrgency(agentId)
    case 'attention':
      return (one, other) => compare(one.session?.attention?.since ?? '~', other.session?.attention?.since ?? '~') || compare(one.id, other.id)
    default:
      return byChange
  }
}

/** Lists of which the order has no end to be behind: they are read whole. */
export function isReadWhole(view: View): boolean {
  return view === 'waiting' || view === 'attention'
}

/** Whether a conversation lies behind the end of what was loaded, where the list is not whole. */
export function isBehind(conversation: Conversation, end: string | null): boolean {
  return end !== null && (conversation.updated_at ?? '') < end
}

/**
 * As sessions are assigned: who was put in front, then the nearest deadline, then who waits longest. Two are not: whom
 * nobody may answer any more comes behind them, and last whom WeChat's own console gets.
 */
function byUrgency(agentId: string): (one: Conversation, other: Conversation) => number {
  const rank = (one: Conversation) => (isOfferedTo(one, agentId) ? 0 : one.session?.to_official ? 3 : one.session?.first ? 1 : 2)
  return (one, other) =>
    rank(one) - rank(other) ||
    compare(nearest(one), nearest(other)) ||
    compare(one.session?.waiting_since ?? '~', other.session?.waiting_since ?? '~') ||
    compare(one.id, other.id)
}

/** A window that is open for long says nothing yet: who writes again opens it anew, and must not lose their place. */
function nearest({ quota, session }: Conversation): string {
  if (!quota) return '~~'
  const window = session?.attention?.why === 'window_closing' ? quota.deadline : '~'
  const promised = session?.answer_by ?? '~'
  return promised < window ? promised : window
}

function byChange(one: Conversation, other: Conversation): number {
  return compare(other.updated_at ?? '', one.updated_at ?? '') || compare(other.id, one.id)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
