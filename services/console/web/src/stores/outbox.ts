/** What the agent sends, from the key press until its message stands in the history: shown at once, sent once. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { Problem, Unsettled, command, upload } from '@/api/client'
import type { ProblemDocument } from '@/api/client'
import type { Message, Reply } from '@/api/shapes'
import { useHistories } from '@/stores/histories'

export interface Outgoing {
  /** Also the `client_id`: asked again with it, the console sends once. */
  readonly key: string
  readonly conversation: string
  readonly reply: Reply
  readonly at: string
  readonly hold: boolean
  /** Its picture, with an address to show it by meanwhile; `isUp`: the console has it. */
  readonly file: { blob: Blob; name: string; preview: string; width?: number; height?: number } | null
  isUp: boolean
  state: 'sending' | 'failed'
  problem: ProblemDocument | null
  commandId: string | null
}

const AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000]

export const useOutbox = defineStore('outbox', () => {
  const histories = useHistories()
  const outgoing = ref<Outgoing[]>([])

  const of = (conversation: string) => outgoing.value.filter((one) => one.conversation === conversation)

  /** Messages of one conversation leave in the order in which they were sent here. */
  const lines = new Map<string, Promise<void>>()

  function send(conversation: string, reply: Reply, more: { hold?: boolean; file?: Outgoing['file']; isUp?: boolean } = {}): void {
    const one: Outgoing = {
      key: crypto.randomUUID(),
      conversation,
      reply,
      at: new Date().toISOString(),
      hold: more.hold ?? false,
      file: more.file ?? null,
      isUp: more.isUp ?? false,
      state: 'sending',
      problem: null,
      commandId: null,
    }
    outgoing.value.push(one)
    queue(one.key)
  }

  function queue(key: string): void {
    const one = find(key)
    if (!one) return
    const before = lines.get(one.conversation) ?? Promise.resolve()
    lines.set(one.conversation, before.then(() => attempt(key)))
  }

  /** Tried until the console answers: an answer that was lost is asked for again with the same key. */
  async function attempt(key: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      const one = find(key)
      if (!one || one.state !== 'sending') return
      try {
        await deliver(one)
        return
      } catch (failure) {
        const problem = failure instanceof Problem ? failure : null
        const waits = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)] ?? 0
        if (problem?.passes) await pause(Math.max(waits, (problem.retryAfterSeconds ?? 0) * 1000))
        else if (problem?.code === 'login_required') await pause(1_000)
        else return fail(key, problem?.document ?? { code: 'invalid', detail: String(failure), status: 0 })
      }
    }
  }

  async function deliver(one: Outgoing): Promise<void> {
    const reply = one.file && !one.isUp ? await uploaded(one) : one.reply
    const body = { ...reply, client_id: one.key, if_closed: one.hold ? 'hold' : 'refuse' }
    const answer = await command<{ items: Message[] }>(`/conversations/${encodeURIComponent(one.conversation)}/messages`, {
      body,
    })
    if (answer instanceof Unsettled) {
      one.commandId = answer.commandId
      return
    }
    answer.items.forEach((message) => histories.take(one.conversation, message))
    drop(one.key)
  }

  async function uploaded(one: Outgoing): Promise<Reply> {
    const file = one.file
    if (!file || one.reply.type === 'text') return one.reply
    const { media_id } = await upload<{ media_id: string }>(file.blob, file.name)
    const stored = find(one.key)
    const reply = withPicture(one.reply, media_id)
    // Uploaded once: what is asked again names the same picture.
    if (stored) Object.assign(stored, { reply, isUp: true })
    return reply
  }

  function fail(key: string, problem: ProblemDocument): void {
    const one = find(key)
    if (one) Object.assign(one, { state: 'failed', problem })
  }

  /** Its message was told live, or its command's end was. */
  function settle(message: Message): void {
    if (message.client_id) drop(message.client_id)
  }

  function settleCommand(commandId: string, problem: ProblemDocument | null): void {
    const one = outgoing.value.find((each) => each.commandId === commandId)
    if (!one) return
    if (problem) fail(one.key, problem)
    else {
      void histories.catchUp(one.conversation).finally(() => drop(one.key))
    }
  }

  /** Send what failed once more, as a new message. */
  function again(key: string, hold: boolean): void {
    const one = find(key)
    if (!one) return
    drop(key, { keepPreview: true })
    send(one.conversation, one.reply, { hold, file: one.file, isUp: one.isUp })
  }

  function drop(key: string, { keepPreview = false } = {}): void {
    const one = find(key)
    if (!one) return
    if (one.file && !keepPreview) URL.revokeObjectURL(one.file.preview)
    outgoing.value = outgoing.value.filter((each) => each.key !== key)
  }

  function find(key: string): Outgoing | undefined {
    return outgoing.value.find((one) => one.key === key)
  }

  function clear(): void {
    outgoing.value = []
  }

  return { outgoing, of, send, settle, settleCommand, again, drop, clear }
})

function withPicture(reply: Reply, mediaId: string): Reply {
  switch (reply.type) {
    case 'image':
      return { type: 'image', image: { media_id: mediaId } }
    case 'card':
      return { type: 'card', card: { ...reply.card, media_id: mediaId } }
    case 'link':
      return { type: 'link', link: { ...reply.link, media_id: mediaId } }
    case 'text':
      return reply
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms))
}
