import { describe, expect, it } from 'vitest'

import { faultsOf } from '@/admin/apps/checking'
import { isAppId, isKey, isToken, keyState, made } from '@/admin/apps/connection'
import { draftOf, newHoliday, newRule, newWindow, settingsOf } from '@/admin/apps/draft'
import type { SettingsDraft } from '@/admin/apps/draft'
import { unitOf } from '@/admin/apps/durations'
import { merged } from '@/admin/apps/merging'
import { errorAt, tabOf } from '@/admin/apps/tabs'
import { verified } from '@/admin/apps/verified'
import { hours, settings } from './app-settings-builder'

const FULL = settings({
  welcome: '您好',
  keyword_rules: [{ words: ['发货'], match: 'equals', reply: null, hand_off: true }],
  hours: hours({
    weekly: [{ days: [1, 2], from: '00:00', to: '24:00' }],
    holidays: [{ date: '2026-10-01', name: null }],
    extra_days: [{ date: '2026-10-02', from: '20:00', to: '02:00' }],
  }),
  retention_days: 30,
  assignment: { strategy: 'longest_idle', groups: ['售前'], auto_accept: false, offer_seconds: 20, last_agent_seconds: 30, reopen_seconds: 600, offline: 'return', offline_seconds: 0 },
  waiting: { say: '第 {position} 位', after_seconds: 30, every_seconds: 120, most: 3 },
  give_up_words: ['不等了'],
  targets: { answer_seconds: 120, warn_seconds: 30, window_seconds: 7200, agent_silent_seconds: 600, escalate_to: '主管' },
  official: { agents_may_transfer: true, say: '请再发一条消息' },
  reminder: { say: '还在吗', after_seconds: 900 },
  closing: '再见',
  rating: { ask: '几分', thanks: '谢谢', within_seconds: 3600 },
  flood: null,
})

describe('a draft', () => {
  it.each([settings(), FULL])('of settings is those settings', (given) => {
    expect(settingsOf(draftOf(given))).toEqual(given)
  })

  it('turns emptied texts into none', () => {
    const draft = draftOf(FULL)
    expect(settingsOf({ ...draft, welcome: '  \n', limits_retention: false, hours: { ...draft.hours, limited: false } })).toEqual({ ...FULL, welcome: null, hours: null, retention_days: null })
  })

  it('keeps what a switch had when it is turned off and on, and writes nothing meanwhile', () => {
    const draft = draftOf(FULL)
    draft.assignment.offers = draft.assignment.reopens = draft.targets.answers = false
    const { assignment, targets } = settingsOf(draft)
    expect([assignment.offer_seconds, assignment.reopen_seconds, targets.answer_seconds]).toEqual([null, 0, null])
    draft.assignment.offers = draft.assignment.reopens = draft.targets.answers = true
    expect(settingsOf(draft)).toEqual(FULL)
  })

  it('gives each row a key of its own', () => {
    const keys = [newRule(), newRule(), ...draftOf(FULL).keyword_rules].map((rule) => rule.key)
    expect(new Set(keys).size).toBe(3)
  })
})

