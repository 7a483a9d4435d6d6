/** Numbers of reports in words. Pure. */
import type { Kind } from './measures'
import { span } from '@/desk/times'
import type { Words } from '@/desk/times'

export const NOTHING = '–'

export function told(value: number | null, kind: Kind, locale: string, t: Words): string {
  if (value === null) return NOTHING
  if (kind === 'span') return span(value * 1000, t)
  if (kind === 'share') return share(value, locale)
  const digits = kind === 'count' ? 0 : kind === 'score' ? 2 : 1
  return number(locale, { minimumFractionDigits: kind === 'score' ? digits : 0, maximumFractionDigits: digits }).format(value)
}

/** A part of a whole, as 97 % or, where there is little of it, 0.4 %. */
export function share(value: number, locale: string): string {
  const digits = value > 0 && value < 0.1 ? 1 : 0
  return number(locale, { style: 'percent', maximumFractionDigits: digits }).format(value)
}

export type Unit = 'seconds' | 'minutes' | 'hours' | 'days'

const UNITS: readonly (readonly [Unit, number])[] = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
]

/** In which unit an axis counts that goes up to so many seconds, so that its marks are round numbers. */
export function unitFor(most: number): { unit: Unit; seconds: number } {
  const [unit, seconds] = UNITS.find(([, length]) => most >= 2 * length) ?? (['seconds', 1] as const)
  return { unit, seconds }
}

/** A day of the calendar, without a year. */
export function shortDay(day: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric', timeZone: 'UTC' }).format(Date.parse(`${day}T00:00:00Z`))
}

function number(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, options)
}
