/** What the writers of messages are called. Pure. */
import type { Party } from '@/api/shapes'

type Translate = (key: string) => string

/** `vendorName`: a vendor account's by its id; its people are told by theirs and by its name. */
export function partyName(party: Party, me: string, t: Translate, vendorName = (account: string) => account): string {
  switch (party.kind) {
    case 'agent':
      return party.id === me ? t('chat.said.me') : (party.name ?? party.id ?? '?')
    case 'customer':
      return party.name ?? t('chat.said.customer')
    case 'vendor': {
      const vendor = party.id ? vendorName(party.id) : t('chat.said.vendor')
      return party.name && party.name !== vendor ? `${party.name} · ${vendor}` : vendor
    }
    default:
      return party.name ?? t(`chat.said.${party.kind}`)
  }
}
