import { describe, expect, it } from 'vitest'

import { faultWords, faultsOf } from '@/admin/apps/checking'
import { draftOf } from '@/admin/apps/draft'
import type { SettingsDraft } from '@/admin/apps/draft'
import { conditionWords, destinationWords, fallbackWords, ruleWords } from '@/admin/apps/route-words'
import { addable, conditionsOf, duplicated, fallbackOf, newCondition, newFallback, newRoute, pairsOf, placeOf, routeDraftOf, routeOf } from '@/admin/apps/routes'
import type { RouteDraft } from '@/admin/apps/routes'
import { moved } from '@/admin/apps/rows'
import type { Conditions, Fallback, RoutingRule } from '@/api/shapes'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'
import { settings } from './app-settings-builder'

const speaker = (all: object) => (key: string, values: Record<string, unknown> = {}) => {
  const found = key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], all)
  if (typeof found !== 'string') throw new Error(`no words for ${key}`)
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}
const [t, said] = [speaker(zh), speaker(en)]
const nameOf = (login: string) => ({ lina: '李娜' })[login] ?? login

const NEVER: Conditions = { source: [], words: [], tags: [], customers: [], profile: [], hours: null, weekdays: null, holiday: null }
const when = (given: Partial<Conditions>): Conditions => ({ ...NEVER, ...given })
const EVERYTHING = when({
  source: [
    { field: 'page', match: 'equals', values: ['商品页'] },
    { field: null, match: 'begins', values: ['a', 'b'] },
  ],
  words: ['退款'],
  tags: ['VIP'],
  profile: [{ name: '等级', values: ['金'] }],
  customers: ['o-1'],
  hours: 'closed',
  weekdays: [6, 7],
  holiday: false,
})
const SALES: RoutingRule = { name: '商品页', when: when({ source: [{ field: 'page', match: 'equals', values: ['商品页'] }], hours: 'open' }), to: { kind: 'group', name: '售前' } }

describe('a rule in a sentence', () => {
  it('reads as one would say it', () => {
    expect(ruleWords(SALES, nameOf, t)).toBe('来源 page 等于「商品页」，且在工作时间 → 分组「售前」')
    expect(ruleWords(SALES, nameOf, said)).toBe('Source page is “商品页”, and within business hours → group “售前”')
  })

  it('says so where it holds for everybody', () => {
    expect(ruleWords({ when: NEVER, to: { kind: 'agent', name: 'lina' } }, nameOf, t)).toBe('所有客户 → 客服「李娜」')
  })

  it('names every condition, in both languages', () => {
    expect(conditionWords(EVERYTHING, t)).toEqual([
      '来源 page 等于「商品页」',
      '来源 的开头是「a」或「b」',
      '消息含有「退款」',
      '有标签「VIP」',
      '资料 等级 是「金」',
      '客户是 o-1',
      '不在工作时间',
      '在星期六、日',
      '不在放假的日子',
    ])
    expect(conditionWords(EVERYTHING, said)).toHaveLength(9)
    expect(conditionWords(when({ customers: ['a', 'b'], hours: 'open', holiday: true }), t)).toEqual(['是指定的 2 位客户', '在工作时间', '在放假的日子'])
  })

  it('shows where something is missing still', () => {
    expect(conditionWords(when({ source: [{ field: 'page', match: 'contains', values: [] }], weekdays: [] }), t)).toEqual(['来源 page 包含?', '在星期?'])
    expect(destinationWords({ kind: 'group', name: '' }, nameOf, t)).toBe('分组「?」')
  })

  it.each(['agents', 'bot', 'official'] as const)('has words for %s', (kind) => {
    expect(destinationWords({ kind, name: null }, nameOf, t)).toBe(zh.apps.routing.to[kind])
  })
})

it('says when a session falls back', () => {
  const fallback = (given: Partial<Fallback>): Fallback => ({ when: 'waiting_longer', after_seconds: 300, to: { kind: 'bot', name: null }, say: null, ...given })
  expect(fallbackWords(fallback({}), nameOf, t)).toBe('等了 5 分钟 → 机器人')
  expect(fallbackWords(fallback({ when: 'nobody_online', after_seconds: 0 }), nameOf, t)).toBe('没有客服在线 → 机器人')
  expect(fallbackWords(fallback({ when: 'out_of_hours', after_seconds: 7200 }), nameOf, said)).toBe('After 2 h, outside business hours → the bot')
})

