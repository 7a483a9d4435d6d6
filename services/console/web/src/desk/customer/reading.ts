/** A list the pane reads once and again when something says so; what was read stays while a new answer is awaited, or where none comes. */
import { ref, watch } from 'vue'
import type { Ref, WatchSource } from 'vue'

import { get } from '@/api/client'

export function useReading<Item>(path: () => string, again: WatchSource): Ref<Item[]> {
  const items = ref<Item[]>([]) as Ref<Item[]>

  async function read(): Promise<void> {
    const asked = path()
    try {
      const answer = await get<{ items: Item[] }>(asked)
      if (asked === path()) items.value = answer.items
    } catch {
      // The pane is an aside: it goes without.
    }
  }

  watch([path, again], () => void read(), { immediate: true })
  return items
}
