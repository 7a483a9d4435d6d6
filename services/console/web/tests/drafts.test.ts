// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import type { EffectScope, Ref } from 'vue'

import { draftKey, useDraft } from '@/desk/composer/drafts'

const KEY = draftKey('lina', 'c1')
let scopes: EffectScope[] = []

function draft(agent = 'lina', conversation = 'c1'): { text: Ref<string>; leave: () => void } {
  const scope = effectScope()
  scopes.push(scope)
  return { text: scope.run(() => useDraft(agent, conversation)) as Ref<string>, leave: () => scope.stop() }
}

beforeEach(() => {
  vi.useFakeTimers()
  window.localStorage.clear()
})
afterEach(() => {
  scopes.forEach((scope) => scope.stop())
  scopes = []
  vi.useRealTimers()
})

describe('a draft', () => {
  it('is kept for one agent and one conversation', () => {
    expect(draftKey('a', 'b')).not.toBe(draftKey('a/b', ''))
    draft().text.value = '您好'
    vi.runAllTimers()
    expect(window.localStorage.getItem(KEY)).toBe('您好')
    expect(draft('wang').text.value).toBe('')
    expect(draft('lina', 'c2').text.value).toBe('')
    expect(draft().text.value).toBe('您好')
  })

  it('is kept at once when the page goes away or another conversation is opened', () => {
    const one = draft()
    one.text.value = '您'
    window.dispatchEvent(new Event('pagehide'))
    expect(window.localStorage.getItem(KEY)).toBe('您')
    one.text.value = '您好'
    one.leave()
    expect(window.localStorage.getItem(KEY)).toBe('您好')
  })

  it('is gone when it was sent', () => {
    const { text } = draft()
    text.value = '您好'
    vi.runAllTimers()
    text.value = ''
    expect(window.localStorage.getItem(KEY)).toBeNull()
  })

  it('follows another tab, unless something newer is written here', () => {
    const { text } = draft()
    window.dispatchEvent(new StorageEvent('storage', { key: KEY, newValue: 'there' }))
    expect(text.value).toBe('there')
    text.value = 'here'
    window.dispatchEvent(new StorageEvent('storage', { key: KEY, newValue: 'there again' }))
    expect(text.value).toBe('here')
  })

  it('is no reason to fail where the browser keeps nothing', () => {
    const nothing = { getItem: () => { throw new Error('denied') }, setItem: () => { throw new Error('full') }, removeItem: () => { throw new Error('denied') } }
    const scope = effectScope()
    const text = scope.run(() => useDraft('lina', 'c1', nothing as never)) as Ref<string>
    text.value = 'still here'
    vi.runAllTimers()
    expect(text.value).toBe('still here')
    scope.stop()
  })
})
