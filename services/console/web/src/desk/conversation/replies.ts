/** A message of the history as something to send once more. Pure. */
import type { Message, Reply } from '@/api/shapes'

export function replyOf(message: Message): Reply | null {
  if (message.type === 'text' && message.text) return { type: 'text', text: message.text }
  if (message.image) return { type: 'image', image: { media_id: message.image.media_id } }
  if (message.card?.media_id) return { type: 'card', card: { ...message.card, media_id: message.card.media_id } }
  if (message.link) return { type: 'link', link: message.link }
  return null
}

/** Refusals that end by themselves once the customer writes: the message may wait for that. */
const WINDOW = new Set(['45015', '45037', '45047', '45093', 'expired'])

export function mayWait(code: string | null | undefined): boolean {
  return code !== null && code !== undefined && WINDOW.has(code)
}
