import { describe, expect, it } from 'vitest'

import type { ReportFigures, ReportRow } from '@/api/shapes'
import { written, read } from '@/reports/asked'
import { MOST_LYING, chartsOf } from '@/reports/charts'
import { MEASURES, changeOf, columnsOf, ordered, toneOf } from '@/reports/measures'
import { before, dayOf, daysBefore, daysOf, faultOf, lengthOf } from '@/reports/periods'
import { told, unitFor } from '@/reports/telling'

const NONE = { sessions: 0, p50: null, p90: null, mean: null }
const t = (key: string, values: Record<string, number> = {}) => [key.split('.').at(-1), ...Object.values(values)].join(' ')

function figures(more: Partial<ReportFigures> = {}): ReportFigures {
  return {
    sessions: 0,
    running: 0,
    with_agent: 0,
    by_bot: 0,
    gave_up: 0,
    official: 0,
    vendor: 0,
    waiting_seconds: NONE,
    first_answer_seconds: NONE,
    resolution_seconds: NONE,
    agent_messages: 0,
    rated: { asked: 0, answered: 0, mean: null, counts: [0, 0, 0, 0, 0] },
    with_target: 0,
    late: 0,
    load: null,
    ...more,
  }
}

const row = (key: string | null, more: Partial<ReportFigures> = {}): ReportRow => ({ key, name: key, ...figures(more) })
const waited = (p50: number, p90 = p50) => ({ waiting_seconds: { sessions: 1, p50, p90, mean: p50 } })

describe('periods', () => {
  it('are days of a time zone, today among them', () => {
    const at = Date.parse('2026-11-22T16:30:00Z')
    expect(dayOf(at, 'Asia/Shanghai')).toBe('2026-11-23')
    expect(dayOf(at, 'UTC')).toBe('2026-11-22')
    expect(daysBefore('2026-03-01', 1)).toBe('2026-02-28')
    const own = { from: '2026-01-01', to: '2026-01-31' }
    expect(daysOf('today', own, '2026-11-22')).toEqual({ from: '2026-11-22', to: '2026-11-22' })
    expect(daysOf('week', own, '2026-11-02')).toEqual({ from: '2026-10-27', to: '2026-11-02' })
    expect(lengthOf(daysOf('month', own, '2026-11-22'))).toBe(30)
    expect(daysOf('own', { ...own, ...{ by: 'day' } }, '2026-11-22')).toEqual(own)
  })

  it('that cannot be are named', () => {
    expect(faultOf({ from: '', to: '2026-01-01' })).toBe('incomplete')
    expect(faultOf({ from: '2026-01-02', to: '2026-01-01' })).toBe('backwards')
    expect(faultOf({ from: '2025-01-01', to: '2026-02-05' })).toBe('too_long')
    expect(faultOf({ from: '2025-01-01', to: '2026-02-04' })).toBe(null)
  })

  it('compare with as long a time before, up to the same hour', () => {
    const [from, to] = ['2026-11-21T16:00:00Z', '2026-11-22T16:00:00Z']
    const past = { from: '2026-11-20T16:00:00.000Z', to: '2026-11-21T16:00:00.000Z' }
    expect(before(from, to, Date.parse('2026-12-01T00:00:00Z'))).toEqual(past)
    expect(before(from, to, Date.parse('2026-11-22T04:00:00Z'))).toEqual({ ...past, to: '2026-11-21T04:00:00.000Z' })
    expect(Date.parse(before(from, to, 0).to)).toBeGreaterThan(Date.parse(past.from))
  })
})

describe('the address of a report', () => {
  it('says only what is not as at first, and is read back', () => {
    expect(written(read({}))).toEqual({})
    const own = { period: 'own', from: '2026-01-01', to: '2026-01-31', by: 'agent', app: 'wx1', group: '', agent: '' } as const
    expect(written(own)).toEqual({ period: 'own', from: '2026-01-01', to: '2026-01-31', by: 'agent', app: 'wx1' })
    expect(read(written(own))).toEqual(own)
    expect(written({ ...own, period: 'today', by: 'hour', app: '' })).toEqual({ period: 'today' })
    expect(read({ period: 'today' }).by).toBe('hour')
    expect(read({ period: 'year', by: ['day', 'app'] })).toMatchObject({ period: 'week', by: 'day' })
  })
})

