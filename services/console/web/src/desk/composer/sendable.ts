/** Whether what is in the composer can go out as it is, and if not, why. Pure. */
import { LIMIT_BYTES, MOST_PARTS, SHOWN_FROM_BYTES, bytesOf, textParts } from '@/desk/composer/text-parts'

export interface Draft {
  readonly text: string
  readonly pictures: number
  /** How many WeChat takes now; 0 also while earlier ones are held, which nothing overtakes. */
  readonly room: number
  readonly hold: boolean
}

export interface Sendable {
  readonly bytes: number | null
  /** How many messages the text becomes. */
  readonly parts: number
  /** Over one message's limit: only the agent's word splits it. */
  readonly splits: boolean
  /** All messages together, pictures too. */
  readonly count: number
  readonly obstacle: 'nothing' | 'too_many' | 'no_room' | null
}

export function sendable(draft: Draft): Sendable {
  const size = bytesOf(draft.text)
  const parts = textParts(draft.text.trimEnd()).length
  const count = parts + draft.pictures
  return { bytes: size >= SHOWN_FROM_BYTES ? size : null, parts, splits: parts > 1, count, obstacle: obstacleOf(draft, parts, count) }
}

function obstacleOf(draft: Draft, parts: number, count: number): Sendable['obstacle'] {
  if (count === 0) return 'nothing'
  if (parts > MOST_PARTS) return 'too_many'
  return count > draft.room && !draft.hold ? 'no_room' : null
}

export { LIMIT_BYTES, MOST_PARTS }
