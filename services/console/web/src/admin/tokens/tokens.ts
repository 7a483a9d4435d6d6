/** What API tokens may do, and how long they last. Pure. */
import type { Token, TokenScope } from '@/api/shapes'

export const SCOPES: readonly TokenScope[] = ['customers', 'read']

/** Days that are offered. */
export const LASTING = [30, 90, 365, 730] as const

const DAY_MS = 86_400_000
const SOON_MS = 14 * DAY_MS

export function endOf(days: number | null, now: number): number | null {
  return days === null ? null : now + days * DAY_MS
}

/** `soon`: somebody should make the next one by now. */
export function lifeOf(token: Pick<Token, 'expires_at'>, now: number): 'over' | 'soon' | 'fine' {
  if (token.expires_at === null) return 'fine'
  const left = Date.parse(token.expires_at) - now
  if (left <= 0) return 'over'
  return left < SOON_MS ? 'soon' : 'fine'
}