describe('what is wrong with a draft', () => {
  const found = (change: (draft: SettingsDraft) => void) => {
    const draft = draftOf(FULL)
    change(draft)
    return Object.fromEntries(Object.entries(faultsOf(draft)).map(([where, { key }]) => [where, key]))
  }

  it('is nothing where the console would find nothing', () => {
    expect(found(() => undefined)).toEqual({})
  })

  it('is told at its place', () => {
    expect(
      found((draft) => {
        draft.welcome = '啊'.repeat(683)
        draft.keyword_rules.push(newRule())
        draft.bot_turn_seconds = ''
        draft.idle_close_seconds.waiting = 59
        draft.retention_days = 6
      }),
    ).toEqual({ welcome: 'too_long', 'keyword_rules.1.words': 'needs_words', bot_turn_seconds: 'span', 'idle_close_seconds.waiting': 'span', retention_days: 'number' })
  })

  it('looks at spans of time only where they hold', () => {
    const spoil = (draft: SettingsDraft, on: boolean) => {
      Object.assign(draft.assignment, { offers: on, offer_seconds: 4, last_agent_first: on, last_agent_seconds: '' })
      Object.assign(draft, { limits_flood: on, flood: { messages: 4, seconds: 3601 } })
      draft.waiting.most = 6
    }
    expect(found((draft) => spoil(draft, false))).toEqual({ 'waiting.most': 'number' })
    expect(found((draft) => spoil(draft, true))).toEqual({
      'waiting.most': 'number',
      'assignment.offer_seconds': 'span',
      'assignment.last_agent_seconds': 'span',
      'flood.messages': 'number',
      'flood.seconds': 'span',
    })
  })

  it('counts bytes, not letters', () => {
    expect(found((draft) => (draft.out_of_hours = '啊'.repeat(682)))).toEqual({})
  })

  it('looks into the hours only where they hold', () => {
    const spoil = (draft: SettingsDraft) => {
      draft.hours.time_zone = 'X/Y'
      draft.hours.weekly = [newWindow([]), { ...newWindow([1]), to: '09:00' }, { ...newWindow([1]), from: '' }]
      draft.hours.holidays = [newHoliday(), { ...newHoliday(), date: '2026-10-01' }, { ...newHoliday(), date: '2026-10-01' }]
    }
    expect(found(spoil)).toEqual({
      'hours.time_zone': 'zone',
      'hours.weekly.0': 'needs_days',
      'hours.weekly.1': 'no_time',
      'hours.weekly.2': 'needs_times',
      'hours.holidays.0': 'needs_date',
      'hours.holidays.2': 'twice',
    })
    expect(
      found((draft) => {
        spoil(draft)
        draft.hours.limited = false
      }),
    ).toEqual({})
    expect(found((draft) => Object.assign(draft.hours, { weekly: [], extra_days: [] }))).toEqual({ 'hours.weekly': 'no_hours' })
  })
})

it('puts two people’s changes together, and names what both touched', () => {
  const base = settings()
  const mine = settings({ welcome: '我', retention_days: 30, entry: 'agents' })
  const theirs = settings({ welcome: '他', bot_budget: 1, entry: 'agents' })
  expect(merged(base, mine, theirs)).toEqual({ settings: settings({ welcome: '我', retention_days: 30, entry: 'agents', bot_budget: 1 }), both: ['welcome'] })
})

it('finds the part of the page, and what is said there', () => {
  expect(['hours.weekly.0', 'keyword_rules.3.words', 'retention_days', 'idle_close_seconds.bot', 'entry', 'targets.escalate_to'].map(tabOf)).toEqual(['hours', 'answers', 'keeping', 'assignment', 'routing', 'queue'])
  const errors = { 'keyword_rules.1.words.0': 'x', 'keyword_rules.11.reply': 'y' }
  expect([errorAt(errors, 'keyword_rules.1.words'), errorAt(errors, 'keyword_rules.1.reply'), errorAt(errors, 'keyword_rules.11')]).toEqual(['x', null, 'y'])
})

it('says seconds in their largest whole unit', () => {
  expect([0, 59, 60, 90, 1800, 7200, 172_800].map((seconds) => unitOf(seconds))).toEqual(['seconds', 'seconds', 'minutes', 'seconds', 'minutes', 'hours', 'days'])
})

it('worries where pushes never came, or not for a week', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  expect([null, '2026-11-15T09:59:59Z', '2026-11-15T10:00:00Z'].map((at) => verified(at, now))).toEqual(['never', 'stale', 'fresh'])
})

describe('what WeChat gives', () => {
  it('is checked as it is typed', () => {
    expect(['', 'abc', 'a'.repeat(43), 'a'.repeat(44), 'a+b'].map(keyState)).toEqual(['empty', 'short', 'right', 'long', 'letters'])
    expect([isAppId('wx0123456789abcdef'), isAppId('wx0123456789ABCDEF'), isToken('ab'), isToken('abc')]).toEqual([true, false, false, true])
  })

  it('may be made by chance, from letters and digits that are equally likely', () => {
    const bytes = (count: number) => Uint8Array.from({ length: count }, (_, place) => 249 - place)
    expect(made(3, bytes)).toHaveLength(3)
    expect(isKey(made(43, bytes))).toBe(true)
    const seen = made(62, () => Uint8Array.from({ length: 62 }, (_, place) => place))
    expect(new Set(seen).size).toBe(62)
  })
})
