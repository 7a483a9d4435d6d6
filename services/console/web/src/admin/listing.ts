/** A list that only its own page needs: read when the page opens, and again whenever somebody changes it. */
import { shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { get } from '@/api/client'
import { useAsking } from '@/desk/asking'
import { useCatalogue } from '@/stores/catalogue'

export interface Listing<Item> {
  /** null: not read yet. */
  items: ShallowRef<Item[] | null>
  /** Why it could not be read, in words. */
  failure: Ref<string | null>
  load: () => Promise<void>
}

/** `told`: how word of its changes names it, where that is not its path. */
export function useListing<Item>(what: string, told = what): Listing<Item> {
  const items = shallowRef<Item[] | null>(null)
  const { failure, ask } = useAsking()

  async function load(): Promise<void> {
    const answer = await ask((signal) => get<{ items: Item[] }>(`/${what}`, {}, signal))
    if (answer) items.value = answer.items
  }

  // The live socket hands every word of changed settings to the catalogue.
  useCatalogue().$onAction(({ name, args }) => {
    if (name === 'refresh' && args[0] === told) void load()
  })
  void load()

  return { items, failure, load }
}
