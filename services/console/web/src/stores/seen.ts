/** Which colleagues look at, or type in, a conversation right now. Each word of it is good for some seconds. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'

import type { Frame } from '@/api/shapes'

type SeenFrame = Extract<Frame, { type: 'typing' | 'viewing' }>

export interface Colleague {
  id: string
  name: string
  typing: boolean
}

const VIEWING_MS = 12_000
const TYPING_MS = 5_000

export const useSeen = defineStore('seen', () => {
  const seen = shallowReactive(new Map<string, { name: string; viewing: number; typing: number }>())

  function take(frame: SeenFrame, now: number): void {
    const key = `${frame.conversation_id}\n${frame.agent_id}`
    const before = seen.get(key) ?? { name: frame.name, viewing: 0, typing: 0 }
    const viewing = now + VIEWING_MS
    const typing = frame.type === 'typing' ? now + TYPING_MS : before.typing
    seen.set(key, { name: frame.name, viewing, typing })
  }

  function of(conversation: string, now: number): Colleague[] {
    return [...seen]
      .filter(([key, { viewing }]) => key.startsWith(`${conversation}\n`) && viewing > now)
      .map(([key, { name, typing }]) => ({ id: key.split('\n')[1] ?? '', name, typing: typing > now }))
  }

  function sweep(now: number): void {
    for (const [key, { viewing }] of seen) if (viewing <= now) seen.delete(key)
  }

  return { take, of, sweep }
})
