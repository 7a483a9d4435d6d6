/** A list the pane reads once and again when something says so; what was read stays while a new answer is awaited. */
import { ref, watch } from 'vue'
import type { Ref, WatchSource } from 'vue'

import { get } from '@/api/client'

export function useReading<Item>(path: () => string, again: WatchSource): { items: Ref<Item[]>; failed: Ref<boolean>; read: () => Promise<void> } {
  const items = ref<Item[]>([]) as Ref<Item[]>
  const failed = ref(false)

  async function read(): Promise<void> {
    const asked = path()
    try {
      const answer = await get<{ items: Item[] }>(asked)
      if (asked === path()) items.value = answer.items
      failed.value = false
    } catch {
      failed.value = true
    }
  }

  watch([path, again], () => void read(), { immediate: true })
  return { items, failed, read }
}
