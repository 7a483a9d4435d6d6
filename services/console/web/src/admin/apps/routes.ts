/** Routing rules and fallbacks as the page edits them: conditions are rows, whichever were added, in their order. Pure. */
import { insertedAfter, row } from '@/admin/apps/rows'
import type { Row } from '@/admin/apps/rows'
import { number, words } from '@/admin/apps/typed'
import type { Typed } from '@/admin/apps/typed'
import type { Conditions, Destination, Fallback, RoutingRule, SourceTest } from '@/api/shapes'

export type ConditionDraft = Row &
  (
    | { kind: 'source'; field: string; match: SourceTest['match']; values: string[] }
    | { kind: 'words' | 'tags' | 'customers'; values: string[] }
    | { kind: 'profile'; name: string; values: string[] }
    | { kind: 'hours'; hours: 'open' | 'closed' }
    | { kind: 'weekdays'; days: number[] }
    | { kind: 'holiday'; holiday: boolean }
  )
export type ConditionKind = ConditionDraft['kind']

export interface RouteDraft extends Row {
  name: string
  when: ConditionDraft[]
  to: Destination
}

export interface FallbackDraft extends Row {
  when: Fallback['when']
  after_seconds: Typed
  to: Destination
  say: string
}

export const KINDS: readonly ConditionKind[] = ['source', 'words', 'tags', 'profile', 'customers', 'hours', 'weekdays', 'holiday']
/** How many of one kind a rule may have. */
const SEVERAL: Partial<Record<ConditionKind, number>> = { source: 10, profile: 10 }
/** Who answers a session that no rule is for, as a destination: the entry may be `vendor:` and an account. */
export function entryDestination(entry: string): Destination {
  const [kind = 'agents', name] = entry.split(':')
  return { kind: kind as Destination['kind'], name: name ?? null }
}

export const AGENTS: Destination = { kind: 'agents', name: null }

export function newCondition(kind: ConditionKind): ConditionDraft {
  switch (kind) {
    case 'source':
      return row({ kind, field: '', match: 'equals' as const, values: [] })
    case 'profile':
      return row({ kind, name: '', values: [] })
    case 'hours':
      return row({ kind, hours: 'open' as const })
    case 'weekdays':
      return row({ kind, days: [6, 7] })
    case 'holiday':
      return row({ kind, holiday: true })
    default:
      return row({ kind, values: [] })
  }
}

export const newRoute = (): RouteDraft => row({ name: '', when: [newCondition('source')], to: { ...AGENTS } })
export const newFallback = (): FallbackDraft => row({ when: 'waiting_longer' as const, after_seconds: 300, to: { ...AGENTS }, say: '' })

/** What may still be added to these. */
export function addable(when: readonly ConditionDraft[]): ConditionKind[] {
  return KINDS.filter((kind) => when.filter((one) => one.kind === kind).length < (SEVERAL[kind] ?? 1))
}

export function routeDraftOf(rule: RoutingRule): RouteDraft {
  return row({ name: rule.name, when: conditionDraftsOf(rule.when), to: { ...rule.to } })
}

export function routeOf(draft: RouteDraft): RoutingRule {
  return { name: draft.name.trim(), when: conditionsOf(draft.when), to: { ...draft.to } }
}

/** The same rule again behind itself, under a name that no other has. */
export function duplicated(rules: readonly RouteDraft[], place: number): RouteDraft[] {
  const one = rules[place]
  if (!one) return [...rules]
  const copy = routeDraftOf(routeOf(one))
  return insertedAfter(rules, place, { ...copy, name: freeName(one.name.trim(), rules) })
}

export function fallbackDraftOf(fallback: Fallback): FallbackDraft {
  return row({ when: fallback.when, after_seconds: fallback.after_seconds, to: { ...fallback.to }, say: fallback.say ?? '' })
}

export function fallbackOf(draft: FallbackDraft): Fallback {
  return {
    when: draft.when,
    after_seconds: number(draft.after_seconds),
    to: { ...draft.to },
    say: words(draft.say),
  }
}

export function conditionsOf(when: readonly ConditionDraft[]): Conditions {
  const none: Conditions = { source: [], words: [], tags: [], customers: [], profile: [], hours: null, weekdays: null, holiday: null }
  return when.reduce<Conditions>((all, one) => {
    switch (one.kind) {
      case 'source':
        return { ...all, source: [...all.source, { field: one.field.trim() || null, match: one.match, values: [...one.values] }] }
      case 'profile':
        return { ...all, profile: [...all.profile, { name: one.name.trim(), values: [...one.values] }] }
      case 'hours':
        return { ...all, hours: one.hours }
      case 'weekdays':
        return { ...all, weekdays: [...one.days].sort() }
      case 'holiday':
        return { ...all, holiday: one.holiday }
      default:
        return { ...all, [one.kind]: [...one.values] }
    }
  }, none)
}

/** Where the console speaks of a condition, below `when`: `source.1`, `words` … */
export function placeOf(when: readonly ConditionDraft[], condition: ConditionDraft): string {
  if (condition.kind !== 'source' && condition.kind !== 'profile') return condition.kind
  const same = when.filter((one) => one.kind === condition.kind)
  return `${condition.kind}.${same.findIndex((one) => one.key === condition.key)}`
}

function conditionDraftsOf(when: Conditions): ConditionDraft[] {
  const found: ConditionDraft[] = []
  for (const test of when.source) found.push(row({ kind: 'source', field: test.field ?? '', match: test.match, values: [...test.values] }))
  for (const kind of ['words', 'tags'] as const) if (when[kind].length) found.push(row({ kind, values: [...when[kind]] }))
  for (const test of when.profile) found.push(row({ kind: 'profile', name: test.name, values: [...test.values] }))
  if (when.customers.length) found.push(row({ kind: 'customers', values: [...when.customers] }))
  if (when.hours) found.push(row({ kind: 'hours', hours: when.hours }))
  if (when.weekdays) found.push(row({ kind: 'weekdays', days: [...when.weekdays] }))
  if (when.holiday !== null) found.push(row({ kind: 'holiday', holiday: when.holiday }))
  return found
}

function freeName(name: string, rules: readonly RouteDraft[]): string {
  const taken = new Set(rules.map((rule) => rule.name.trim()))
  const stem = name.replace(/ \d+$/, '')
  for (let number = 2; ; number++) if (!taken.has(`${stem} ${number}`)) return stem && `${stem} ${number}`
}

/** Profile fields typed as `name=value`. */
export function pairsOf(words: readonly string[]): { name: string; value: string }[] {
  const pairs = words.map((word) => /^([^=＝:：]+)[=＝:：](.*)$/u.exec(word)).filter((hit) => hit !== null)
  const byName = new Map(pairs.map(([, name = '', value = '']) => [name.trim(), value.trim()]))
  return [...byName].filter(([name]) => name).map(([name, value]) => ({ name, value }))
}