describe('numbers', () => {
  it('are told by their kind', () => {
    expect(told(null, 'span', 'en', t)).toBe('–')
    expect(told(75, 'span', 'en', t)).toBe('minutes_seconds 1 15')
    expect(told(1234, 'count', 'en', t)).toBe('1,234')
    expect(told(0.5, 'share', 'en', t)).toBe('50%')
    expect(told(0.004, 'share', 'en', t)).toBe('0.4%')
    expect(told(4.6, 'score', 'en', t)).toBe('4.60')
    expect(told(1.25, 'number', 'en', t)).toBe('1.3')
  })

  it('of an axis are round in their unit', () => {
    expect(unitFor(119)).toEqual({ unit: 'seconds', seconds: 1 })
    expect(unitFor(120)).toEqual({ unit: 'minutes', seconds: 60 })
    expect(unitFor(7200)).toEqual({ unit: 'hours', seconds: 3600 })
    expect(unitFor(200_000)).toEqual({ unit: 'days', seconds: 86_400 })
  })

  it('are shares only of what there is', () => {
    expect(MEASURES.in_time.read(figures())).toBe(null)
    expect(MEASURES.in_time.read(figures({ with_target: 4, late: 1 }))).toBe(0.75)
    expect(MEASURES.late.read(figures())).toBe(null)
  })

  it('change for the better or the worse', () => {
    expect(changeOf(3, 2)).toBe(0.5)
    expect(changeOf(0, 0)).toBe(0)
    expect(changeOf(3, 0)).toBe(null)
    expect(changeOf(null, 2)).toBe(null)
    expect(toneOf(MEASURES.waiting, 0.5)).toBe('bad')
    expect(toneOf(MEASURES.waiting, -0.5)).toBe('good')
    expect(toneOf(MEASURES.score, 0.5)).toBe('good')
    expect(toneOf(MEASURES.score, 0.001)).toBe(null)
    expect(toneOf(MEASURES.sessions, 0.5)).toBe(null)
  })
})

describe('the table', () => {
  const rows = [row('b', waited(20)), row('a'), row('c', waited(5))]
  const keys = (...order: Parameters<typeof ordered>) => ordered(...order).map((one) => one.key)

  it('is sorted by any number, rows without one last', () => {
    expect(keys(rows, { by: null, down: false }, 'en')).toEqual(['b', 'a', 'c'])
    expect(keys(rows, { by: 'waiting', down: true }, 'en')).toEqual(['b', 'c', 'a'])
    expect(keys(rows, { by: 'waiting', down: false }, 'en')).toEqual(['c', 'b', 'a'])
    expect(keys(rows, { by: 'name', down: false }, 'en')).toEqual(['a', 'b', 'c'])
  })

  it('has the load for agents only', () => {
    expect(columnsOf('agent')).toContain('most')
    expect(columnsOf('agent')).not.toContain('by_bot')
    expect(columnsOf('day')).not.toContain('most')
  })
})

describe('charts', () => {
  const nameOf = (one: ReportRow) => one.name ?? 'none'

  it('of days are lines, in a unit that suits, with every session in one part', () => {
    const rows = [row('2026-11-21', { sessions: 7, with_agent: 3, by_bot: 2, gave_up: 1, ...waited(60, 180) }), row('2026-11-22')]
    const [counts, waiting] = chartsOf('day', rows, 'en-GB', t, nameOf)
    expect(counts?.drawing.form).toBe('bars')
    expect(counts?.drawing.series.map((series) => series.values)).toEqual([[3, 0], [2, 0], [1, 0], [1, 0]])
    expect(waiting).toMatchObject({ key: 'waiting', unit: 'minutes' })
    expect(waiting?.drawing).toMatchObject({ form: 'lines', labels: ['21/11', '22/11'] })
    expect(waiting?.drawing.series.map((series) => series.values)).toEqual([[1, null], [3, null]])
    expect(waiting?.drawing.tell(3)).toBe('minutes_seconds 3 0')
  })

  it('of people lie, show the first of many, and their load', () => {
    const rows = Array.from({ length: 20 }, (_, number) => row(`a${number}`, { sessions: 20 - number, load: { most: 2, mean: 1.5 } }))
    const charts = chartsOf('agent', rows, 'en-GB', t, nameOf)
    expect(charts.map((chart) => chart.key)).toEqual(['sessions', 'waiting', 'first_answer', 'resolution', 'score', 'load'])
    expect(charts.every((chart) => chart.drawing.form === 'lying' && chart.drawing.labels.length === MOST_LYING)).toBe(true)
    expect(chartsOf('app', rows, 'en-GB', t, nameOf).map((chart) => chart.key)).not.toContain('load')
  })
})
