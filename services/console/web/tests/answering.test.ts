import { describe, expect, it } from 'vitest'

import { answerTo, normal, takenBy } from '@/admin/apps/answering'
import type { KeywordRule } from '@/api/shapes'
import { settings } from './app-settings-builder'

const rule = (words: string[], given: Partial<KeywordRule> = {}): KeywordRule => ({ words, match: 'contains', reply: `答 ${words[0]}`, hand_off: false, ...given })

describe('words as they are compared', () => {
  it.each([
    [' 发 货\t了\u3000吗\n', '发货了吗'],
    ['Straße STRASSE', 'strassestrasse'],
    ['ΣΊΣΥΦΟΣ ς', 'σίσυφοσσ'],
    ['ﬁ İ', 'fii̇'],
    ['ı', 'ı'],
    ['a\u200bb\ufeff', 'a\u200bb\ufeff'],
    ['a\x1cb\x85c', 'abc'],
  ])('%j is %j', (text, same) => {
    expect(normal(text)).toBe(same)
  })
})

describe('what the bot answers', () => {
  const rules = settings({
    welcome: '您好',
    keyword_rules: [rule(['发货', '物流'], { hand_off: true }), rule(['Hi'], { match: 'equals' }), rule(['退款'], { reply: null, hand_off: true })],
    unmatched: { reply: '不会', hand_off: false },
  })

  it.each([
    [null, { reason: 'welcome', reply: '您好', handOff: false, rule: null, word: null }],
    ['转 人 工', { reason: 'customer_asked', reply: null, handOff: true, rule: null, word: '人工' }],
    ['发货吗，人工', { reason: 'customer_asked', reply: null, handOff: true, rule: null, word: '人工' }],
    ['我的物流呢', { reason: 'keyword', reply: '答 发货', handOff: true, rule: 0, word: '物流' }],
    ['H I', { reason: 'keyword', reply: '答 Hi', handOff: false, rule: 1, word: 'Hi' }],
    ['hi there', { reason: 'unmatched', reply: '不会', handOff: false, rule: null, word: null }],
    ['要退款', { reason: 'keyword', reply: null, handOff: true, rule: 2, word: '退款' }],
  ] as const)('%j', (text, answer) => {
    expect(answerTo(rules, text)).toEqual(answer)
  })
})

describe('a rule that never has its turn', () => {
  const taken = (...rules: KeywordRule[]) => rules.map((_, place) => takenBy(settings({ keyword_rules: rules }), place))

  it('is one whose every word holds a word before it', () => {
    expect(taken(rule(['退']), rule(['退款', '退货']), rule(['退款', '换货']))).toEqual([null, 0, null])
  })

  it('is not one that a whole-message rule stands before', () => {
    expect(taken(rule(['hi'], { match: 'equals' }), rule(['hi']), rule(['HI'], { match: 'equals' }))).toEqual([null, null, 0])
  })

  it('may be taken by the hand-off words, and is not spoken of while it has no words', () => {
    expect(taken(rule(['人工客服']), rule([]))).toEqual(['hand_off', null])
  })
})
