import { createPinia, setActivePinia } from 'pinia'
import { afterEach, expect, it, vi } from 'vitest'

import { merged, useHistories } from '@/stores/histories'
import { message } from './builders'

const seqs = (messages: { seq: number }[]) => messages.map((one) => one.seq)

it('appends what comes after, and puts in order what comes before', () => {
  expect(seqs(merged([message(1), message(2)], [message(3)]))).toEqual([1, 2, 3])
  expect(seqs(merged([message(5)], [message(3), message(4)]))).toEqual([3, 4, 5])
})

it('holds each place once, in its newest revision', () => {
  const before = [message(1), message(2, { revision: 9, text: 'new' })]
  const after = merged(before, [message(2, { revision: 7, text: 'old' }), message(1, { revision: 8, text: 'changed' })])
  expect(after.map((one) => one.text)).toEqual(['changed', 'new'])
})

afterEach(() => vi.unstubAllGlobals())

it('reads again after a reset what is shown, where it is shown', async () => {
  setActivePinia(createPinia())
  const answers = [
    { items: [message(11), message(12)], last_seq: 12 },
    { items: [message(11), message(12, { revision: 30, text: '改过' }), message(13)], last_seq: 13 },
  ]
  const asked: string[] = []
  vi.stubGlobal('fetch', (address: string) => {
    asked.push(address)
    return Promise.resolve(new Response(JSON.stringify(answers.shift()), { status: 200 }))
  })
  const histories = useHistories()
  await histories.open('c1')
  const reading = histories.reload('c1')
  expect(seqs(histories.histories.get('c1')?.messages ?? [])).toEqual([11, 12])
  await reading
  expect(asked.at(-1)).toContain('after_seq=10')
  expect(histories.histories.get('c1')).toMatchObject({ state: 'loaded', whole: false, messages: [{ seq: 11 }, { text: '改过' }, { seq: 13 }] })
  await histories.reload(null)
  expect(histories.histories.size).toBe(0)
})

it('reaches a place far back by several pages at once, and leaves no gap', async () => {
  setActivePinia(createPinia())
  let [underWay, most] = [0, 0]
  vi.stubGlobal('fetch', async (address: string) => {
    const query = new URL(address, 'http://desk').searchParams
    const end = Number(query.get('before_seq') ?? 3_001)
    most = Math.max(most, ++underWay)
    await Promise.resolve()
    underWay--
    const first = Math.max(1, end - Number(query.get('limit')))
    const items = Array.from({ length: end - first }, (_, place) => message(first + place))
    return new Response(JSON.stringify({ items, last_seq: 3_000 }), { status: 200 })
  })
  const histories = useHistories()
  await histories.reach('c1', 1_500)
  const held = seqs(histories.histories.get('c1')?.messages ?? [])
  expect(held[0]).toBeLessThanOrEqual(1_500)
  expect(held).toEqual(Array.from({ length: held.length }, (_, place) => 3_001 - held.length + place))
  expect(most).toBeGreaterThan(1)
  await histories.reach('c1', 1)
  expect(histories.histories.get('c1')).toMatchObject({ whole: true, messages: { length: 3_000 } })
})
