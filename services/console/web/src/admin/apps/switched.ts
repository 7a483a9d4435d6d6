/** What became of an app's open sessions when it was switched, in words. Pure. */
import type { Switched } from '@/api/shapes'

type Translate = (key: string, values?: Record<string, unknown>) => string

export interface Line {
  readonly words: string
  readonly tone: 'good' | 'doubtful' | 'bad'
}

const TONES = { moved: 'good', failed: 'bad', unsettled: 'doubtful', left: 'doubtful' } as const

/** Nothing where no open session was to move. */
export function switchedWords(found: Switched, sessions: 'new' | 'all', t: Translate): Line[] {
  if (sessions === 'new') return []
  const counted = (['moved', 'failed', 'unsettled', 'left'] as const).filter((what) => found[what] > 0)
  if (!counted.length) return [{ words: t('apps.switching.none'), tone: 'good' }]
  return counted.map((what) => ({ words: t(`apps.switching.${what}`, { count: found[what] }), tone: TONES[what] }))
}

/** A call that goes on where another ended: what moved adds up, the rest is as the last one found it. */
export function added(before: Switched, now: Switched): Switched {
  return { ...now, moved: before.moved + now.moved }
}
