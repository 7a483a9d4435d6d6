/** How a vendor account stands, and whose sessions it may get. Pure. */
import type { VendorAccount, VendorBreaker } from '@/api/shapes'

export type AccountState =
  | { kind: 'working' | 'disabled' | 'unreadable' | 'faulty'; since: null }
  /** Left alone for some app, since then; `drill`: on purpose. */
  | { kind: 'down' | 'drill'; since: string }

/** The one thing to know of it: what keeps it from being used at all comes before what keeps one app from it. */
export function stateOf(account: VendorAccount): AccountState {
  if (!account.enabled) return { kind: 'disabled', since: null }
  if (account.unreadable.length) return { kind: 'unreadable', since: null }
  if (account.faults.length) return { kind: 'faulty', since: null }
  const open = account.breakers.filter(isDown).sort((one, other) => Number(one.drill) - Number(other.drill) || one.since.localeCompare(other.since))
  const [gravest] = open
  return gravest ? { kind: gravest.drill ? 'drill' : 'down', since: gravest.since } : { kind: 'working', since: null }
}

export const isDown = (breaker: Pick<VendorBreaker, 'state'>): boolean => breaker.state !== 'closed'

export interface AppBreaker {
  readonly appId: string
  /** null: nothing ever went wrong. */
  readonly breaker: VendorBreaker | null
}

/** The apps that lead to it, or are left alone by it; where none does, all that it could serve. */
export function appBreakers(account: VendorAccount, apps: readonly string[]): AppBreaker[] {
  const own = account.settings.app_id
  const able = typeof own === 'string' && own ? [own] : apps
  const known = [...new Set([...account.used_by, ...account.breakers.map((one) => one.app_id)])]
  return (known.length ? known : able).map((appId) => ({ appId, breaker: account.breakers.find((one) => one.app_id === appId) ?? null }))
}

/** Small letters, digits and `-`, as its id must have them; from a name in other letters nothing is left. */
export function idFrom(name: string, vendor: string, taken: readonly string[]): string {
  const stem = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 30) || vendor
  if (!taken.includes(stem)) return stem
  for (let number = 2; ; number++) if (!taken.includes(`${stem}-${number}`)) return `${stem}-${number}`
}

export const isAccountId = (id: string): boolean => /^[a-z0-9][a-z0-9-]{0,39}$/.test(id)

/** Our address with what belongs at its end, where that was entered on this page just now; it is never told again. */
export function wholeAddress(url: string, secrets: Readonly<Record<string, string>>): string {
  return url.replace(/\{([a-z_]+)\}/g, (hole, name: string) => secrets[name] || hole)
}

export const isWhole = (url: string): boolean => !/\{[a-z_]+\}/.test(url)
