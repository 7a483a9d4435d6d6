// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApp } from 'vue'
import type { App } from 'vue'

import { Problem } from '@/api/client'
import { useAsking } from '@/desk/asking'
import type { Asking } from '@/desk/asking'
import { i18n } from '@/i18n'

const REFUSED = new Problem({ code: 'unreachable', detail: '', status: 0 })

interface Question {
  signal: AbortSignal
  give: (answer: string) => void
  refuse: (why: unknown) => void
}

let page: App
let asking: Asking
let asked: Question[]

const ask = () => asking.ask((signal) => new Promise<string>((give, refuse) => asked.push({ signal, give, refuse })))

beforeEach(() => {
  asked = []
  const setup = () => {
    asking = useAsking()
    return () => null
  }
  page = createApp({ setup }).use(i18n)
  page.mount(document.createElement('div'))
})
afterEach(() => page.unmount())

it('answers, and awaits an answer until then', async () => {
  const answer = ask()
  expect(asking.busy.value).toBe(true)
  asked[0]?.give('a')
  expect(await answer).toBe('a')
  expect(asking.busy.value).toBe(false)
})

it.each<[string, (first: Question) => void]>([
  ['answered', (first) => first.give('first')],
  ['refused', (first) => first.refuse(REFUSED)],
])('takes nothing of a question %s after the next was asked', async (_, end) => {
  const first = ask()
  const second = ask()
  expect(asked.map((one) => one.signal.aborted)).toEqual([true, false])
  end(asked[0] as Question)
  expect(await first).toBeNull()
  expect([asking.busy.value, asking.failure.value]).toEqual([true, null])
  asked[1]?.give('second')
  expect(await second).toBe('second')
})

it('says in words why there is no answer, until there is one', async () => {
  const refused = ask()
  asked[0]?.refuse(REFUSED)
  expect(await refused).toBeNull()
  expect([asking.busy.value, asking.failure.value]).toEqual([false, i18n.global.t('problems.unreachable')])
  const again = ask()
  expect(asking.failure.value).not.toBeNull()
  asked[1]?.give('a')
  await again
  expect(asking.failure.value).toBeNull()
})

it('says what else goes wrong as it is', async () => {
  const cut = ask()
  asked[0]?.refuse(new TypeError('network error'))
  await cut
  expect(asking.failure.value).toBe('TypeError: network error')
})

it('no longer waits once its page is gone', async () => {
  const answer = ask()
  page.unmount()
  expect(asked[0]?.signal.aborted).toBe(true)
  asked[0]?.give('late')
  expect(await answer).toBeNull()
})
