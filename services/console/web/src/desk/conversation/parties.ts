/** What the writers of messages are called. Pure. */
import type { Party } from '@/api/shapes'

type Translate = (key: string) => string

export function partyName(party: Party, me: string, t: Translate): string {
  switch (party.kind) {
    case 'agent':
      return party.id === me ? t('chat.said.me') : (party.name ?? party.id ?? '?')
    case 'customer':
      return party.name ?? t('chat.said.customer')
    default:
      return party.name ?? t(`chat.said.${party.kind}`)
  }
}