describe('a rule as it is edited', () => {
  it('is the same rule again', () => {
    const rule: RoutingRule = { name: '全部', when: EVERYTHING, to: { kind: 'official', name: null } }
    expect(routeOf(routeDraftOf(rule))).toEqual(rule)
    const fallback: Fallback = { when: 'nobody_online', after_seconds: 0, to: { kind: 'agents', name: null }, say: '请稍候' }
    expect(fallbackOf({ ...newFallback(), ...fallback, say: '请稍候' })).toEqual(fallback)
  })

  it('begins with a condition on the source, since most do', () => {
    expect(routeOf(newRoute())).toEqual({ name: '', when: when({ source: [{ field: null, match: 'equals', values: [] }] }), to: { kind: 'agents', name: null } })
  })

  it('takes each condition once, and several of source and profile', () => {
    const all = ['source', 'words', 'hours', 'profile'].map((kind) => newCondition(kind as 'words'))
    expect(addable(all)).toEqual(['source', 'tags', 'profile', 'customers', 'weekdays', 'holiday'])
    expect(addable(Array.from({ length: 10 }, () => newCondition('source')))).not.toContain('source')
  })

  it('knows the place of a condition as the console names it', () => {
    const all = [newCondition('source'), newCondition('words'), newCondition('source'), newCondition('profile')]
    expect(all.map((one) => placeOf(all, one))).toEqual(['source.0', 'words', 'source.1', 'profile.0'])
    expect(conditionsOf(all).source).toHaveLength(2)
  })

  it('is doubled behind itself under a free name', () => {
    const rules = ['售前', '售前 2', '夜间'].map((name) => ({ ...routeDraftOf(SALES), name }))
    const after = duplicated(rules, 0)
    expect(after.map((rule) => rule.name)).toEqual(['售前', '售前 3', '售前 2', '夜间'])
    expect(new Set(after.map((rule) => rule.key)).size).toBe(4)
    expect(routeOf(after[1] as RouteDraft)).toEqual({ ...SALES, name: '售前 3' })
    expect(duplicated(rules, 7)).toEqual(rules)
  })
})

it('moves a row, and not beyond the ends', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'c', 'b'])
  expect([moved(['a'], 0, -1), moved(['a', 'b'], 1, 2), moved(['a'], 0, 0), moved([], 0, 1)]).toEqual([null, null, null, null])
})

it('reads profile fields as they are typed', () => {
  expect(pairsOf(['等级=金卡', '城市：上海', ' a = b = c ', '等级=银卡', '无', '=x'])).toEqual([
    { name: '等级', value: '银卡' },
    { name: '城市', value: '上海' },
    { name: 'a', value: 'b = c' },
  ])
})

describe('what is wrong with rules', () => {
  const found = (change: (draft: SettingsDraft) => void) => {
    const draft = draftOf(settings({ rules: [SALES], fallbacks: [] }))
    change(draft)
    return Object.fromEntries(Object.entries(faultsOf(draft)).map(([where, { key }]) => [where, key]))
  }

  it('is nothing where nothing is', () => {
    expect(found(() => undefined)).toEqual({})
  })

  it('is told at its place', () => {
    const wrong = found((draft) => {
      draft.rules.push({ ...newRoute(), name: '商品页 ', when: [newCondition('words'), newCondition('profile'), { ...newCondition('weekdays'), kind: 'weekdays', days: [] }] })
      draft.rules.push({ ...newRoute(), to: { kind: 'group', name: '' } })
      draft.fallbacks.push({ ...newFallback(), after_seconds: 0, say: '啊'.repeat(700) }, { ...newFallback(), when: 'nobody_online', after_seconds: 0 })
    })
    expect(wrong).toEqual({
      'rules.1.name': 'name_twice',
      'rules.1.when.words': 'needs_values',
      'rules.1.when.profile.0.name': 'blank',
      'rules.1.when.weekdays': 'needs_days',
      'rules.2.name': 'blank',
      'rules.2.to': 'needs_name',
      'rules.2.when.source.0.values': 'needs_values',
      'fallbacks.0.after_seconds': 'span',
      'fallbacks.0.say': 'too_long',
    })
  })

  it('names spans of time as people do', () => {
    expect(faultWords({ key: 'span', values: { least: 60, most: 172_800 } }, t)).toBe('应在 1 分钟到 48 小时之间。')
    expect(faultWords({ key: 'span', values: { least: 60, most: 31_536_000 } }, said)).toBe('Must be from 1 min to 365 days.')
  })
})
