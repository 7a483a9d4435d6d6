/** A list that only its own page needs: read when the page opens, and again whenever somebody changes it. */
import { onBeforeUnmount, ref, shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem, get } from '@/api/client'
import { problemWords } from '@/desk/problems'
import { useCatalogue } from '@/stores/catalogue'

export interface Listing<Item> {
  /** null: not read yet. */
  items: ShallowRef<Item[] | null>
  /** Why it could not be read, in words. */
  failure: Ref<string | null>
  load: () => Promise<void>
}

export function useListing<Item>(what: string): Listing<Item> {
  const { t } = useI18n()
  const items = shallowRef<Item[] | null>(null)
  const failure = ref<string | null>(null)
  let last: AbortController | null = null

  async function load(): Promise<void> {
    last?.abort()
    const mine = (last = new AbortController())
    try {
      const answer = await get<{ items: Item[] }>(`/${what}`, {}, mine.signal)
      if (mine !== last) return
      items.value = answer.items
      failure.value = null
    } catch (refused) {
      if (mine.signal.aborted) return
      if (!(refused instanceof Problem)) throw refused
      failure.value = problemWords(refused.document, t)
    }
  }

  // The live socket hands every word of changed settings to the catalogue.
  useCatalogue().$onAction(({ name, args }) => {
    if (name === 'refresh' && args[0] === what) void load()
  })
  onBeforeUnmount(() => last?.abort())
  void load()

  return { items, failure, load }
}
