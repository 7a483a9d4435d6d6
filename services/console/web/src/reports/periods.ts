/** The time a report is about, in days of a calendar, and the time before it. Pure: today is an argument. */

export const PERIODS = ['today', 'week', 'month', 'own'] as const
export type PeriodName = (typeof PERIODS)[number]

/** Days as YYYY-MM-DD, both included. */
export interface Days {
  from: string
  to: string
}

const LENGTHS: Record<Exclude<PeriodName, 'own'>, number> = { today: 1, week: 7, month: 30 }
export const MOST_DAYS = 400
const DAY = 86_400_000

/** The calendar day of an instant in a time zone; null: in that of this browser. */
export function dayOf(at: number, zone: string | null): string {
  const named = zone ? { timeZone: zone } : {}
  return new Intl.DateTimeFormat('en-CA', { ...named, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)
}

/** So many days before (or after, negative) a day. */
export function daysBefore(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - count * DAY).toISOString().slice(0, 10)
}

export function daysOf(period: PeriodName, own: Days, today: string): Days {
  if (period === 'own') return { from: own.from, to: own.to }
  return { from: daysBefore(today, LENGTHS[period] - 1), to: today }
}

export function lengthOf(days: Days): number {
  return Math.round((Date.parse(`${days.to}T00:00:00Z`) - Date.parse(`${days.from}T00:00:00Z`)) / DAY) + 1
}

/** What is wrong with days that somebody chose, as a key of words; null: nothing. */
export function faultOf(days: Days): 'incomplete' | 'backwards' | 'too_long' | null {
  const length = lengthOf(days)
  if (Number.isNaN(length)) return 'incomplete'
  if (length < 1) return 'backwards'
  return length > MOST_DAYS ? 'too_long' : null
}

/** As long before a period as it is itself; of one that still runs only up to the same time, so that the two compare. */
export function before(from: string, to: string, now: number): { from: string; to: string } {
  const [since, until] = [Date.parse(from), Date.parse(to)]
  const length = until - since
  const end = Math.max(Math.min(until, now), since + 1000)
  return { from: new Date(since - length).toISOString(), to: new Date(end - length).toISOString() }
}
