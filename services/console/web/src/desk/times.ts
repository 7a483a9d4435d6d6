/** Instants and spans of time in words. Pure: the present is an argument. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export type Words = (key: string, values?: Record<string, number>) => string

/** How long until, or since: the two largest units, "41 h 12 min"; under a minute in seconds. */
export function span(ms: number, t: Words): string {
  const whole = Math.max(0, ms)
  const days = Math.floor(whole / DAY)
  const hours = Math.floor((whole % DAY) / HOUR)
  const minutes = Math.floor((whole % HOUR) / MINUTE)
  const seconds = Math.floor((whole % MINUTE) / 1000)
  if (whole >= 3 * DAY) return t('times.days_hours', { days, hours })
  if (whole >= HOUR) return t('times.hours_minutes', { hours: days * 24 + hours, minutes })
  if (whole >= 10 * MINUTE) return t('times.minutes', { minutes })
  if (whole >= MINUTE) return t('times.minutes_seconds', { minutes, seconds })
  return t('times.seconds', { seconds })
}

/** As short as a list row allows: 14:05, yesterday, a weekday, else the date. */
export function listTime(at: string, now: number, locale: string, t: Words): string {
  const then = new Date(at)
  const days = calendarDays(then, new Date(now))
  if (days <= 0) return clock(at, locale)
  if (days === 1) return t('times.yesterday')
  if (days < 7) return formatter(locale, { weekday: 'short' }).format(then)
  return date(then, new Date(now), locale)
}

/** The heading of one day's messages. */
export function dayName(at: string, now: number, locale: string, t: Words): string {
  const then = new Date(at)
  const days = calendarDays(then, new Date(now))
  if (days === 0) return t('times.today')
  if (days === 1) return t('times.yesterday')
  const weekday = formatter(locale, { weekday: 'short' }).format(then)
  return `${date(then, new Date(now), locale)} ${weekday}`
}

export function clock(at: string, locale: string): string {
  return formatter(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}

/** Everything there is to say of an instant, for a title or a table. */
export function instant(at: string, locale: string): string {
  return formatter(locale, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(at))
}

function date(then: Date, now: Date, locale: string): string {
  const year = then.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return formatter(locale, { ...year, month: 'numeric', day: 'numeric' }).format(then)
}

function calendarDays(then: Date, now: Date): number {
  const midnight = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
  return Math.round((midnight(now) - midnight(then)) / DAY)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making one takes a hundred times as long as using it, and a list uses it for every row. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  const made = formatters.get(key) ?? new Intl.DateTimeFormat(locale, options)
  formatters.set(key, made)
  return made
}
