/** What an agent does with a conversation. Close and transfer leave after five seconds, in which they can be undone. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'

import { Problem, Unsettled, command } from '@/api/client'
import type { Conversation, Message } from '@/api/shapes'
import { i18n } from '@/i18n'
import { useConversations } from '@/stores/conversations'
import { useHistories } from '@/stores/histories'
import { useNotices } from '@/stores/notices'
import { problemWords } from '@/desk/problems'

export type Target = { agent: string } | { group: string } | { bot: true } | { vendor: string } | { official: true }

interface Pending {
  readonly kind: 'close' | 'transfer'
  readonly run: (keepalive: boolean) => Promise<void>
  readonly timer: number
  readonly notice: number
}

const UNDO_MS = 5_000

export const useActions = defineStore('actions', () => {
  const conversations = useConversations()
  const histories = useHistories()
  const notices = useNotices()
  const { t } = i18n.global

  /** What is about to be done to a conversation, and can still be undone. */
  const pending = shallowReactive(new Map<string, Pending>())
  /** What this page has asked for and not heard of yet: a change that comes now is its own doing. */
  const underWay = new Set<string>()

  async function accept(id: string): Promise<boolean> {
    return (await asked(id, 'accept')) !== null
  }

  async function decline(id: string): Promise<boolean> {
    return (await asked(id, 'decline')) !== null
  }

  function close(id: string, name: string, reason?: string): void {
    later(id, 'close', t('customer.closed_notice', { name }), reason ? { reason } : {})
  }

  function transfer(id: string, name: string, to: Target, label: string, note?: string): void {
    later(id, 'transfer', t('customer.transferred_notice', { name, to: label }), note ? { to, note } : { to })
  }

  /** At once: it was asked for in so many words. */
  async function takeOver(id: string, agent: string): Promise<boolean> {
    undo(id)
    return (await asked(id, 'transfer', { to: { agent } })) !== null
  }

  async function setTags(id: string, tags: string[]): Promise<boolean> {
    return (await asked(id, 'tags', { tags }, 'PUT')) !== null
  }

  async function addNote(id: string, text: string): Promise<boolean> {
    const answer = await told(() => command<{ items: Message[] }>(path(id, 'notes'), { body: { client_id: crypto.randomUUID(), text } }))
    if (answer && !(answer instanceof Unsettled)) answer.items.forEach((message) => histories.take(id, message))
    return answer !== null
  }

  /** That the agent has seen everything up to here; never worth a word when it fails. */
  async function markRead(id: string, seq: number): Promise<void> {
    try {
      const answer = await command<Conversation>(path(id, 'read'), { body: { seq } })
      if (!(answer instanceof Unsettled)) conversations.take(answer)
    } catch {
      // The next message or the next look says it again.
    }
  }

  async function onMessage(id: string, seq: number, what: 'resend' | 'discard' | 'mark-sent'): Promise<boolean> {
    const answer = await told(() => command<Message>(path(id, `messages/${seq}/${what}`), { key: crypto.randomUUID() }))
    if (answer && !(answer instanceof Unsettled)) histories.take(id, answer)
    if (answer) void histories.catchUp(id).catch(() => undefined)
    return answer !== null
  }

  function later(id: string, kind: Pending['kind'], text: string, body: object): void {
    undo(id)
    const key = crypto.randomUUID()
    const run = async (keepalive: boolean) => {
      pending.delete(id)
      await asked(id, kind, body, 'POST', { key, keepalive })
    }
    const timer = window.setTimeout(() => void run(false), UNDO_MS)
    const notice = notices.tell(text, { action: { label: t('shell.undo'), run: () => undo(id) }, forMs: UNDO_MS })
    pending.set(id, { kind, run, timer, notice })
  }

  function undo(id: string): void {
    const before = pending.get(id)
    if (!before) return
    window.clearTimeout(before.timer)
    notices.dismiss(before.notice)
    pending.delete(id)
  }

  /** What was decided last, of what can still be undone. */
  function undoLast(): void {
    const last = [...pending.keys()].at(-1)
    if (last) undo(last)
  }

  /** The page goes away: what was decided is done, not forgotten. */
  function flush(): void {
    for (const { timer, run } of [...pending.values()]) {
      window.clearTimeout(timer)
      void run(true)
    }
  }

  async function asked(
    id: string,
    what: string,
    body: object = {},
    method = 'POST',
    more: { key?: string; keepalive?: boolean } = {},
  ): Promise<Conversation | Unsettled | null> {
    underWay.add(id)
    const answer = await told(() => command<Conversation>(path(id, what), { body, key: more.key ?? crypto.randomUUID(), keepalive: more.keepalive ?? false }, method))
    underWay.delete(id)
    if (answer && !(answer instanceof Unsettled)) conversations.take(answer)
    return answer
  }

  async function told<Answer>(work: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await work()
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure
      notices.tell(problemWords(failure.document, t), { tone: 'bad' })
      return null
    }
  }

  window.addEventListener('pagehide', flush)

  return { pending, underWay, accept, decline, close, transfer, takeOver, setTags, addNote, markRead, onMessage, undo, undoLast, flush }
})

function path(id: string, what: string): string {
  return `/conversations/${encodeURIComponent(id)}/${what}`
}
