/** What is wrong with settings before they are sent, by the console's places (`keyword_rules.0.words`). Pure. */
import { spoken } from '@/admin/apps/durations'
import { isZone } from '@/admin/apps/hours'
import type { SettingsDraft } from '@/admin/apps/draft'
import type { ConditionDraft, RouteDraft } from '@/admin/apps/routes'
import { placeOf } from '@/admin/apps/routes'
import type { Typed } from '@/admin/apps/typed'
import type { Destination } from '@/api/shapes'
import { LIMIT_BYTES, bytesOf } from '@/desk/composer/text-parts'

/** Words by their key below `apps.wrong`, and what goes into them. */
export interface Fault {
  readonly key: string
  readonly values: Record<string, number>
}
export type Faults = Record<string, Fault>

export const LIMITS = {
  rules: 200,
  hand_off_words: 50,
  routes: 100,
  fallbacks: 10,
  route_name: 60,
  values: 100,
  retention_days: [7, 3650],
} as const

/** Seconds, the least and the most, by their place; the hours after which nobody can answer any more are 48. */
const ALIVE = 172_800
const YEAR = 86_400 * 365
const SPANS: readonly [string, readonly [number, number], (draft: SettingsDraft) => Typed | null][] = [
  ['bot_turn_seconds', [1, 300], (draft) => draft.bot_turn_seconds],
  ['bot_reply_seconds', [10, ALIVE], (draft) => draft.bot_reply_seconds],
  ['idle_close_seconds.bot', [60, YEAR], (draft) => draft.idle_close_seconds.bot],
  ['idle_close_seconds.waiting', [60, YEAR], (draft) => draft.idle_close_seconds.waiting],
  ['idle_close_seconds.agent', [60, YEAR], (draft) => draft.idle_close_seconds.agent],
  ['assignment.offer_seconds', [5, 3600], ({ assignment }) => (assignment.offers ? assignment.offer_seconds : null)],
  ['assignment.last_agent_seconds', [1, 3600], ({ assignment }) => (assignment.last_agent_first ? assignment.last_agent_seconds : null)],
  ['assignment.reopen_seconds', [1, ALIVE], ({ assignment }) => (assignment.reopens ? assignment.reopen_seconds : null)],
  ['assignment.offline_seconds', [0, ALIVE], ({ assignment }) => assignment.offline_seconds],
  ['waiting.after_seconds', [0, ALIVE], ({ waiting }) => waiting.after_seconds],
  ['waiting.every_seconds', [60, ALIVE], ({ waiting }) => waiting.every_seconds],
  ['targets.answer_seconds', [1, ALIVE], ({ targets }) => (targets.answers ? targets.answer_seconds : null)],
  ['targets.warn_seconds', [0, ALIVE], ({ targets }) => targets.warn_seconds],
  ['targets.window_seconds', [0, ALIVE], ({ targets }) => targets.window_seconds],
  ['targets.agent_silent_seconds', [1, ALIVE], ({ targets }) => (targets.watches ? targets.agent_silent_seconds : null)],
  ['reminder.after_seconds', [60, ALIVE], ({ reminder }) => reminder.after_seconds],
  ['rating.within_seconds', [60, ALIVE], ({ rating }) => rating.within_seconds],
  ['flood.seconds', [10, 3600], (draft) => (draft.limits_flood ? draft.flood.seconds : null)],
]

/** Spans of time as people say them. */
export function faultWords({ key, values }: Fault, t: (key: string, values?: Record<string, unknown>) => string): string {
  const spans = key === 'span' ? { least: spoken(values.least ?? 0, t), most: spoken(values.most ?? 0, t) } : values
  return t(`apps.wrong.${key}`, spans)
}

