/** Which conversations a list shows, and in which order. Pure. */
import type { Conversation, View } from '@/api/shapes'

export const VIEWS: readonly View[] = ['waiting', 'mine', 'all', 'closed']

export function belongs(conversation: Conversation, view: View, agentId: string): boolean {
  const session = conversation.session
  switch (view) {
    case 'waiting':
      return session?.state === 'waiting'
    case 'mine':
      return session?.state === 'agent' && session.responder?.id === agentId
    case 'closed':
      return session?.state === 'closed'
    case 'all':
      return conversation.updated_at !== null
  }
}

/** Nearest deadline first among those who wait, a closed window last; in the other views what changed last comes first. */
export function order(view: View): (one: Conversation, other: Conversation) => number {
  return view === 'waiting' ? byDeadline : byChange
}

/** Whether a conversation lies behind the end of what was loaded, where the list is not whole. */
export function isBehind(conversation: Conversation, end: string | null): boolean {
  return end !== null && (conversation.updated_at ?? '') < end
}

function byDeadline(one: Conversation, other: Conversation): number {
  return (
    compare(one.quota?.deadline ?? '~', other.quota?.deadline ?? '~') ||
    compare(one.session?.waiting_since ?? '~', other.session?.waiting_since ?? '~') ||
    compare(one.id, other.id)
  )
}

function byChange(one: Conversation, other: Conversation): number {
  return compare(other.updated_at ?? '', one.updated_at ?? '') || compare(other.id, one.id)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
