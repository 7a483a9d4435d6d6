/** What an agent may do with a session, as far as the page can tell; the console decides. Pure. */
import type { Conversation, Me, Session } from '@/api/shapes'

type Self = Pick<Me, 'id' | 'role'>

/** By hand an agent may take what nobody of us has, also from an offer to somebody else, a vendor and WeChat's own console. */
export function mayAccept(session: Session | null | undefined): boolean {
  return acceptance(session) !== null
}

/** What accepting is called: whoever somebody else serves is taken over, or taken back. */
export function acceptance(session: Session | null | undefined): 'accept' | 'take_back' | 'relieve' | null {
  switch (session?.state) {
    case 'waiting':
    case 'bot':
      return 'accept'
    case 'official':
      return 'take_back'
    case 'vendor':
      return 'relieve'
    default:
      return null
  }
}

export function responds(session: Session | null | undefined, agentId: string | undefined): boolean {
  return session?.state === 'agent' && session.responder?.id === agentId
}

/** Transfer or close: one's own; a supervisor anybody's. */
export function mayMove(session: Session | null | undefined, me: Self | null): boolean {
  if (!session || !me || session.state === 'closed') return false
  return me.role !== 'agent' || responds(session, me.id)
}

/** From a colleague, for oneself. */
export function mayTakeOver(session: Session | null | undefined, me: Self | null): boolean {
  return session?.state === 'agent' && me !== null && me.role !== 'agent' && !responds(session, me.id)
}

/** Who lifts it need not have it any more: a session ends when its customer is blocked. */
export function mayBlock(conversation: Conversation, me: Self | null): boolean {
  if (!me) return false
  return conversation.blocked || me.role !== 'agent' || responds(conversation.session, me.id)
}
