import { describe, expect, it } from 'vitest'

import { stickyDay } from '@/desk/conversation/sticky-day'
import type { Entry } from '@/desk/conversation/entries'

const day = (key: string, at: string): Entry => ({ kind: 'break', key, at, day: true, time: true, author: null })
const line = (key: string, at: string): Entry => ({ kind: 'event', key, at, message: {} as never })
const FIRST = new Date('2026-07-20T10:00:00').toISOString()
const SECOND = new Date('2026-07-21T10:00:00').toISOString()

const entries = [day('a', FIRST), line('b', FIRST), line('c', FIRST), day('d', SECOND), line('e', SECOND)]
const places = [48, 108, 408, 708, 768].map((start) => ({ start }))

describe('the day at the top', () => {
  it('is nothing while the very first day has its own row below', () => {
    expect(stickyDay(entries, places, 0)).toBeNull()
    expect(stickyDay(entries, places, 47)).toBeNull()
  })

  it('is that of the message at the top', () => {
    expect(stickyDay(entries, places, 48)).toEqual({ at: FIRST, shift: 0, row: 'a' })
    expect(stickyDay(entries, places, 500)).toEqual({ at: FIRST, shift: 0, row: null })
    expect(stickyDay(entries, places, 708)?.at).toBe(SECOND)
  })

  it('is pushed up by the next one, and follows it without a gap', () => {
    const shifts = [680, 684, 694, 704].map((offset) => stickyDay(entries, places, offset)?.shift ?? 0)
    expect(shifts).toEqual([0, 0, -10, -20])
    expect(stickyDay(entries, places, 707)?.at).toBe(FIRST)
  })

  it('stands for the messages of an unfinished history too, which begins without a row for its day', () => {
    expect(stickyDay(entries.slice(1), places.slice(1), 0)).toEqual({ at: FIRST, shift: 0, row: null })
  })

  it('is nothing where there is nothing', () => {
    expect(stickyDay([], [], 0)).toBeNull()
  })
})
