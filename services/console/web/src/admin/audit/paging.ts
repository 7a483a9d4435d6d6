/** The audit, page by page, narrowed down. */
import { ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'

import { Problem, get } from '@/api/client'
import type { AuditEntry, AuditPage } from '@/api/shapes'
import { problemWords } from '@/desk/problems'

const PAGE = 50

export interface AuditFilter {
  target: string
  by: string
  action: string
}

export function useAudit() {
  const { t } = useI18n()
  const filter = ref<AuditFilter>({ target: '', by: '', action: '' })
  const entries = shallowRef<AuditEntry[] | null>(null)
  const next = ref<string | null>(null)
  const failure = ref<string | null>(null)
  const busy = ref(false)
  let last: AbortController | null = null

  /** The first page anew, or one more. What was asked for before is not waited for. */
  async function load(cursor: string | null = null): Promise<void> {
    last?.abort()
    const mine = (last = new AbortController())
    busy.value = true
    try {
      const page = await get<AuditPage>('/audit', { ...filter.value, limit: PAGE, cursor }, mine.signal)
      if (mine !== last) return
      entries.value = cursor ? [...(entries.value ?? []), ...page.items] : page.items
      next.value = page.next
      failure.value = null
    } catch (refused) {
      if (mine.signal.aborted) return
      if (!(refused instanceof Problem)) throw refused
      failure.value = problemWords(refused.document, t)
    } finally {
      if (mine === last) busy.value = false
    }
  }

  watch(filter, () => void load(), { deep: true, immediate: true })

  return { filter, entries, next, failure, busy, load }
}
