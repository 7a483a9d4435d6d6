/** What people are called on the page. Pure. */
import type { Conversation } from '@/api/shapes'

const TONES = 4
const SHORT = 6

/** The nickname, else the end of the openid: its beginning is the same for everyone of an app. */
export function customerName(conversation: Conversation): string {
  return conversation.customer.name ?? shortId(conversation.customer.id)
}

export function shortId(openid: string): string {
  return openid.length > SHORT + 2 ? `…${openid.slice(-SHORT)}` : openid
}

export function initialOf(name: string | null, id: string): string {
  const first = [...(name ?? '').trim()][0] ?? [...id].at(-1) ?? '?'
  return first.toLocaleUpperCase()
}

/** A number that the same id always has. */
export function toneOf(id: string): number {
  let sum = 0
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return sum % TONES
}
