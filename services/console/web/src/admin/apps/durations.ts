/** Seconds as people say them: a number and a unit. Pure. */

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const
export type Unit = keyof typeof UNITS

/** The largest unit of which it is a whole number. */
export function unitOf(seconds: number): Unit {
  const names = (Object.keys(UNITS) as Unit[]).reverse()
  return names.find((name) => seconds > 0 && seconds % UNITS[name] === 0) ?? 'seconds'
}
