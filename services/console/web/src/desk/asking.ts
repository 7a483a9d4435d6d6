/** Asking the console what may be asked anew before it answers: only the last question counts. */
import { onScopeDispose, ref } from 'vue'
import type { Ref } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem } from '@/api/client'
import { problemWords } from '@/desk/problems'

export interface Asking {
  /** Whether an answer is awaited; true from the start, as whoever asks begins with a question. */
  busy: Ref<boolean>
  /** Why the last question has no answer, in words; it stands until one is answered. */
  failure: Ref<string | null>
  /** What `question` answers; null: it failed, or another was asked meanwhile. */
  ask: <Answer>(question: (signal: AbortSignal) => Promise<Answer>) => Promise<Answer | null>
  /** Wait no longer for the last question. */
  stop: () => void
}

export function useAsking(): Asking {
  const { t } = useI18n()
  const busy = ref(true)
  const failure = ref<string | null>(null)
  let last: AbortController | null = null

  const stop = () => last?.abort()
  onScopeDispose(stop)

  async function ask<Answer>(question: (signal: AbortSignal) => Promise<Answer>): Promise<Answer | null> {
    stop()
    const { signal } = (last = new AbortController())
    busy.value = true
    const answer = await question(signal).catch((refused: unknown) => {
      if (!signal.aborted) failure.value = refused instanceof Problem ? problemWords(refused.document, t) : String(refused)
      return null
    })
    if (signal.aborted) return null
    busy.value = false
    if (answer !== null) failure.value = null
    return answer
  }

  return { busy, failure, ask, stop }
}
