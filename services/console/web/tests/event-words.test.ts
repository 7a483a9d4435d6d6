import { describe, expect, it } from 'vitest'

import { eventWords, unsupportedWords } from '@/desk/conversation/events'
import { refusalWords } from '@/desk/conversation/refusals'
import { words as en } from '@/i18n/en'
import { words as zh } from '@/i18n/zh'

const t = (words: object) => (key: string, values: Record<string, unknown> = {}) => {
  const found = key.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], words)
  if (typeof found !== 'string') throw new Error(`no words for ${key}`)
  return found.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}
const said = (name: string, detail: Record<string, unknown> = {}) => eventWords({ name, detail }, t(zh))

describe('events in words', () => {
  it('say where the customer came from', () => {
    expect(said('user_enter_tempsession', { session_from: '商品页' })).toContain('商品页')
    expect(said('user_enter_tempsession')).toBe(zh.chat.event.entered)
  })

  it('say why a person is wanted', () => {
    expect(said('session_waiting', { reason: 'customer_asked' })).toBe('客户要求人工接待')
    expect(said('session_waiting', { reason: 'something new' })).toBe(zh.chat.event.waiting.other)
  })

  it('say who took it and how', () => {
    expect(said('session_assigned', { to: '李娜', rule: 'least_loaded' })).toBe('已自动分配给 李娜')
    expect(said('session_assigned', { to: '李娜', rule: 'wanted' })).toBe('李娜 已接入')
  })

  it('say who closed it, and the words they gave', () => {
    expect(said('session_closed', { reason: 'closed_by_agent', by: '李娜' })).toBe('李娜 关闭了会话')
    expect(said('session_closed', { reason: '已解决', by: '李娜' })).toBe('李娜 关闭了会话：已解决')
    expect(said('session_closed', { reason: 'idle', by: null })).toBe(zh.chat.event.closed_idle)
    expect(said('session_closed', { reason: '', by: null })).toBe(zh.chat.event.closed)
  })

  it('name what nobody has words for', () => {
    expect(said('new_event')).toBe('微信事件：new_event')
    expect(unsupportedWords('sticker', t(zh))).toContain('sticker')
    expect(unsupportedWords('voice', t(zh))).toBe(zh.chat.unsupported.voice)
  })

  it('exist in English too', () => {
    expect(eventWords({ name: 'session_transferred', detail: { to: 'bot', by: 'Li' } }, t(en))).toBe('Li handed over to the bot')
  })
})

describe('refusals in words', () => {
  it('say what happened and what to do, with the code', () => {
    expect(refusalWords({ code: '45015', reason: null }, t(zh))).toBe('微信拒绝：可回复的时间已过（45015）。等客户再发来消息，就可以回复。')
    expect(refusalWords({ code: '45015', reason: null }, t(en))).toContain('(45015)')
  })

  it('use the same words for codes that say the same, with their own number', () => {
    expect(refusalWords({ code: '48008', reason: null }, t(en))).toContain('(48008)')
    expect(refusalWords({ code: '65402', reason: null }, t(zh))).toContain('（65402）')
    expect(refusalWords({ code: '-1', reason: null }, t(zh))).toContain('（-1）')
  })

  it('know our own reasons', () => {
    expect(refusalWords({ code: 'picture_missing', reason: null }, t(en))).toContain('Attach it anew')
  })

  it('fall back on the words of the server, and then on the code', () => {
    expect(refusalWords({ code: '99999', reason: '微信拒绝：新规定（99999）。' }, t(zh))).toBe('微信拒绝：新规定（99999）。')
    expect(refusalWords({ code: '99999', reason: null }, t(zh))).toContain('99999')
    expect(refusalWords({ code: 'toString', reason: 'words' }, t(zh))).toBe('words')
  })
})
