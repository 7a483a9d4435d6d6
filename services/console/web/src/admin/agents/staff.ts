/** Who is shown of the agents, in what order, and who may change what of them. Pure. */
import type { AppSummary, Colleague, Group, Me } from '@/api/shapes'

export type Kind = 'everyone' | 'online' | 'supervisors' | 'disabled'
export const KINDS: readonly Kind[] = ['everyone', 'online', 'supervisors', 'disabled']

const RANKS: readonly Me['role'][] = ['admin', 'supervisor', 'agent']

const IS: Record<Kind, (one: Colleague) => boolean> = {
  everyone: (one) => one.enabled,
  online: (one) => one.enabled && one.presence === 'online',
  supervisors: (one) => one.enabled && one.role !== 'agent',
  disabled: (one) => !one.enabled,
}

export function shown(staff: readonly Colleague[], kind: Kind, words: string): Colleague[] {
  const wanted = words.trim().toLocaleLowerCase()
  const fits = (one: Colleague) => [one.name, one.id, ...one.groups].some((text) => text.toLocaleLowerCase().includes(wanted))
  return staff.filter((one) => IS[kind](one) && fits(one))
}

export function countOf(staff: readonly Colleague[], kind: Kind): number {
  return staff.filter(IS[kind]).length
}

/** Nobody else could administer if this one did not. */
export function isOnlyAdmin(staff: readonly Colleague[], id: string): boolean {
  const admins = staff.filter((one) => one.enabled && one.role === 'admin')
  return admins.length === 1 && admins[0]?.id === id
}

export interface GroupRow {
  readonly name: string
  readonly agents: Colleague[]
  readonly apps: AppSummary[]
  /** Why nothing comes of it: customers of its apps wait for ever, or no app asks for it. */
  readonly lacks: 'agents' | 'apps' | null
}

export function groupRows(groups: readonly Group[], staff: readonly Colleague[], apps: readonly AppSummary[]): GroupRow[] {
  return groups.map((group) => {
    const agents = staff.filter((one) => one.enabled && group.agents.includes(one.id)).sort(byRank)
    const served = apps.filter((app) => group.apps.includes(app.id))
    return { name: group.name, agents, apps: served, lacks: served.length && !agents.length ? 'agents' : served.length ? null : 'apps' }
  })
}

function byRank(one: Colleague, other: Colleague): number {
  return RANKS.indexOf(one.role) - RANKS.indexOf(other.role) || one.name.localeCompare(other.name)
}
