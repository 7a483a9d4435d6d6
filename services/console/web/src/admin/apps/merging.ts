/** Two people changed the same settings: what each meant, together. Pure. */
import type { AppSettings } from '@/api/shapes'

export interface Merged {
  readonly settings: AppSettings
  /** What both changed, and differently: mine is kept. */
  readonly both: (keyof AppSettings)[]
}

export function merged(base: AppSettings, mine: AppSettings, theirs: AppSettings): Merged {
  const names = Object.keys(theirs) as (keyof AppSettings)[]
  const own = names.filter((name) => !same(base[name], mine[name]))
  const settings = { ...theirs, ...Object.fromEntries(own.map((name) => [name, mine[name]])) }
  return { settings, both: own.filter((name) => !same(base[name], theirs[name]) && !same(mine[name], theirs[name])) }
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
