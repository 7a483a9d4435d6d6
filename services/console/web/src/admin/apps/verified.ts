/** Whether WeChat's pushes still arrive, by when the last genuine one did. Pure. */

export type Verified = 'never' | 'stale' | 'fresh'

/** Of an app that customers write to; a quiet one is asked to be tried, no more. */
const STALE_MS = 7 * 86_400_000

export function verified(at: string | null, now: number): Verified {
  if (at === null) return 'never'
  return now - Date.parse(at) > STALE_MS ? 'stale' : 'fresh'
}
