/** Trying out webhooks and robots: which is being called just now, and how each call went. */
import { ref } from 'vue'

import { post } from '@/api/client'
import type { Trial } from '@/api/shapes'
import { useUndoing } from '@/admin/undoing'

export function useTrying(what: 'webhooks' | 'notifiers', done: () => Promise<void>) {
  const { tried } = useUndoing()
  const trials = ref<Record<string, Trial | 'busy'>>({})

  async function tryOut(id: string): Promise<void> {
    trials.value = { ...trials.value, [id]: 'busy' }
    let trial: Trial | null = null
    await tried(async () => {
      trial = await post<Trial>(`/${what}/${id}/test`)
    })
    const { [id]: _, ...others } = trials.value
    trials.value = trial ? { ...others, [id]: trial } : others
    await done()
  }

  return { trials, tryOut }
}
