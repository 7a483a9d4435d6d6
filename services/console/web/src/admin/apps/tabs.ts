/** The parts of an app's page, where each setting stands, and what is said of it there. Pure. */
import { same } from '@/admin/apps/merging'

export const TABS = ['connection', 'routing', 'answers', 'assignment', 'queue', 'hours', 'keeping'] as const
export type Tab = (typeof TABS)[number]
export type Errors = Record<string, string>

const PLACES: Record<string, Tab> = {
  entry: 'routing',
  after_bot: 'routing',
  rules: 'routing',
  fallbacks: 'routing',
  official: 'routing',
  welcome: 'answers',
  keyword_rules: 'answers',
  hand_off_words: 'answers',
  unmatched: 'answers',
  bot_budget: 'answers',
  bot_turn_seconds: 'answers',
  bot_reply_seconds: 'answers',
  reminder: 'answers',
  closing: 'answers',
  rating: 'answers',
  waiting: 'queue',
  give_up_words: 'queue',
  targets: 'queue',
  flood: 'queue',
  hours: 'hours',
  out_of_hours: 'hours',
  retention_days: 'keeping',
}

export function isTab(name: string | undefined): name is Tab {
  return TABS.includes(name as Tab)
}

/** Where a place such as `hours.weekly.0.from` is edited. */
export function tabOf(where: string): Tab {
  return PLACES[where.split('.')[0] ?? ''] ?? 'assignment'
}

/** What is said at a place or at anything within it; null: nothing. */
export function errorAt(errors: Errors, where: string): string | null {
  const place = Object.keys(errors).find((one) => isWithin(one, where))
  return place === undefined ? null : (errors[place] ?? null)
}

/** What is said within a place and at none of its fields, so that nobody would see it; null: nothing. */
export function errorBeside(errors: Errors, where: string, fields: readonly string[]): string | null {
  const shown = fields.map((field) => `${where}.${field}`)
  const place = Object.keys(errors).find((one) => isWithin(one, where) && !shown.some((field) => isWithin(one, field)))
  return place === undefined ? null : (errors[place] ?? null)
}

/** What was said of settings that were sent, as far as what it was said of is still the same: rows may have moved since. */
export function standing(errors: Errors, sent: object, now: object): Errors {
  const [before, after] = [sent, now] as Record<string, unknown>[]
  const unchanged = Object.entries(errors).filter(([where]) => {
    const [name = '', place = ''] = where.split('.')
    const [one, other] = [before?.[name], after?.[name]]
    return Array.isArray(one) && Array.isArray(other) && place ? same(one[Number(place)], other[Number(place)]) : same(one, other)
  })
  return Object.fromEntries(unchanged)
}

function isWithin(one: string, where: string): boolean {
  return one === where || one.startsWith(`${where}.`)
}
