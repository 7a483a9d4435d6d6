import { expect, it } from 'vitest'

import { merged } from '@/stores/histories'
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
