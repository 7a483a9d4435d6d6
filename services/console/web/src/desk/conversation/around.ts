/** What the parts of a conversation may ask of the pane they are in. */
import { inject } from 'vue'
import type { ComputedRef, InjectionKey } from 'vue'

export interface Around {
  readonly id: string
  /** Whether this agent holds the session, and so may act on its messages. */
  readonly responds: ComputedRef<boolean>
  /** Whether WeChat takes a message of ours now. */
  readonly open: ComputedRef<boolean>
  /** Show a picture of the history large. */
  openPicture(mediaId: string): void
  /** Scroll to a message and mark it for a moment. */
  jump(seq: number): void
  /** Put a text back into the composer. */
  edit(text: string): void
}

export const AROUND: InjectionKey<Around> = Symbol('the pane around')

export function useAround(): Around {
  const around = inject(AROUND)
  if (!around) throw new Error('there is no conversation pane around')
  return around
}
