import { describe, expect, it } from 'vitest'

import { alarmOf } from '@/desk/attention'
import { acceptance, mayAccept, mayMove } from '@/desk/acting'
import { lateWords, passedWords, passing } from '@/desk/conversation/passing'
import { partyName } from '@/desk/conversation/parties'
import { transferChoices } from '@/desk/customer/transfers'
import { chipOf } from '@/desk/lists/chips'
import { previewWords } from '@/desk/previews'
import { destinationWords } from '@/desk/reasons'
import { isBlind, standingWords } from '@/desk/standings'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'
import { app, bridge, bridged, bridging, conversation, session, t } from './builders'

const speaker = (all: object) => (key: string, values: Record<string, unknown> = {}) => {
  const found = key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], all)
  if (typeof found !== 'string') throw new Error(`no words for ${key}`)
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}
const say = speaker(zh)

describe('how a customer stands with a vendor', () => {
  it.each([
    [{ standing: null }, '正在接通'],
    [{ standing: 'line', ahead: 3 }, '排队中，前面 3 位'],
    [{ standing: 'line', ahead: null }, '排队中'],
    [{ standing: 'machine' }, '机器人'],
    [{ standing: 'person', staff: '小王' }, '人工 · 小王'],
    [{ standing: 'person', staff: null }, '人工'],
    [{ standing: 'word' }, '留言'],
    [{ standing: 'nobody' }, '无人接待'],
    [{ standing: 'person', staff: null, shows_replies: false }, '回复不可见'],
    [{ standing: 'person', staff: '小芝', shows_replies: false }, '人工 · 小芝'],
  ] as const)('%o', (stay, words) => {
    expect(standingWords(bridging(stay), say)).toBe(words)
    expect(standingWords(bridging(stay), speaker(en))).toBeTruthy()
  })

  it('is blind only where replies pass by', () => {
    expect(isBlind(bridging({ shows_replies: false }))).toBe(true)
    expect(isBlind(bridging())).toBe(false)
    expect(isBlind(null)).toBe(false)
  })

  it('is the mark of its row', () => {
    const mark = chipOf(conversation({ session: bridged({ standing: 'line', ahead: 2 }) }), 'lina', 0, say)
    expect(mark).toMatchObject({ words: '七鱼', title: '排队中，前面 2 位', tone: 'calm' })
  })

  it('calls for somebody where a message was not taken', () => {
    const stuck = conversation({ session: bridged({}, { attention: { why: 'not_passed_on', since: '2026-11-22T09:00:00Z' } }) })
    expect(alarmOf(stuck, 0, say)).toEqual({ urgency: 'urgent', short: '有消息未转交', long: '七鱼 没有收下客户的消息' })
  })
})

describe('what agents may do with a session of a vendor', () => {
  it('is to take it over', () => {
    expect(mayAccept(bridged())).toBe(true)
    expect(acceptance(bridged())).toBe('relieve')
    expect(acceptance(session({ state: 'official' }))).toBe('take_back')
    expect(acceptance(session({ state: 'agent' }))).toBe(null)
    expect(mayMove(bridged(), { id: 'lina', role: 'agent' })).toBe(false)
    expect(mayMove(bridged(), { id: 'zhou', role: 'supervisor' })).toBe(true)
  })
})

describe('vendors to transfer to', () => {
  const choices = (given: object = {}) =>
    transferChoices(conversation(given), [], [], [app()], 'lina', t, [bridge('main', { name: '七鱼' }), bridge('other', { down: true }), bridge('zhima', { vendor: 'zhima', shows_replies: false })])
      .filter((choice) => choice.key.startsWith('vendor:'))
      .map(({ key, hint, disabled }) => [key, hint, disabled])

  it('are those of the app, and whoever is down says so and cannot be chosen', () => {
    expect(choices()).toEqual([
      ['vendor:main', 'customer.transfer.vendor', false],
      ['vendor:other', 'customer.transfer.vendor_down', true],
      ['vendor:zhima', 'customer.transfer.vendor_blind', false],
    ])
  })

  it('leave out the one that has it', () => {
    expect(choices({ session: bridged() }).map(([key]) => key)).toEqual(['vendor:other', 'vendor:zhima'])
  })
})

describe('how a message was passed on', () => {
  it.each([
    ['held', 'passing'],
    ['sending', 'passing'],
    ['sent', 'passed'],
    ['unknown', 'unknown'],
    ['refused', 'not_passed'],
    ['expired', 'not_passed'],
    ['discarded', 'not_passed'],
  ] as const)('%s', (state, how) => {
    expect(passing({ state })).toBe(how)
    expect(zh.chat.passed[how]).toBeTruthy()
  })

  it('says why it did not arrive', () => {
    const why = (state: 'unknown' | 'refused' | 'expired', code: string | null, reason: string | null = null) => passedWords({ state, code, reason }, say)
    expect(why('unknown', null)).toBe(zh.chat.passed.why.no_answer)
    expect(why('expired', null)).toBe(zh.chat.passed.why.expired)
    expect(why('refused', 'breaker_open', 'the breaker is open')).toBe(zh.chat.passed.why.breaker_open)
    expect(why('refused', '14010', '内容含有敏感词')).toBe('内容含有敏感词（14010）')
    expect(why('refused', '14010', '七鱼拒绝：内容太长（14010）。')).toBe('七鱼拒绝：内容太长（14010）。')
    expect(why('refused', 'never_introduced', '没有这位客户的会话。')).toBe('没有这位客户的会话。')
    expect(why('refused', '14010')).toBe('第三方客服没有收下这条消息（14010）。')
  })

  it('says why an answer was not sent', () => {
    expect(lateWords({ code: 'elsewhere', reason: null }, '七鱼', say)).toBe('会话已不在七鱼，未发送')
    expect(lateWords({ code: 'window_closed', reason: null }, '七鱼', say)).toBe('微信不再允许发送，未发送')
    expect(lateWords({ code: 'new', reason: '说不清' }, '七鱼', say)).toBe('说不清')
  })
})

describe('names', () => {
  const vendorName = (account: string) => (account === 'main' ? '七鱼' : account)

  it('of a vendor’s people have the vendor with them', () => {
    expect(partyName({ kind: 'vendor', id: 'main', name: '小王' }, 'lina', say, vendorName)).toBe('小王 · 七鱼')
    expect(partyName({ kind: 'vendor', id: 'main', name: '七鱼' }, 'lina', say, vendorName)).toBe('七鱼')
    expect(partyName({ kind: 'vendor', id: null, name: null }, 'lina', say, vendorName)).toBe('第三方客服')
  })

  it('of destinations', () => {
    expect(destinationWords('vendor:main', (id, kind) => (kind === 'vendor' ? vendorName(id) : id), say)).toBe('第三方客服「七鱼」')
  })

  it('of events stand in the lists', () => {
    for (const text of ['session_bridged', 'session_unbridged', 'vendor_line', 'vendor_person', 'vendor_word', 'vendor_graded', 'vendor_event']) {
      expect(previewWords({ type: 'event', text, direction: 'system' }, say)).not.toBe(zh.lists.preview.event)
    }
  })
})
