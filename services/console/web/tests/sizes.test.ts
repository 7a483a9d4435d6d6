import { describe, expect, it } from 'vitest'

import { estimate } from '@/desk/conversation/estimates'
import { mayWait, replyOf } from '@/desk/conversation/replies'
import { boxOf } from '@/desk/conversation/sizes'
import type { Message } from '@/api/shapes'

const message = (more: Partial<Message>) => ({ type: 'text', text: null, image: null, card: null, link: null, ...more }) as Message

describe('the room of a picture', () => {
  it('keeps its form and is never larger than the picture', () => {
    expect(boxOf(2600, 1300)).toEqual({ width: 260, height: 130 })
    expect(boxOf(300, 3000)).toEqual({ width: 48, height: 300 })
    expect(boxOf(100, 80)).toEqual({ width: 100, height: 80 })
  })

  it('is there before its size is known', () => {
    expect(boxOf(null, null).height).toBeGreaterThan(0)
  })
})

describe('the probable height of a row', () => {
  it('grows with the text, and with what is wide', () => {
    const row = (text: string) => estimate({ kind: 'said', key: 'm', at: '', last: false, message: message({ text }) }, 700)
    expect(row('a\nb\nc')).toBeGreaterThan(row('abc'))
    expect(row('字'.repeat(200))).toBeGreaterThan(row('a'.repeat(200)))
    expect(estimate(undefined, 700)).toBe(0)
  })
})

describe('sending a message once more', () => {
  it('says the same, whatever its type', () => {
    expect(replyOf(message({ text: '好' }))).toEqual({ type: 'text', text: '好' })
    expect(replyOf(message({ type: 'image', image: { media_id: 'p', width: 1, height: 1 } }))).toEqual({ type: 'image', image: { media_id: 'p' } })
    expect(replyOf(message({ type: 'card', card: { title: 'a', path: 'b', app_id: null, media_id: null } }))).toBeNull()
  })

  it('may wait for the customer where only their silence was in the way', () => {
    expect(mayWait('45015')).toBe(true)
    expect(mayWait('87014')).toBe(false)
    expect(mayWait(null)).toBe(false)
  })
})
