/** An app's settings as its page edits them: empty fields instead of nothing, and rows that can be told apart. Pure. */
import { fallbackDraftOf, fallbackOf, routeDraftOf, routeOf } from '@/admin/apps/routes'
import type { FallbackDraft, RouteDraft } from '@/admin/apps/routes'
import { row } from '@/admin/apps/rows'
import type { Row } from '@/admin/apps/rows'
import { servingDraftOf, servingOf } from '@/admin/apps/serving'
import type { ServingDraft } from '@/admin/apps/serving'
import { number, words } from '@/admin/apps/typed'
import type { Typed } from '@/admin/apps/typed'
import type { AppSettings, Destination, Hours, KeywordRule } from '@/api/shapes'

export interface RuleDraft extends Row {
  words: string[]
  match: KeywordRule['match']
  reply: string
  hand_off: boolean
}

export interface WindowDraft extends Row {
  days: number[]
  from: string
  to: string
}

export interface HolidayDraft extends Row {
  date: string
  name: string
}

export interface ExtraDayDraft extends Row {
  date: string
  from: string
  to: string
}

export interface HoursDraft {
  limited: boolean
  time_zone: string
  weekly: WindowDraft[]
  holidays: HolidayDraft[]
  extra_days: ExtraDayDraft[]
}

export interface SettingsDraft extends ServingDraft {
  entry: AppSettings['entry']
  after_bot: Destination
  rules: RouteDraft[]
  fallbacks: FallbackDraft[]
  welcome: string
  keyword_rules: RuleDraft[]
  hand_off_words: string[]
  unmatched: { reply: string; hand_off: boolean }
  bot_budget: Typed
  bot_turn_seconds: Typed
  bot_reply_seconds: Typed
  idle_close_seconds: { bot: Typed; waiting: Typed; agent: Typed }
  hours: HoursDraft
  out_of_hours: string
  limits_retention: boolean
  retention_days: Typed
}

export const newRule = (): RuleDraft => row({ words: [], match: 'contains' as const, reply: '', hand_off: false })
export const newWindow = (days: number[]): WindowDraft => row({ days, from: '09:00', to: '18:00' })
export const newHoliday = (): HolidayDraft => row({ date: '', name: '' })
export const newExtraDay = (): ExtraDayDraft => row({ date: '', from: '09:00', to: '18:00' })

export function draftOf(settings: AppSettings): SettingsDraft {
  return {
    ...servingDraftOf(settings),
    entry: settings.entry,
    after_bot: { ...settings.after_bot },
    rules: settings.rules.map(routeDraftOf),
    fallbacks: settings.fallbacks.map(fallbackDraftOf),
    welcome: settings.welcome ?? '',
    keyword_rules: settings.keyword_rules.map((rule) => row({ words: [...rule.words], match: rule.match, reply: rule.reply ?? '', hand_off: rule.hand_off })),
    hand_off_words: [...settings.hand_off_words],
    unmatched: { reply: settings.unmatched.reply ?? '', hand_off: settings.unmatched.hand_off },
    bot_budget: settings.bot_budget,
    bot_turn_seconds: settings.bot_turn_seconds,
    bot_reply_seconds: settings.bot_reply_seconds,
    idle_close_seconds: { ...settings.idle_close_seconds },
    hours: hoursDraftOf(settings.hours),
    out_of_hours: settings.out_of_hours ?? '',
    limits_retention: settings.retention_days !== null,
    retention_days: settings.retention_days ?? 365,
  }
}

/** The document of this draft; an emptied number is NaN in it, which the checks find first. */
export function settingsOf(draft: SettingsDraft): AppSettings {
  return {
    ...servingOf(draft),
    entry: draft.entry,
    after_bot: { ...draft.after_bot },
    rules: draft.rules.map(routeOf),
    fallbacks: draft.fallbacks.map(fallbackOf),
    welcome: words(draft.welcome),
    keyword_rules: draft.keyword_rules.map((rule) => ({ words: [...rule.words], match: rule.match, reply: words(rule.reply), hand_off: rule.hand_off })),
    hand_off_words: [...draft.hand_off_words],
    unmatched: { reply: words(draft.unmatched.reply), hand_off: draft.unmatched.hand_off },
    bot_budget: number(draft.bot_budget),
    bot_turn_seconds: number(draft.bot_turn_seconds),
    bot_reply_seconds: number(draft.bot_reply_seconds),
    idle_close_seconds: {
      bot: number(draft.idle_close_seconds.bot),
      waiting: number(draft.idle_close_seconds.waiting),
      agent: number(draft.idle_close_seconds.agent),
    },
    hours: draft.hours.limited ? hoursOf(draft.hours) : null,
    out_of_hours: words(draft.out_of_hours),
    retention_days: draft.limits_retention ? number(draft.retention_days) : null,
  }
}

export function hoursOf(draft: HoursDraft): Hours {
  return {
    time_zone: draft.time_zone.trim() || null,
    weekly: draft.weekly.map(({ days, from, to }) => ({ days: [...days].sort(), from, to: endOfDay(to) })),
    holidays: draft.holidays.map(({ date, name }) => ({ date, name: name.trim() || null })),
    extra_days: draft.extra_days.map(({ date, from, to }) => ({ date, from, to: endOfDay(to) })),
  }
}

function hoursDraftOf(hours: Hours | null): HoursDraft {
  if (!hours) {
    return { limited: false, time_zone: 'Asia/Shanghai', weekly: [newWindow([1, 2, 3, 4, 5])], holidays: [], extra_days: [] }
  }
  return {
    limited: true,
    time_zone: hours.time_zone ?? '',
    weekly: hours.weekly.map((one) => row({ days: [...one.days], from: one.from, to: midnight(one.to) })),
    holidays: hours.holidays.map((one) => row({ date: one.date, name: one.name ?? '' })),
    extra_days: hours.extra_days.map((one) => row({ date: one.date, from: one.from, to: midnight(one.to) })),
  }
}

/** A browser's time field has no 24:00; at the end of a window 00:00 means the same. */
const midnight = (time: string) => (time === '24:00' ? '00:00' : time)
const endOfDay = (time: string) => (time === '00:00' ? '24:00' : time)
