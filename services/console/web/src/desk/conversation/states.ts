/** Who has a session, in words. Pure. */
import type { Session } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

export function stateWords(session: Session | null, t: Translate): string {
  if (!session) return t('chat.bystander.none')
  if (session.state === 'waiting' && session.to_official) return t('lists.state.to_official')
  return t(`lists.state.${session.state}`, { name: session.responder?.name ?? session.responder?.id ?? '?' })
}
