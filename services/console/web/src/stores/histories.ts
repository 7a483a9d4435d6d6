/** The messages of the conversations that were opened lately, without gaps, and kept up to date by the live socket. */
import { defineStore } from 'pinia'
import { markRaw, shallowReactive } from 'vue'

import { get } from '@/api/client'
import type { Message, MessageList } from '@/api/shapes'

const PAGE = 50
/** On the way to a message far back, as much at once as the console gives. */
const LARGE_PAGE = 200
const AT_ONCE = 6
/** Conversations whose messages are kept in memory; switching between them shows them at once. */
const KEPT = 60

export interface History {
  /** Ascending by `seq`, without a gap. */
  readonly messages: Message[]
  /** Whether there is nothing before the first. */
  readonly whole: boolean
  readonly state: 'loading' | 'loaded' | 'failed'
}

const empty: History = { messages: [], whole: false, state: 'loading' }

export const useHistories = defineStore('histories', () => {
  const histories = shallowReactive(new Map<string, History>())
  const underWay = new Map<string, Promise<void>>()

  /** Show what is in memory, and bring it up to date. Throws a Problem. */
  async function open(conversation: string): Promise<void> {
    const before = histories.get(conversation)
    if (before) {
      histories.delete(conversation) // the one used last goes last
      histories.set(conversation, before)
    } else {
      histories.set(conversation, empty)
      const oldest = histories.keys().next().value
      if (histories.size > KEPT && oldest !== undefined) histories.delete(oldest)
    }
    await catchUp(conversation)
  }

  /** What came after the last one we have; the last page where we have none. */
  function catchUp(conversation: string): Promise<void> {
    return once(`after:${conversation}`, async () => {
      const history = histories.get(conversation)
      if (!history) return
      const last = history.messages.at(-1)
      try {
        if (last) await readAfter(conversation, last.seq)
        else await readLast(conversation)
      } catch (failure) {
        const now = histories.get(conversation)
        if (now && now.messages.length === 0) histories.set(conversation, { ...now, state: 'failed' })
        throw failure
      }
    })
  }

  async function readAfter(conversation: string, seq: number): Promise<void> {
    for (let after = seq; ; ) {
      const page = await get<MessageList>(path(conversation), { after_seq: after, limit: 200 })
      merge(conversation, page.items)
      const last = page.items.at(-1)
      if (!last || last.seq >= page.last_seq) return
      after = last.seq
    }
  }

  async function readLast(conversation: string): Promise<void> {
    const page = await get<MessageList>(path(conversation), { limit: PAGE })
    merge(conversation, page.items, (page.items[0]?.seq ?? 1) <= 1)
  }

  /** The page before the first one we have. */
  function loadOlder(conversation: string): Promise<void> {
    return once(`before:${conversation}`, async () => {
      const history = histories.get(conversation)
      const first = history?.messages[0]
      if (!history || history.whole || !first) return
      const page = await get<MessageList>(path(conversation), { before_seq: first.seq, limit: PAGE })
      merge(conversation, page.items, (page.items[0]?.seq ?? 1) <= 1 || page.items.length === 0)
    })
  }

  /** A message told live. One that leaves a gap behind it makes us read what is between. */
  function take(conversation: string, message: Message): void {
    const history = histories.get(conversation)
    const last = history?.messages.at(-1)
    if (!history || !last) return
    const first = history.messages[0]
    if (first && message.seq < first.seq) return
    if (message.seq > last.seq + 1) void catchUp(conversation).catch(() => undefined)
    else merge(conversation, [message])
  }

  /** Load the places between the first we have and `seq`, so that it can be shown. */
  async function reach(conversation: string, seq: number): Promise<void> {
    await open(conversation)
    for (;;) {
      const history = histories.get(conversation)
      const first = history?.messages[0]
      if (!history || history.whole || !first || first.seq <= seq) return
      await readBefore(conversation, first.seq, seq)
    }
  }

  /** Places count without a gap, so the pages on the way are known beforehand and several are read at once. */
  async function readBefore(conversation: string, first: number, seq: number): Promise<void> {
    const ends: number[] = []
    for (let end = first; end > seq && ends.length < AT_ONCE; end -= LARGE_PAGE) ends.unshift(end)
    const pages = await Promise.all(
      ends.map((end) => get<MessageList>(path(conversation), { before_seq: end, limit: LARGE_PAGE })),
    )
    const found = pages.flatMap((page) => page.items)
    merge(conversation, found, (found[0]?.seq ?? 1) <= 1)
  }

  function merge(conversation: string, more: Message[], whole?: boolean): void {
    const history = histories.get(conversation)
    if (!history) return
    histories.set(conversation, {
      messages: merged(history.messages, more),
      whole: history.whole || (whole ?? false),
      state: 'loaded',
    })
  }

  function once(name: string, work: () => Promise<void>): Promise<void> {
    const running = underWay.get(name)
    if (running) return running
    const started = work().finally(() => underWay.delete(name))
    underWay.set(name, started)
    return started
  }

  /** After a reset: what is open is read again where it is shown, so that nothing moves; the rest is forgotten. */
  async function reload(openNow: string | null): Promise<void> {
    for (const id of [...histories.keys()]) if (id !== openNow) histories.delete(id)
    const first = openNow === null ? undefined : histories.get(openNow)?.messages[0]
    if (openNow !== null && first) await readAfter(openNow, first.seq - 1)
    else if (openNow !== null) await catchUp(openNow)
  }

  function clear(): void {
    histories.clear()
  }

  return { histories, open, catchUp, loadOlder, take, reach, reload, clear }
})

/** Both lists as one: of two of the same place the one of the higher revision stands. */
export function merged(before: Message[], more: Message[]): Message[] {
  const last = before.at(-1)
  const appended = more.length > 0 && (!last || more.every((message) => message.seq > last.seq))
  if (appended) return [...before, ...more.map((message) => markRaw(message))]
  const first = before[0]
  const prepended = first !== undefined && more.every((message) => message.seq < first.seq)
  if (prepended) return [...more.map((message) => markRaw(message)), ...before]
  const bySeq = new Map(before.map((message) => [message.seq, message]))
  for (const message of more) {
    const held = bySeq.get(message.seq)
    if (!held || held.revision < message.revision) bySeq.set(message.seq, markRaw(message))
  }
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq)
}

function path(conversation: string): string {
  return `/conversations/${encodeURIComponent(conversation)}/messages`
}
