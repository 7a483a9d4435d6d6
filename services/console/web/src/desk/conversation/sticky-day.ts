/** Which day stands at the top of the list's frame, pushed away by the next one. Pure. */
import { dayOf } from '@/desk/conversation/entries'
import type { Entry } from '@/desk/conversation/entries'

/** From the frame's top to the day's own place in its row, and its height with some air. */
const ROW_MARGIN = 10
const PUSH_PX = 34

interface Placed {
  readonly start: number
}

export interface StickyDay {
  readonly at: string
  /** 0, or how far up the next day has pushed it. */
  readonly shift: number
  /** The row it stands for, where that is still in view: its own words are hidden meanwhile. */
  readonly row: string | null
}

/** Null: nothing is there, or the first day's own row is in view. */
export function stickyDay(entries: readonly Entry[], places: readonly Placed[], offset: number): StickyDay | null {
  const top = firstBelow(places, offset) - 1
  const entry = entries[Math.max(0, top)]
  const row = entry?.kind === 'break' && entry.day ? entry.key : null
  if (!entry || entries.length !== places.length) return null
  for (let place = top + 1; place < entries.length; place++) {
    const next = entries[place]
    const gap = (places[place]?.start ?? 0) - offset
    if (!next || gap > PUSH_PX) break
    if (next.kind === 'break' && next.day) {
      // The very first day has its own row and nothing above it to stand for.
      return top < 0 || dayOf(next.at) === dayOf(entry.at) ? null : { at: entry.at, row, shift: Math.min(0, Math.round(gap - PUSH_PX + ROW_MARGIN)) }
    }
  }
  return top < 0 && row ? null : { at: entry.at, row, shift: 0 }
}

/** How many rows begin at or above the offset. */
function firstBelow(places: readonly Placed[], offset: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle]?.start ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return low
}
