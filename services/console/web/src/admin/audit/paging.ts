/** The audit, page by page, narrowed down. */
import { ref, shallowRef, watch } from 'vue'

import { get } from '@/api/client'
import type { AuditEntry, AuditPage } from '@/api/shapes'
import { useAsking } from '@/desk/asking'

const PAGE = 50

export interface AuditFilter {
  target: string
  by: string
  action: string
}

export function useAudit() {
  const filter = ref<AuditFilter>({ target: '', by: '', action: '' })
  const entries = shallowRef<AuditEntry[] | null>(null)
  const next = ref<string | null>(null)
  const { busy, failure, ask } = useAsking()

  /** The first page anew, or one more. What was asked for before is not waited for. */
  async function load(cursor: string | null = null): Promise<void> {
    const page = await ask((signal) => get<AuditPage>('/audit', { ...filter.value, limit: PAGE, cursor }, signal))
    if (!page) return
    entries.value = cursor ? [...(entries.value ?? []), ...page.items] : page.items
    next.value = page.next
  }

  watch(filter, () => void load(), { deep: true, immediate: true })

  return { filter, entries, next, failure, busy, load }
}
