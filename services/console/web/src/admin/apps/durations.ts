/** Seconds as people say them: a number and a unit. Pure. */

type Translate = (key: string, values?: Record<string, unknown>) => string

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const
export type Unit = keyof typeof UNITS

/** The largest unit of which it is a whole number; of those given, if it is one of any of them. */
export function unitOf(seconds: number, units: readonly Unit[] = ['seconds', 'minutes', 'hours', 'days']): Unit {
  const names = (Object.keys(UNITS) as Unit[]).reverse().filter((name) => units.includes(name))
  return names.find((name) => seconds > 0 && seconds % UNITS[name] === 0) ?? (seconds > 0 ? 'seconds' : (units[0] ?? 'seconds'))
}

/** "5 min", "48 h": two days are hours here, as WeChat says it. */
export function spoken(seconds: number, t: Translate): string {
  const unit = unitOf(seconds, seconds > 172_800 ? undefined : ['seconds', 'minutes', 'hours'])
  return t(`apps.spans.${unit}`, { amount: seconds / UNITS[unit] })
}
