/** How high a row will probably be, before it is measured: the nearer, the less the scroll bar moves. Pure. */
import type { Message } from '@/api/shapes'
import type { Entry } from '@/desk/conversation/entries'
import { boxOf } from '@/desk/conversation/sizes'

const LINE = 21
const BUBBLE = 16
const GROUP_GAP = 8

export function estimate(entry: Entry | undefined, width: number): number {
  if (!entry) return 0
  switch (entry.kind) {
    case 'break':
      return (entry.day ? 36 : 0) + (entry.time ? 25 : 0) + (entry.author ? 24 : 0)
    case 'event':
      return 24
    case 'note':
      return 46 + heightOf(entry.message, width)
    case 'leaving':
      return (entry.last ? GROUP_GAP : 0) + (entry.one.reply.type === 'text' ? BUBBLE + textHeight(entry.one.reply.text, width) : 240)
    case 'said':
      return (entry.last ? GROUP_GAP : 0) + saidHeight(entry, width)
  }
}

function saidHeight({ message }: Extract<Entry, { kind: 'said' }>, width: number): number {
  if (message.image) return 2 + boxOf(message.image.width, message.image.height).height
  if (message.card) return 290
  if (message.link) return 100
  return BUBBLE + heightOf(message, width)
}

const known = new WeakMap<Message, { width: number; height: number }>()

/** Asked of every message of a long history whenever one row changes: counted once. */
function heightOf(message: Message, width: number): number {
  const before = known.get(message)
  if (before?.width === width) return before.height
  const height = textHeight(message.text ?? '', width)
  known.set(message, { width, height })
  return height
}

/** A wide character takes a full 14 px, a narrow one about half. */
function textHeight(text: string, width: number): number {
  const room = Math.max(160, Math.min(680, width * 0.76) - 24)
  let lines = 0
  for (const line of text.slice(0, 4000).split('\n')) {
    let px = 0
    for (const letter of line) px += (letter.codePointAt(0) ?? 0) > 0x2e80 ? 14 : 7.4
    lines += Math.max(1, Math.ceil(px / room))
  }
  return lines * LINE
}
