import { describe, expect, it } from 'vitest'

import { deadlineUrgency, left, quotaUrgency, waitUrgency } from '@/desk/deadlines'
import { pieces } from '@/desk/highlight'
import { initialOf, shortId, toneOf } from '@/desk/names'
import { previewWords } from '@/desk/previews'
import { span } from '@/desk/times'
import { quota, t } from './builders'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const MINUTE = 60_000

describe('how urgent a deadline is', () => {
  const within = (minutes: number, remaining = 5) => quota({ remaining, deadline: new Date(NOW + minutes * MINUTE).toISOString() })

  it.each([
    [121, 'calm'],
    [119, 'soon'],
    [15, 'soon'],
    [14, 'urgent'],
    [-1, 'urgent'],
  ])('is %i minutes away: %s', (minutes, urgency) => {
    expect(deadlineUrgency(within(minutes), NOW)).toBe(urgency)
  })

  it('counts the messages too where one is written', () => {
    expect(quotaUrgency(within(600, 2), NOW)).toBe('calm')
    expect(quotaUrgency(within(600, 1), NOW)).toBe('soon')
    expect(quotaUrgency(within(600, 0), NOW)).toBe('urgent')
    expect(quotaUrgency(null, NOW)).toBe('urgent')
    expect(left(within(-1), NOW)).toBe(null)
  })

  it('grows with the waiting', () => {
    expect([1, 3, 10].map((minutes) => waitUrgency(minutes * MINUTE))).toEqual(['calm', 'soon', 'urgent'])
  })
})

describe('a span of time', () => {
  it.each([
    [0, 'times.seconds 0'],
    [59_999, 'times.seconds 59'],
    [61_000, 'times.minutes_seconds 1 1'],
    [10 * MINUTE, 'times.minutes 10'],
    [41 * 60 * MINUTE + 12 * MINUTE, 'times.hours_minutes 41 12'],
    [72 * 60 * MINUTE, 'times.days_hours 3 0'],
    [-5, 'times.seconds 0'],
  ])('of %i ms is %s', (ms, words) => {
    expect(span(ms, t)).toBe(words)
  })
})

describe('names', () => {
  it('are the end of an openid where there is none', () => {
    expect(shortId('oAbCdEfGhIjKl')).toBe('…GhIjKl')
    expect(shortId('o-short')).toBe('o-short')
  })

  it('begin with a whole character', () => {
    expect(initialOf('😀 Emoji', 'x')).toBe('😀')
    expect(initialOf('  ', 'oabc')).toBe('C')
    expect(toneOf('o1')).toBe(toneOf('o1'))
  })
})

describe('where a search hits', () => {
  it('marks every place, whatever its case, and begins near the first', () => {
    expect(pieces('Hello hello', 'HELLO')).toEqual([
      { text: 'Hello', hit: true },
      { text: ' ', hit: false },
      { text: 'hello', hit: true },
      { text: '', hit: false },
    ])
    expect(pieces(`${'前'.repeat(50)}退款`, '退款').map((piece) => piece.text)).toEqual(['…', '前'.repeat(20), '退款', ''])
  })

  it('shows a text plain where nothing of it is found', () => {
    expect(pieces('abc', 'x')).toEqual([{ text: 'abc', hit: false }])
    expect(pieces('İstanbul', 'i')).toEqual([{ text: 'İstanbul', hit: false }])
  })
})

it('says of a message in one line what it is', () => {
  expect(previewWords({ type: 'text', text: 'a\n b', direction: 'inbound' }, t)).toBe('a b')
  expect(previewWords({ type: 'image', text: '', direction: 'outbound' }, t)).toBe('lists.preview.minelists.preview.image')
  expect(previewWords({ type: 'event', text: 'some_future_event', direction: 'system' }, t)).toBe('lists.preview.event')
  expect(previewWords(null, t)).toBe('')
})
