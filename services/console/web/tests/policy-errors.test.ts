import { describe, expect, it } from 'vitest'

import { GRANTED, spending } from '@/admin/apps/budget'
import { instantOf, wallClock } from '@/admin/apps/hours'
import { errorBeside, standing } from '@/admin/apps/tabs'
import { settings } from './app-settings-builder'

describe('what the console said of settings', () => {
  const errors = { 'rules.1.when.hours': '没有工作时间', 'rules.1': '轮不到', 'rules.11.to': '没有这个分组', 'targets.escalate_to': '没有', entry: '不行' }

  it('is shown beside a rule where none of its fields shows it', () => {
    expect(errorBeside(errors, 'rules.1', ['name', 'to', 'when.hours'])).toBe('轮不到')
    expect(errorBeside({ 'rules.1.when.hours': '没有工作时间' }, 'rules.1', ['name', 'to'])).toBe('没有工作时间')
    expect(errorBeside({ 'rules.1.when.hours': '没有工作时间' }, 'rules.1', ['name', 'when.hours'])).toBeNull()
    expect(errorBeside(errors, 'rules.2', [])).toBeNull()
  })

  it('stands as long as what it was said of is the same', () => {
    const sent = { rules: ['a', 'b', 'c'], targets: { escalate_to: 'x' }, entry: 'bot' }
    const left = (now: object) => Object.keys(standing({ 'rules.1.to': '', 'targets.escalate_to': '', entry: '', rules: '' }, sent, now))
    expect(left(sent)).toEqual(['rules.1.to', 'targets.escalate_to', 'entry', 'rules'])
    expect(left({ ...sent, rules: ['a', 'b', 'd'] })).toEqual(['rules.1.to', 'targets.escalate_to', 'entry'])
    expect(left({ ...sent, rules: ['b', 'a', 'c'] })).toEqual(['targets.escalate_to', 'entry'])
    expect(left({ ...sent, targets: { escalate_to: 'y' }, entry: 'agents' })).toEqual(['rules.1.to', 'rules'])
  })
})

describe('what machines may say to one message', () => {
  const talkative = settings({
    entry: 'bot',
    unmatched: { reply: '不懂', hand_off: true },
    hours: { time_zone: null, weekly: [{ days: [1], from: '09:00', to: '18:00' }], holidays: [], extra_days: [] },
    out_of_hours: '已下班',
    waiting: { say: '第 {position} 位', after_seconds: 0, every_seconds: 60, most: 2 },
    fallbacks: [{ when: 'waiting_longer', after_seconds: 60, to: { kind: 'official', name: null }, say: '转' }],
    official: { agents_may_transfer: false, say: '请再发' },
    reminder: { say: '在吗', after_seconds: 60 },
    closing: '再见',
    rating: { ask: '几分', thanks: '谢谢', within_seconds: 60 },
  })

  it('is nothing of a new app', () => {
    expect(spending(settings())).toEqual([])
  })

  it('comes in its order, and what the budget has no room for is left out', () => {
    const said = spending({ ...talkative, bot_budget: 3 })
    expect(said.map((one) => one.what)).toEqual(['reply', 'out_of_hours', 'waiting', 'waiting', 'fallback', 'official', 'reminder', 'closing', 'rating'])
    expect(said.map((one) => one.sent)).toEqual([true, true, true, ...Array.from({ length: 6 }, () => false)])
    expect(spending({ ...talkative, bot_budget: GRANTED }).filter((one) => one.sent)).toHaveLength(5)
  })

  it('leaves out the bot where no session comes to it, and hours that there are not', () => {
    const quiet = { ...talkative, entry: 'agents' as const, fallbacks: [], hours: null }
    expect(spending(quiet).map((one) => one.what)).toEqual(['waiting', 'waiting', 'reminder', 'closing', 'rating'])
  })
})

describe('a local time', () => {
  it.each([
    ['2026-11-22T10:30', 'Asia/Shanghai', '2026-11-22T02:30:00.000Z'],
    ['2026-03-29T12:00', 'Europe/Berlin', '2026-03-29T10:00:00.000Z'],
    ['2026-03-29T01:30', 'Europe/Berlin', '2026-03-29T00:30:00.000Z'],
    ['2026-10-25T23:00', 'America/New_York', '2026-10-26T03:00:00.000Z'],
  ])('%s in %s is an instant, and back', (local, zone, instant) => {
    const at = instantOf(local, zone)
    expect(at === null ? null : new Date(at).toISOString()).toBe(instant)
    expect(wallClock(Date.parse(instant), zone)).toBe(Date.parse(`${local}Z`) / 60_000)
  })

  it('is none where nothing is entered', () => {
    expect(instantOf('', 'Asia/Shanghai')).toBeNull()
  })
})
