/** A session in line that is kept for one agent until they accept it, decline it, or the time is up. Pure. */
import type { Conversation } from '@/api/shapes'

export interface Offered {
  /** Whether this agent is asked. */
  readonly toMe: boolean
  /** Of whoever is. */
  readonly name: string
  readonly seconds: number
  /** Few seconds are left. */
  readonly hurry: boolean
}

const HURRY_SECONDS = 10

export function offerOf(conversation: Conversation, agentId: string | undefined, now: number): Offered | null {
  const offer = conversation.session?.state === 'waiting' ? conversation.session.offer : null
  if (!offer) return null
  const seconds = Math.max(0, Math.ceil((Date.parse(offer.until) - now) / 1000))
  return {
    toMe: offer.agent.id === agentId,
    name: offer.agent.name ?? offer.agent.id ?? '?',
    seconds,
    hurry: seconds <= HURRY_SECONDS,
  }
}

export function isOfferedTo(conversation: Conversation | undefined, agentId: string | undefined): boolean {
  const session = conversation?.session
  return session?.state === 'waiting' && agentId !== undefined && session.offer?.agent.id === agentId
}

/** What is offered to this agent, the one first of which the time is up first. */
export function offersTo(agentId: string | undefined, conversations: Iterable<Conversation>): Conversation[] {
  return [...conversations].filter((one) => isOfferedTo(one, agentId)).sort((one, other) => until(one) - until(other))
}

const MOST_SHOWN = 3

/** Those that are asked about above the lists: the open conversation asks for itself, and of many a few come first. */
export function askedAbove(offered: readonly Conversation[], open: string | null): Conversation[] {
  return offered.filter((one) => one.id !== open).slice(0, MOST_SHOWN)
}

function until(conversation: Conversation): number {
  return Date.parse(conversation.session?.offer?.until ?? '')
}
