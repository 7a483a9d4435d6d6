/** What is wrong with settings before they are sent, by the console's places (`keyword_rules.0.words`). Pure. */
import { isZone } from '@/admin/apps/hours'
import type { SettingsDraft, Typed } from '@/admin/apps/draft'
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
  turn_seconds: [1, 300],
  reply_seconds: [10, 86_400 * 365],
  idle_seconds: [60, 86_400 * 365],
  retention_days: [7, 3650],
} as const

export function faultsOf(draft: SettingsDraft): Faults {
  const faults: Faults = {}
  const found = (where: string, key: string, values: Record<string, number> = {}) => (faults[where] ??= { key, values })
  const within = (where: string, typed: Typed, [least, most]: readonly [number, number], key = 'number') => {
    if (typed === '' || !Number.isInteger(typed) || typed < least || typed > most) found(where, key, { least, most })
  }
  for (const [where, text] of textsOf(draft)) {
    if (bytesOf(text) > LIMIT_BYTES) found(where, 'too_long', { bytes: bytesOf(text), limit: LIMIT_BYTES })
  }
  draft.keyword_rules.forEach((rule, place) => rule.words.length || found(`keyword_rules.${place}.words`, 'needs_words'))
  if (draft.keyword_rules.length > LIMITS.rules) found('keyword_rules', 'most', { most: LIMITS.rules })
  if (draft.hand_off_words.length > LIMITS.hand_off_words) found('hand_off_words', 'most', { most: LIMITS.hand_off_words })
  within('bot_budget', draft.bot_budget, [0, 5])
  within('bot_turn_seconds', draft.bot_turn_seconds, LIMITS.turn_seconds, 'seconds')
  within('bot_reply_seconds', draft.bot_reply_seconds, LIMITS.reply_seconds, 'seconds')
  for (const state of ['bot', 'waiting', 'agent'] as const) within(`idle_close_seconds.${state}`, draft.idle_close_seconds[state], LIMITS.idle_seconds, 'idle')
  if (draft.limits_retention) within('retention_days', draft.retention_days, LIMITS.retention_days)
  if (draft.hours.limited) checkHours(draft.hours, found)
  return faults
}

type Found = (where: string, key: string) => unknown

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
    ...draft.keyword_rules.map((rule, place): [string, string] => [`keyword_rules.${place}.reply`, rule.reply]),
  ]
}
