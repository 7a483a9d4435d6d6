import { describe, expect, it } from 'vitest'

import { DAY, dayName, isZone, opening, wallClock, weekPieces } from '@/admin/apps/hours'
import { hours } from './app-settings-builder'

/** 2026-11-23 was a Monday. */
const at = (text: string) => Date.parse(`${text}Z`) / 60_000
const said = (changesAt: number | null) => (changesAt === null ? null : new Date(changesAt * 60_000).toISOString().slice(0, 16))
const state = (given: Parameters<typeof hours>[0], now: string) => {
  const { open, changesAt } = opening(hours(given), at(now))
  return [open, said(changesAt)]
}
const OFFICE = { days: [1, 2, 3, 4, 5], from: '09:00', to: '18:00' }

describe('opening', () => {
  it.each([
    ['2026-11-23T08:59', [false, '2026-11-23T09:00']],
    ['2026-11-23T09:00', [true, '2026-11-23T18:00']],
    ['2026-11-23T18:00', [false, '2026-11-24T09:00']],
    ['2026-11-27T20:00', [false, '2026-11-30T09:00']],
  ])('of a weekday office at %s', (now, expected) => {
    expect(state({ weekly: [OFFICE] }, now)).toEqual(expected)
  })

  it('goes on past midnight, into the day after a holiday eve', () => {
    const night = { weekly: [{ days: [1], from: '22:00', to: '02:00' }], holidays: [{ date: '2026-11-24', name: null }] }
    expect(state(night, '2026-11-24T01:59')).toEqual([true, '2026-11-24T02:00'])
    expect(state(night, '2026-11-24T22:30')).toEqual([false, '2026-11-30T22:00'])
  })

  it('leaves a holiday out, but not an extra day on it', () => {
    const week = { weekly: [OFFICE], holidays: [{ date: '2026-11-23', name: '节' }] }
    expect(state(week, '2026-11-23T10:00')).toEqual([false, '2026-11-24T09:00'])
    expect(state({ ...week, extra_days: [{ date: '2026-11-23', from: '10:00', to: '12:00' }] }, '2026-11-23T10:00')).toEqual([true, '2026-11-23T12:00'])
  })

  it('joins windows that touch, and knows of always and never', () => {
    const whole = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }]
    expect(state({ weekly: whole }, '2026-11-23T10:00')).toEqual([true, null])
    expect(state({ weekly: [{ ...OFFICE, to: '12:00' }, { ...OFFICE, from: '12:00' }] }, '2026-11-23T10:00')).toEqual([true, '2026-11-23T18:00'])
    expect(state({ extra_days: [{ date: '2026-11-01', from: '09:00', to: '18:00' }] }, '2026-11-23T10:00')).toEqual([false, null])
  })

  it('does not mind rows that are still being typed', () => {
    expect(state({ weekly: [{ ...OFFICE, to: '' }, { ...OFFICE, from: '09:00', to: '09:00' }] }, '2026-11-23T10:00')).toEqual([false, null])
  })
})

it('reads the wall clock of another zone, over its change of clocks', () => {
  expect(said(wallClock(Date.parse('2026-11-23T02:30:00Z'), 'Asia/Shanghai'))).toBe('2026-11-23T10:30')
  expect(said(wallClock(Date.parse('2026-03-29T00:59:00Z'), 'Europe/Berlin'))).toBe('2026-03-29T01:59')
  expect(said(wallClock(Date.parse('2026-03-29T01:00:00Z'), 'Europe/Berlin'))).toBe('2026-03-29T03:00')
  expect(said(wallClock(Date.parse('2025-12-31T16:00:00Z'), 'Asia/Shanghai'))).toBe('2026-01-01T00:00')
  expect(dayName(at('2026-11-23T00:00') / DAY)).toBe('2026-11-23')
})

it('cuts the week into days', () => {
  const pieces = weekPieces([
    { days: [7], from: '22:00', to: '02:00' },
    { days: [1], from: '02:00', to: '24:00' },
  ])
  expect(pieces[6]).toEqual([{ first: 1320, end: 1440 }])
  expect(pieces[0]).toEqual([{ first: 0, end: 1440 }])
  expect(pieces[1]).toEqual([])
})

it('knows time zones', () => {
  expect(['Asia/Shanghai', 'UTC', 'X/Y', '', ' UTC'].map(isZone)).toEqual([true, true, false, false, false])
})
