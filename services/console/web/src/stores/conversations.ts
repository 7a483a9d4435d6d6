/** Every conversation this page has heard of, and the lists made of them. */
import { defineStore } from 'pinia'
import { computed, markRaw, reactive, ref, shallowReactive, watch } from 'vue'

import { get } from '@/api/client'
import type { Conversation, ConversationList, Counts, View } from '@/api/shapes'
import { offersTo } from '@/desk/offers'
import { VIEWS, belongs, isBehind, isReadWhole, order } from '@/desk/views'
import { useLogin } from '@/stores/login'

const PAGE = 50
const MOST_PAGES = 10
const COUNTS_AFTER_MS = 800

interface Loaded {
  next: string | null
  /** `updated_at` of the last one loaded: behind it the list is not whole. Null: nothing is missing. */
  end: string | null
  state: 'unloaded' | 'loading' | 'loaded' | 'failed'
}

const unloaded = (): Loaded => ({ next: null, end: null, state: 'unloaded' })

export const useConversations = defineStore('conversations', () => {
  const login = useLogin()
  const known = shallowReactive(new Map<string, Conversation>())
  const pages = reactive<Record<View, Loaded>>({
    waiting: unloaded(),
    mine: unloaded(),
    attention: unloaded(),
    all: unloaded(),
    closed: unloaded(),
  })
  const serverCounts = ref<Counts>({ waiting: 0, mine: 0, attention: 0, all: 0, closed: 0 })
  const app = ref<string | null>(null)
  let counting: number | undefined

  const lists = {
    waiting: computed(() => shown('waiting')),
    mine: computed(() => shown('mine')),
    attention: computed(() => shown('attention')),
    all: computed(() => shown('all')),
    closed: computed(() => shown('closed')),
  }
  const list = (view: View): Conversation[] => lists[view].value

  /** Exact where the whole list is here, else what the server counted (it stops at 1000). */
  const counts = computed<Counts>(() => ({
    ...serverCounts.value,
    ...(isWhole('waiting') ? { waiting: list('waiting').length } : {}),
    ...(isWhole('mine') ? { mine: list('mine').length } : {}),
    ...(isWhole('attention') ? { attention: list('attention').length } : {}),
  }))

  /** What this agent is asked to accept, whatever app the lists are of. */
  const offered = computed(() => offersTo(login.me?.id, known.values()))

  const unreadMine = computed(() => list('mine').reduce((sum, conversation) => sum + conversation.unread, 0))

  function isWhole(view: View): boolean {
    return pages[view].state === 'loaded' && pages[view].next === null
  }

  function shown(view: View): Conversation[] {
    const agent = login.me?.id ?? ''
    const end = isReadWhole(view) ? null : pages[view].end
    return [...known.values()]
      .filter((one) => belongs(one, view, agent) && (app.value === null || one.app.id === app.value))
      .filter((one) => !isBehind(one, end))
      .sort(order(view, agent))
  }

  /** Keep it if it is newer than what is here; the conversation that stands. */
  function take(conversation: Conversation): Conversation {
    const before = known.get(conversation.id)
    if (before && before.version >= conversation.version) return before
    known.set(conversation.id, markRaw(conversation))
    if (!before || standing(before) !== standing(conversation)) countSoon()
    return conversation
  }

  function forget(id: string): void {
    known.delete(id)
  }

  async function load(view: View): Promise<void> {
    const wanted = app.value
    pages[view].state = 'loading'
    try {
      let next = await page(view, null)
      // Who waits is sorted by deadline here, so all of them are needed; there are never many.
      for (let more = 1; isReadWhole(view) && next && more < MOST_PAGES; more++) next = await page(view, next)
      if (wanted === app.value) pages[view].state = 'loaded'
    } catch (failure) {
      pages[view].state = 'failed'
      throw failure
    }
  }

  async function loadMore(view: View): Promise<void> {
    const { next, state } = pages[view]
    if (!next || state !== 'loaded') return
    pages[view].state = 'loading'
    try {
      await page(view, next)
    } finally {
      pages[view].state = 'loaded'
    }
  }

  async function page(view: View, cursor: string | null): Promise<string | null> {
    const wanted = app.value
    const list = await get<ConversationList>('/conversations', { view, app: wanted, cursor, limit: PAGE })
    if (wanted !== app.value) return null
    list.items.forEach(take)
    pages[view].next = list.next
    pages[view].end = list.next ? (list.items.at(-1)?.updated_at ?? null) : null
    serverCounts.value = list.counts
    return list.next
  }

  /** One that may not be in any list that was loaded. Throws a Problem. */
  async function fetchOne(id: string): Promise<Conversation> {
    return take(await get<Conversation>(`/conversations/${encodeURIComponent(id)}`))
  }

  /** After a gap nobody can fill: everything again, keeping what is shown until the answers are here. */
  async function reload(): Promise<void> {
    const before = VIEWS.filter((view) => pages[view].state !== 'unloaded')
    await Promise.all(before.map(load))
  }

  function countSoon(): void {
    window.clearTimeout(counting)
    counting = window.setTimeout(() => {
      void get<ConversationList>('/conversations', { view: 'waiting', app: app.value, limit: 1 })
        .then((list) => (serverCounts.value = list.counts))
        .catch(() => undefined)
    }, COUNTS_AFTER_MS)
  }

  watch(app, () => {
    const loadedBefore = VIEWS.filter((view) => pages[view].state !== 'unloaded')
    for (const view of VIEWS) pages[view] = unloaded()
    void Promise.allSettled(loadedBefore.map(load))
  })

  function clear(): void {
    known.clear()
    for (const view of VIEWS) pages[view] = unloaded()
    app.value = null
  }

  return { known, pages, app, list, counts, offered, unreadMine, take, forget, load, loadMore, fetchOne, reload, clear }
})

/** By which a conversation is counted. */
function standing({ session }: Conversation): string {
  return `${session?.state} ${Boolean(session?.attention)}`
}