export function faultsOf(draft: SettingsDraft): Faults {
  const faults: Faults = {}
  const found = (where: string, key: string, values: Record<string, number> = {}) => (faults[where] ??= { key, values })
  const within = (where: string, typed: Typed, [least, most]: readonly [number, number], key = 'number') => {
    if (typed === '' || !Number.isInteger(typed) || typed < least || typed > most) found(where, key, { least, most })
  }
  if (isNameless(draft.after_bot)) found('after_bot', 'needs_name')
  draft.rules.forEach((rule, place) => checkRoute(rule, place, draft.rules, found))
  draft.fallbacks.forEach((one, place) => {
    const where = `fallbacks.${place}`
    if (isNameless(one.to)) found(`${where}.to`, 'needs_name')
    within(`${where}.after_seconds`, one.after_seconds, [one.when === 'waiting_longer' ? 1 : 0, ALIVE], 'span')
  })
  for (const [where, text] of textsOf(draft)) {
    if (bytesOf(text) > LIMIT_BYTES) found(where, 'too_long', { bytes: bytesOf(text), limit: LIMIT_BYTES })
  }
  draft.keyword_rules.forEach((rule, place) => rule.words.length || found(`keyword_rules.${place}.words`, 'needs_words'))
  if (draft.keyword_rules.length > LIMITS.rules) found('keyword_rules', 'most', { most: LIMITS.rules })
  if (draft.hand_off_words.length > LIMITS.hand_off_words) found('hand_off_words', 'most', { most: LIMITS.hand_off_words })
  within('bot_budget', draft.bot_budget, [0, 5])
  for (const [where, limits, read] of SPANS) {
    const typed = read(draft)
    if (typed !== null) within(where, typed, limits, 'span')
  }
  within('waiting.most', draft.waiting.most, [1, 5])
  if (draft.limits_flood) within('flood.messages', draft.flood.messages, [5, 1000])
  if (draft.limits_retention) within('retention_days', draft.retention_days, LIMITS.retention_days)
  if (draft.hours.limited) checkHours(draft.hours, found)
  return faults
}

type Found = (where: string, key: string, values?: Record<string, number>) => unknown

/** Of groups, agents and vendor accounts there are several. */
const isNameless = (to: Destination) => (to.kind === 'group' || to.kind === 'agent' || to.kind === 'vendor') && !to.name

function checkRoute(rule: RouteDraft, place: number, rules: readonly RouteDraft[], found: Found): void {
  const where = `rules.${place}`
  const name = rule.name.trim()
  if (!name) found(`${where}.name`, 'blank')
  else if (rules.findIndex((other) => other.name.trim() === name) < place) found(`${where}.name`, 'name_twice')
  if (isNameless(rule.to)) found(`${where}.to`, 'needs_name')
  for (const condition of rule.when) {
    const fault = conditionFault(condition)
    if (fault) found(`${where}.when.${placeOf(rule.when, condition)}${fault.at}`, fault.key, { most: LIMITS.values })
  }
}

function conditionFault(condition: ConditionDraft): { at: string; key: string } | null {
  if (condition.kind === 'hours' || condition.kind === 'holiday') return null
  if (condition.kind === 'weekdays') return condition.days.length ? null : { at: '', key: 'needs_days' }
  if (condition.kind === 'profile' && !condition.name.trim()) return { at: '.name', key: 'blank' }
  if (condition.values.length > LIMITS.values) return { at: '', key: 'most' }
  return condition.values.length ? null : { at: condition.kind === 'source' || condition.kind === 'profile' ? '.values' : '', key: 'needs_values' }
}

function checkHours(hours: SettingsDraft['hours'], found: Found): void {
  if (hours.time_zone.trim() && !isZone(hours.time_zone.trim())) found('hours.time_zone', 'zone')
  if (!hours.weekly.length && !hours.extra_days.length) found('hours.weekly', 'no_hours')
  hours.weekly.forEach((one, place) => {
    if (!one.days.length) found(`hours.weekly.${place}`, 'needs_days')
    checkTimes(one, `hours.weekly.${place}`, found)
  })
  hours.holidays.forEach((one, place) => {
    if (!one.date) found(`hours.holidays.${place}`, 'needs_date')
    else if (hours.holidays.findIndex((other) => other.date === one.date) < place) found(`hours.holidays.${place}`, 'twice')
  })
  hours.extra_days.forEach((one, place) => {
    if (!one.date) found(`hours.extra_days.${place}`, 'needs_date')
    checkTimes(one, `hours.extra_days.${place}`, found)
  })
}

function checkTimes(window: { from: string; to: string }, where: string, found: Found): void {
  if (!window.from || !window.to) found(where, 'needs_times')
  // From midnight to midnight is the whole day.
  else if (window.from === window.to && window.from !== '00:00') found(where, 'no_time')
}

function textsOf(draft: SettingsDraft): [string, string][] {
  return [
    ['welcome', draft.welcome],
    ['unmatched.reply', draft.unmatched.reply],
    ['out_of_hours', draft.out_of_hours],
    ['official.say', draft.official.say],
    ['waiting.say', draft.waiting.say],
    ['reminder.say', draft.reminder.say],
    ['closing', draft.closing],
    ['rating.ask', draft.rating.ask],
    ['rating.thanks', draft.rating.thanks],
    ...draft.fallbacks.map((one, place): [string, string] => [`fallbacks.${place}.say`, one.say]),
    ...draft.keyword_rules.map((rule, place): [string, string] => [`keyword_rules.${place}.reply`, rule.reply]),
  ]
}
