/** Which charts a report has, made of its rows. Pure. */
import type { Drawing, Series, Tone } from './drawing'
import { MEASURES } from './measures'
import type { By, Measure, MeasureKey } from './measures'
import { shortDay, told, unitFor } from './telling'
import type { Unit } from './telling'
import type { ReportRow } from '@/api/shapes'
import type { Words } from '@/desk/times'

export type ChartKey = 'sessions' | 'waiting' | 'first_answer' | 'resolution' | 'score' | 'load'

export interface Titled {
  key: ChartKey
  unit: Unit | null
  drawing: Drawing
}

interface Line {
  label: string
  tone: Tone
  read: (row: ReportRow) => number | null
}

/** Rows that people name have names too long to stand side by side. */
export const MOST_LYING = 12

/** What no agent had is not beside what agents had. */
function drawnRows(by: By, rows: readonly ReportRow[]): ReportRow[] {
  if (by === 'day' || by === 'hour') return [...rows]
  return rows.filter((row) => by !== 'agent' || row.key !== null).slice(0, MOST_LYING)
}

export function chartsOf(by: By, rows: readonly ReportRow[], locale: string, t: Words, nameOf: (row: ReportRow) => string): Titled[] {
  const drawn = drawnRows(by, rows)
  const labels = drawn.map((row) => (by === 'day' && row.key ? shortDay(row.key, locale) : nameOf(row)))
  const base = { labels, form: formOf(by, drawn.length), stacked: false, whole: false, atLeast: 1 } as const
  const values = (lines: Line[]) => lines.map(({ label, tone, read }) => ({ label, tone, values: drawn.map(read) }))
  const tell = (measure: Measure) => (value: number) => told(value, measure.kind, locale, t)

  function spans(key: 'waiting' | 'first_answer' | 'resolution'): Titled {
    const lines = values([
      { label: t('reports.series.p50'), tone: 'accent-mark', read: MEASURES[key].read },
      { label: t('reports.series.p90'), tone: 'blue', read: MEASURES[`${key}_p90`].read },
    ])
    const { unit, seconds } = unitFor(Math.max(0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0))))
    const inUnit = lines.map((line) => ({ ...line, values: line.values.map((value) => (value === null ? null : value / seconds)) }))
    const mark = (value: number) => told(value, 'number', locale, t)
    const drawing = { ...base, series: inUnit, mark, tell: (value: number) => told(value * seconds, 'span', locale, t) }
    return { key, unit, drawing }
  }

  function plain(key: 'score' | 'load', lines: Line[], measure: Measure, more: Partial<Drawing>): Titled {
    return { key, unit: null, drawing: { ...base, series: values(lines), tell: tell(measure), mark: (value) => told(value, 'number', locale, t), ...more } }
  }

  const line = (key: MeasureKey, label: string, tone: Tone): Line => ({ label: t(label), tone, read: MEASURES[key].read })
  const score = plain('score', [line('score', 'reports.measure.score', 'accent-mark')], MEASURES.score, { atLeast: 5, most: 5 })
  const load = plain('load', [line('most', 'reports.series.most', 'accent-mark'), line('at_once', 'reports.series.at_once', 'blue')], MEASURES.at_once, { whole: true })
  const counts: Titled = {
    key: 'sessions',
    unit: null,
    drawing: { ...base, form: base.form === 'lines' ? 'bars' : base.form, stacked: true, whole: true, atLeast: 4, series: values(outcomes(t)).filter(isSome), tell: tell(MEASURES.sessions), mark: tell(MEASURES.sessions) },
  }
  return [counts, spans('waiting'), spans('first_answer'), spans('resolution'), score, ...(by === 'agent' ? [load] : [])]
}

/** Every session once. */
function outcomes(t: Words): Line[] {
  const others = (row: ReportRow) => Math.max(0, row.sessions - row.with_agent - row.by_bot - row.gave_up)
  return [
    { label: t('reports.measure.with_agent'), tone: 'accent-mark', read: (row) => row.with_agent },
    { label: t('reports.measure.by_bot'), tone: 'blue', read: (row) => row.by_bot },
    { label: t('reports.measure.gave_up'), tone: 'amber', read: (row) => row.gave_up },
    { label: t('reports.series.others'), tone: 'text-faint', read: others },
  ]
}

const isSome = (series: Series) => series.values.some((value) => value)

function formOf(by: By, count: number): Drawing['form'] {
  if (by === 'day') return count > 1 ? 'lines' : 'bars'
  return by === 'hour' ? 'bars' : 'lying'
}
