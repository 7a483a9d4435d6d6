/**
 * When agents work, by the rules of shared/conversation/hours.py. Pure.
 *
 * Times are minutes on the wall clock of the app's time zone, counted from 1970-01-01 00:00 of that clock, so that
 * a day is always 1440 of them and no conversion is needed to say when it opens next.
 */
import type { Hours } from '@/api/shapes'

export const DAY = 1440
/** The server's own where neither the app nor the installation names one. */
export const DEFAULT_ZONE = 'Asia/Shanghai'
export const WEEK = [1, 2, 3, 4, 5, 6, 7] as const
/** Beyond this many days nobody wants to know, and hours that never change have been seen to be so. */
const LOOKED_AHEAD_DAYS = 400

interface Span {
  readonly first: number
  readonly end: number
}

export interface Opening {
  readonly open: boolean
  /** When that changes; null: it never does. */
  readonly changesAt: number | null
}

export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name.trim() === name && name !== ''
  } catch {
    return false
  }
}

export function wallClock(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)])) as Record<string, number>
  return Date.UTC(part.year ?? 1970, (part.month ?? 1) - 1, part.day ?? 1, part.hour ?? 0, part.minute ?? 0) / 60_000
}

/** The instant at which a clock of the zone shows this local time (`2026-11-22T10:30`), in milliseconds; null: no time. */
export function instantOf(local: string, zone: string): number | null {
  const wanted = Date.parse(`${local}Z`) / 60_000
  if (Number.isNaN(wanted)) return null
  // What a clock shows is off by the zone's offset then; twice, since it may change in between.
  const guess = wanted + wanted - wallClock(wanted * 60_000, zone)
  return (guess + wanted - wallClock(guess * 60_000, zone)) * 60_000
}

export function opening(hours: Hours, now: number): Opening {
  const today = Math.floor(now / DAY)
  const days = Array.from({ length: LOOKED_AHEAD_DAYS + 2 }, (_, place) => today - 1 + place)
  const spans = joined(days.flatMap((day) => spansBeginningOn(hours, day)))
  const here = spans.find((span) => span.first <= now && now < span.end)
  const horizon = (today + LOOKED_AHEAD_DAYS) * DAY
  if (here) return { open: true, changesAt: here.end < horizon ? here.end : null }
  return { open: false, changesAt: spans.find((span) => span.first > now)?.first ?? null }
}

/** The weekly hours as pieces of each day, Monday first: what goes past midnight is a piece of the next day too. */
export function weekPieces(weekly: Hours['weekly']): Span[][] {
  const pieces: Span[][] = WEEK.map(() => [])
  for (const window of weekly.filter(isWhole)) {
    const { first, end } = span(window)
    for (const day of window.days) {
      pieces[day - 1]?.push({ first, end: Math.min(end, DAY) })
      if (end > DAY) pieces[day % 7]?.push({ first: 0, end: end - DAY })
    }
  }
  return pieces.map(joined)
}

/** Whether both times are given and some time lies between them. */
export function isWhole(window: { from: string; to: string }): boolean {
  return window.from !== '' && window.to !== '' && window.from !== window.to
}

export function dayName(day: number): string {
  return new Date(day * DAY * 60_000).toISOString().slice(0, 10)
}

function spansBeginningOn(hours: Hours, day: number): Span[] {
  const name = dayName(day)
  const extra = hours.extra_days.filter((window) => window.date === name)
  const closed = hours.holidays.some((holiday) => holiday.date === name)
  const weekly = closed ? [] : hours.weekly.filter((window) => window.days.includes(weekday(day)))
  return [...extra, ...weekly].filter(isWhole).map((window) => {
    const { first, end } = span(window)
    return { first: day * DAY + first, end: day * DAY + end }
  })
}

/** 1 Monday … 7 Sunday; the first of 1970 was a Thursday. */
function weekday(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1
}

function span(window: { from: string; to: string }): Span {
  const first = minutes(window.from)
  const end = minutes(window.to)
  return { first, end: end > first ? end : end + DAY }
}

function minutes(time: string): number {
  const [hours = 0, rest = 0] = time.split(':').map(Number)
  return hours * 60 + rest
}

function joined(spans: Span[]): Span[] {
  const whole: Span[] = []
  for (const next of [...spans].sort((one, other) => one.first - other.first)) {
    const last = whole.at(-1)
    if (last && next.first <= last.end) whole[whole.length - 1] = { first: last.first, end: Math.max(last.end, next.end) }
    else whole.push(next)
  }
  return whole
}
