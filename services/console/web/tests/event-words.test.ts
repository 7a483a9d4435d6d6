import { describe, expect, it } from 'vitest'

import { eventWords, unsupportedWords } from '@/desk/conversation/events'
import { refusalWords } from '@/desk/conversation/refusals'
import { CLOSED, RULES, WAITING } from '@/desk/reasons'
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

  it.each([
    ['session_waiting', { reason: 'rule', rule: 'VIP' }, '等待人工接待（规则「VIP」）'],
    ['session_waiting', { reason: 'transferred', to: 'official' }, '客户的下一条消息将转给微信官方客服（转接）'],
    ['session_waiting', { reason: 'new one', to: 'official' }, '客户的下一条消息将转给微信官方客服'],
    ['session_offered', { to: '王强', rule: 'least_loaded' }, '已邀请 王强 接入'],
    ['offer_passed', { agent: '王强', how: 'declined' }, '王强 谢绝接入，邀请下一位'],
    ['offer_passed', { agent: '王强', how: 'lapsed' }, '王强 没有及时接入，邀请下一位'],
    ['session_assigned', { to: '李娜', rule: 'accepted' }, '李娜 接受邀请，已接入'],
    ['session_fell_back', { when: 'nobody_online', to: 'group:vip' }, '没有客服在线，转到分组「vip」'],
    ['session_fell_back', { when: 'some day', to: 'vendor:acme' }, '转到第三方客服「acme」'],
    ['session_fell_back', { when: 'vendor_down', to: 'agents' }, '第三方客服未能接待，转到人工客服'],
    ['session_bridged', { to: '七鱼', reason: 'vendor_first' }, '已转到第三方客服「七鱼」'],
    ['session_bridged', { to: '七鱼', reason: 'transferred' }, '已转到第三方客服「七鱼」（转接）'],
    ['session_bridged', { to: '七鱼', reason: 'rule', rule: 'VIP' }, '已转到第三方客服「七鱼」（规则「VIP」）'],
    ['session_unbridged', { from: '七鱼', why: 'vendor_down' }, '第三方客服「七鱼」没有响应'],
    ['session_unbridged', { from: '七鱼', why: 'vendor_down', code: '14500' }, '第三方客服「七鱼」没有响应（14500）'],
    ['session_unbridged', { from: '七鱼', why: 'vendor_down', code: 'breaker_open' }, '第三方客服「七鱼」没有响应'],
    ['session_unbridged', { from: '七鱼', why: 'vendor_nobody' }, '第三方客服「七鱼」没有人接待'],
    ['session_unbridged', { from: null, why: 'new' }, '会话已离开第三方客服「第三方客服」'],
    ['vendor_line', { ahead: 3 }, '客户在第三方客服排队，前面 3 位'],
    ['vendor_line', { ahead: 0 }, '客户在第三方客服排队，前面 0 位'],
    ['vendor_line', {}, '客户在第三方客服排队'],
    ['vendor_person', { staff: '小王' }, '第三方客服 小王 已接待'],
    ['vendor_person', {}, '第三方客服的人工已接待'],
    ['vendor_machine', {}, '第三方客服的机器人正在接待'],
    ['vendor_word', {}, '第三方客服没有人在线，客户的消息已作为留言'],
    ['vendor_graded', { name: '满意' }, '客户对第三方客服的评价：满意'],
    ['vendor_event', { name: 'ended', account: 'main' }, 'main 结束了接待'],
    ['vendor_event', { name: 'QUEUE_TIMEOUT', account: 'main' }, 'main 的事件：QUEUE_TIMEOUT'],
    ['session_waiting', { reason: 'vendor_down' }, '第三方客服没有响应，等待人工接待'],
    ['session_closed', { reason: 'vendor_closed', by: '小王' }, '小王 结束了接待，会话已关闭'],
    ['session_closed', { reason: 'vendor_idle', by: null }, '在第三方客服长时间没有消息，会话已自动关闭'],
    ['attention_needed', { why: 'not_passed_on' }, '需要关注：第三方客服没有收下客户的消息'],
    ['attention_needed', { why: 'agent_silent' }, '需要关注：客服没有回复客户'],
    ['attention_needed', {}, '需要关注'],
    ['customer_flooding', { messages: 30, seconds: 60 }, '客户在 60 秒内发来超过 30 条消息，暂不提醒'],
    ['customer_blocked', { by: '周主管' }, '周主管 拉黑了客户：消息会保存，不再提醒'],
    ['session_rated', { score: 4 }, '客户评价 ★★★★☆ 4 分'],
    ['session_closed', { reason: 'gave_up', by: null }, '客户放弃等待，会话已关闭'],
    ['session_closed', { reason: 'blocked', by: '周主管' }, '会话已关闭'],
    ['bot_reply_skipped', { what: 'rating', count: 1 }, '「评价邀请」没有发送：额度留给人工'],
    ['bot_reply_skipped', { what: 'keyword', count: 2 }, '「关键词回复」有 2 条没有发送：额度留给人工'],
    ['bot_reply_skipped', { what: 'new', count: 2 }, '机器人有 2 条回复没有发送：额度留给人工'],
  ])('%s %o', (name, detail, words) => {
    expect(said(name, detail)).toBe(words)
    expect(eventWords({ name, detail }, t(en)).replace(/李娜|王强|周主管|七鱼|小王|满意/, 'Li')).not.toMatch(/\p{Script=Han}|undefined/u)
  })

  it('name an agent whom they know by the login', () => {
    const event = { name: 'session_fell_back', detail: { when: 'waiting_longer', to: 'agent:lina' } }
    expect(eventWords(event, t(zh), (id) => (id === 'lina' ? '李娜' : id))).toBe('等待过久，转到李娜')
  })

  it('have words for everything that the server tells, in both languages', () => {
    for (const words of [zh, en]) {
      expect(Object.keys(words.customer.reason)).toEqual(expect.arrayContaining([...WAITING, ...CLOSED]))
      expect(Object.keys(words.chat.event.waiting)).toEqual(expect.arrayContaining([...WAITING]))
      expect(Object.keys(words.customer.rule)).toEqual(expect.arrayContaining([...RULES]))
      expect(Object.keys(words.chat.event.assigned)).toEqual(expect.arrayContaining([...RULES]))
    }
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
