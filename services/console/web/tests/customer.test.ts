import { describe, expect, it } from 'vitest'

import { readSource, sourceLine } from '@/desk/customer/source'
import { transferChoices } from '@/desk/customer/transfers'
import { app, colleague, conversation, session, t } from './builders'

describe('what session-from says', () => {
  it.each([
    ['{"page":"详情","sku":{"id":7}}', [['page', '详情'], ['sku', '{"id":7}']]],
    ['pages/index?from=ad&id=%E8%8A%B1', [[null, 'pages/index'], ['from', 'ad'], ['id', '花']]],
    ['a=1&b=', [['a', '1'], ['b', '']]],
    ['来源：首页，活动：双十一', [['来源', '首页'], ['活动', '双十一']]],
    ['商品页', [[null, '商品页']]],
    ['{broken', [[null, '{broken']]],
    ['https://example.com/x', [[null, 'https://example.com/x']]],
    ['a=%E0%A4%A', [['a', '%E0%A4%A']]],
    ['  ', []],
  ])('%s', (source, fields) => {
    expect(readSource(source).map(({ name, value }) => [name, value])).toEqual(fields)
  })
})

it('shortens to its values in one line', () => {
  expect(sourceLine('{"page":"详情","sku":"A-0","empty":""}')).toBe('详情 · A-0')
  expect(sourceLine('')).toBe('')
})

describe('to whom one may transfer', () => {
  const mine = conversation({ session: session({ state: 'agent', responder: { kind: 'agent', id: 'me', name: '我' } }) })

  it('offers who can take it first, and not oneself', () => {
    const colleagues = [colleague('me'), colleague('off', { presence: 'offline' }), colleague('full', { load: 5 }), colleague('busy', { load: 3 }), colleague('free')]
    const agents = transferChoices(mine, colleagues, [], [app()], 'me', t).filter((choice) => 'agent' in choice.target)
    expect(agents.map((choice) => [choice.key, choice.disabled])).toEqual([
      ['agent:free', false],
      ['agent:busy', false],
      ['agent:off', false],
      ['agent:full', true],
    ])
  })

  it('leaves out who does not serve the app, and groups nobody is in', () => {
    const colleagues = [colleague('vip', { groups: ['vip'] }), colleague('plain'), colleague('boss', { role: 'supervisor' })]
    const groups = [
      { name: 'vip', agents: ['vip'], apps: ['wx1'] },
      { name: 'empty', agents: [], apps: ['wx1'] },
    ]
    const keys = transferChoices(mine, colleagues, groups, [app({ groups: ['vip'] })], 'me', t).map((choice) => choice.key)
    expect(keys.sort()).toEqual(['agent:boss', 'agent:vip', 'bot', 'group:vip'])
  })

  it('has the official console only where the app allows it, and not where the session goes there already', () => {
    const keys = (given: object, official = true) =>
      transferChoices(conversation({ session: session(given) }), [], [], [app({ official })], 'me', t).map((choice) => choice.key)
    expect(keys({ state: 'agent' })).toEqual(['bot', 'official'])
    expect(keys({ state: 'agent' }, false)).toEqual(['bot'])
    expect(keys({ state: 'waiting', to_official: true })).toEqual(['bot'])
    expect(keys({ state: 'official', to_official: true })).toEqual(['bot'])
  })

  it('lets a supervisor take over what another holds, and has no bot where the bot has it', () => {
    const theirs = conversation({ session: session({ state: 'agent', responder: { kind: 'agent', id: 'lina', name: '李娜' } }) })
    expect(transferChoices(theirs, [colleague('me'), colleague('lina')], [], [app()], 'me', t).map((choice) => choice.key)).toEqual(['agent:me', 'bot'])
    const bots = conversation({ session: session({ state: 'bot' }) })
    expect(transferChoices(bots, [], [], [app()], 'me', t)).toEqual([])
  })
})
