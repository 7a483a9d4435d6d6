/** The numbers of a report: what each is called, how it is read from a row, and which way is better. Pure. */
import type { ReportFigures, ReportRow } from '@/api/shapes'

export const BYS = ['day', 'hour', 'app', 'group', 'agent'] as const
export type By = (typeof BYS)[number]

/** How a number is told: a count, a length of time, a share of 1, a score of 1 to 5, something with a fraction. */
export type Kind = 'count' | 'span' | 'share' | 'score' | 'number'

export interface Measure {
  readonly key: MeasureKey
  readonly kind: Kind
  /** Which way is good; none: neither. */
  readonly better?: 'more' | 'less'
  /** null: there is nothing to tell of. */
  readonly read: (figures: ReportFigures) => number | null
}

export type MeasureKey =
  | 'sessions'
  | 'running'
  | 'with_agent'
  | 'by_bot'
  | 'gave_up'
  | 'official'
  | 'vendor'
  | 'waiting'
  | 'waiting_p90'
  | 'first_answer'
  | 'first_answer_p90'
  | 'resolution'
  | 'resolution_p90'
  | 'in_time'
  | 'late'
  | 'agent_messages'
  | 'score'
  | 'rated'
  | 'most'
  | 'at_once'

const share = (part: number, whole: number) => (whole > 0 ? part / whole : null)

export const MEASURES: Record<MeasureKey, Measure> = {
  sessions: { key: 'sessions', kind: 'count', read: (row) => row.sessions },
  running: { key: 'running', kind: 'count', read: (row) => row.running },
  with_agent: { key: 'with_agent', kind: 'count', read: (row) => row.with_agent },
  by_bot: { key: 'by_bot', kind: 'count', read: (row) => row.by_bot },
  gave_up: { key: 'gave_up', kind: 'count', better: 'less', read: (row) => row.gave_up },
  official: { key: 'official', kind: 'count', read: (row) => row.official },
  vendor: { key: 'vendor', kind: 'count', read: (row) => row.vendor },
  waiting: { key: 'waiting', kind: 'span', better: 'less', read: (row) => row.waiting_seconds.p50 },
  waiting_p90: { key: 'waiting_p90', kind: 'span', better: 'less', read: (row) => row.waiting_seconds.p90 },
  first_answer: { key: 'first_answer', kind: 'span', better: 'less', read: (row) => row.first_answer_seconds.p50 },
  first_answer_p90: { key: 'first_answer_p90', kind: 'span', better: 'less', read: (row) => row.first_answer_seconds.p90 },
  resolution: { key: 'resolution', kind: 'span', better: 'less', read: (row) => row.resolution_seconds.p50 },
  resolution_p90: { key: 'resolution_p90', kind: 'span', better: 'less', read: (row) => row.resolution_seconds.p90 },
  in_time: { key: 'in_time', kind: 'share', better: 'more', read: (row) => share(row.with_target - row.late, row.with_target) },
  late: { key: 'late', kind: 'count', better: 'less', read: (row) => (row.with_target ? row.late : null) },
  agent_messages: { key: 'agent_messages', kind: 'count', read: (row) => row.agent_messages },
  score: { key: 'score', kind: 'score', better: 'more', read: (row) => row.rated.mean },
  rated: { key: 'rated', kind: 'share', better: 'more', read: (row) => share(row.rated.answered, row.rated.asked) },
  most: { key: 'most', kind: 'count', read: (row) => row.load?.most ?? null },
  at_once: { key: 'at_once', kind: 'number', read: (row) => row.load?.mean ?? null },
}

/** The key figures at the head of the page. */
export const TILES: readonly MeasureKey[] = ['sessions', 'waiting', 'first_answer', 'in_time', 'resolution', 'gave_up', 'score']

const COLUMNS: readonly MeasureKey[] = [
  'sessions',
  'with_agent',
  'by_bot',
  'gave_up',
  'official',
  'vendor',
  'running',
  'waiting',
  'waiting_p90',
  'first_answer',
  'first_answer_p90',
  'resolution',
  'in_time',
  'agent_messages',
  'score',
  'rated',
]

const WITHOUT_AGENT: ReadonlySet<MeasureKey> = new Set(['by_bot', 'gave_up', 'official', 'vendor', 'with_agent'])

/** Agents have no sessions that the bot ended, or that ended in line or elsewhere. */
export function columnsOf(by: By): readonly MeasureKey[] {
  if (by !== 'agent') return COLUMNS
  return [...COLUMNS.filter((key) => !WITHOUT_AGENT.has(key)), 'most', 'at_once']
}

export interface Order {
  /** null: as the console tells them. */
  readonly by: MeasureKey | 'name' | null
  readonly down: boolean
}

/** Rows in order; those of which there is nothing to tell come last either way. */
export function ordered(rows: readonly ReportRow[], order: Order, locale: string): ReportRow[] {
  const { by, down } = order
  if (by === null) return [...rows]
  const turn = down ? -1 : 1
  if (by === 'name') return [...rows].sort((a, b) => turn * (a.name ?? '').localeCompare(b.name ?? '', locale, { numeric: true }))
  const { read } = MEASURES[by]
  return [...rows].sort((a, b) => {
    const [left, right] = [read(a), read(b)]
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    return turn * (left - right)
  })
}

/** By how much of itself a number has changed; null: there is nothing to compare. */
export function changeOf(now: number | null, then: number | null): number | null {
  if (now === null || then === null) return null
  if (then === 0) return now === 0 ? 0 : null
  return (now - then) / then
}

/** Whether a change is for the better or the worse; null: neither, or too small to speak of. */
export function toneOf(measure: Measure, change: number | null): 'good' | 'bad' | null {
  if (change === null || !measure.better || Math.abs(change) < 0.01) return null
  return change > 0 === (measure.better === 'more') ? 'good' : 'bad'
}
